package org.k3sjvm.linux.dbus;

import java.util.List;

/** A value that says its own type, as a variant does. */
public sealed interface DbusValue {
  /** The type on the wire. */
  String signature();

  /** Type {@code s}. */
  record Text(String value) implements DbusValue {
    @Override
    public String signature() {
      return "s";
    }
  }

  /** Type {@code b}. */
  record Flag(boolean value) implements DbusValue {
    @Override
    public String signature() {
      return "b";
    }
  }

  /** Type {@code t}; beyond {@link Long#MAX_VALUE} it is negative here. */
  record Unsigned(long value) implements DbusValue {
    @Override
    public String signature() {
      return "t";
    }
  }

  /** Type {@code as}. */
  record Texts(List<String> values) implements DbusValue {
    public Texts {
      values = List.copyOf(values);
    }

    @Override
    public String signature() {
      return "as";
    }
  }
}
