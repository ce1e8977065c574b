package org.k3sjvm.nodepassword;

import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** Hashes of node passwords, as servers keep them. */
public final class FuzzedHashes implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.text("hash of a password", PasswordHash::parse)
            .seeds("$1:0123456789abcdef:15:8:1:" + "A".repeat(85) + "w"));
  }
}
