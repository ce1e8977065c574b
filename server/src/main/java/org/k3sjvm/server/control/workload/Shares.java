package org.k3sjvm.server.control.workload;

import io.fabric8.kubernetes.api.model.IntOrString;
import org.jspecify.annotations.Nullable;

/** Numbers that may be given as a percentage of something. */
final class Shares {
  private static final int DEFAULT_PERCENT = 25;

  private Shares() {}

  static int roundedUp(@Nullable IntOrString share, int of) {
    return of(share, of, true);
  }

  static int roundedDown(@Nullable IntOrString share, int of) {
    return of(share, of, false);
  }

  private static int of(@Nullable IntOrString share, int of, boolean up) {
    if (share != null && share.getIntVal() != null) {
      return share.getIntVal();
    }
    String text = share == null ? null : share.getStrVal();
    int percent =
        text != null && text.endsWith("%")
            ? Integer.parseInt(text.substring(0, text.length() - 1))
            : DEFAULT_PERCENT;
    return up ? (of * percent + 99) / 100 : of * percent / 100;
  }
}
