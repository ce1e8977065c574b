package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;

/** Amounts as people write them. */
final class Quantities {
  private static final long MILLIS = 1000;
  private static final long KIBI = 1024;
  private static final String[] UNITS = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};

  private Quantities() {}

  /** Thousandths of a processor for {@code cpu}, whole units for others, rounded up. */
  static Quantity of(String name, BigDecimal amount) {
    return name.equals("cpu") ? cpu(whole(amount.movePointRight(3))) : binary(whole(amount));
  }

  static Quantity cpu(long millis) {
    return Quantity.parse(millis % MILLIS == 0 ? "" + millis / MILLIS : millis + "m");
  }

  static Quantity binary(long amount) {
    int unit = 0;
    long rest = amount;
    while (rest != 0 && rest % KIBI == 0 && unit < UNITS.length - 1) {
      rest /= KIBI;
      unit++;
    }
    return Quantity.parse(rest + UNITS[unit]);
  }

  private static long whole(BigDecimal amount) {
    return amount
        .setScale(0, RoundingMode.CEILING)
        .min(BigDecimal.valueOf(Long.MAX_VALUE))
        .longValue();
  }
}
