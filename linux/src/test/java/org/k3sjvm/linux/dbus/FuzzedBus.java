package org.k3sjvm.linux.dbus;

import java.util.List;
import java.util.Map;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** Messages of the system's bus. */
public final class FuzzedBus implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.bytes("D-Bus message", DbusMessage::parse, RuntimeException.class)
            .upTo(8192)
            .seeds(
                DbusMessage.call(
                    3,
                    Map.of(DbusMessage.PATH, "/p", DbusMessage.MEMBER, "Set"),
                    "sb",
                    new DbusWriter().text("u").flag(true))));
  }
}
