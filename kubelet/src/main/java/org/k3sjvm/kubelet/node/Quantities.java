package org.k3sjvm.kubelet.node;

import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.QuantityNumber;

/** Amounts in Kubernetes' spelling. */
final class Quantities {
  private static final List<String> UNITS = List.of("", "Ki", "Mi", "Gi", "Ti", "Pi");
  private static final long STEP = 1024;

  private Quantities() {}

  /** The largest binary unit that leaves no fraction, such as {@code 2Mi}. */
  static String binary(long bytes) {
    int unit = 0;
    long rest = bytes;
    while (rest != 0 && rest % STEP == 0 && unit < UNITS.size() - 1) {
      rest /= STEP;
      unit++;
    }
    return rest + UNITS.get(unit);
  }

  static Quantity bytes(long bytes) {
    return Quantity.parse(bytes % STEP == 0 && bytes != 0 ? bytes / STEP + "Ki" : "" + bytes);
  }

  static Quantity cpu(long millis) {
    return Quantity.parse(millis % 1000 == 0 ? "" + millis / 1000 : millis + "m");
  }

  /** Whether two maps say the same, however they spell it. */
  static boolean same(@Nullable Map<String, Quantity> one, @Nullable Map<String, Quantity> other) {
    Map<String, Quantity> left = one == null ? Map.of() : one;
    Map<String, Quantity> right = other == null ? Map.of() : other;
    return left.keySet().equals(right.keySet())
        && left.entrySet().stream()
            .allMatch(entry -> same(entry.getValue(), right.get(entry.getKey())));
  }

  private static boolean same(Quantity one, @Nullable Quantity other) {
    return other != null && QuantityNumber.of(one).compareTo(QuantityNumber.of(other)) == 0;
  }
}
