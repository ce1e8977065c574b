package org.k3sjvm.server.control.schedule;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.QuantityNumber;

/**
 * Amounts of resources by name: cpu in thousandths of a core, the others in whole units, such as
 * bytes. What is not named is zero.
 */
public record Amounts(Map<String, Long> byName) {
  public static final Amounts NONE = new Amounts(Map.of());
  public static final String CPU = "cpu";
  public static final String MEMORY = "memory";
  public static final String PODS = "pods";

  private static final BigDecimal THOUSAND = BigDecimal.valueOf(1000);

  public Amounts {
    byName = Map.copyOf(byName);
  }

  /** Reads the requests of a container or the allocatable of a node; fractions round up. */
  public static Amounts of(@Nullable Map<String, Quantity> quantities) {
    if (quantities == null || quantities.isEmpty()) {
      return NONE;
    }
    Map<String, Long> amounts = new TreeMap<>();
    quantities.forEach((name, quantity) -> amounts.put(name, amount(name, quantity)));
    return new Amounts(amounts);
  }

  private static long amount(String name, Quantity quantity) {
    BigDecimal value = QuantityNumber.of(quantity);
    BigDecimal unit = name.equals(CPU) ? value.multiply(THOUSAND) : value;
    return unit.setScale(0, RoundingMode.CEILING).longValue();
  }

  public long get(String name) {
    return byName.getOrDefault(name, 0L);
  }

  public Amounts plus(Amounts other) {
    if (other.byName.isEmpty()) {
      return this;
    }
    Map<String, Long> sum = new TreeMap<>(byName);
    other.byName.forEach((name, amount) -> sum.merge(name, amount, Long::sum));
    return new Amounts(sum);
  }

  /** The larger of both for each resource. */
  public Amounts max(Amounts other) {
    Map<String, Long> larger = new TreeMap<>(byName);
    other.byName.forEach((name, amount) -> larger.merge(name, amount, Math::max));
    return new Amounts(larger);
  }

  /** The others' amounts in place of ours where they name any. */
  public Amounts replacedBy(Amounts other) {
    Map<String, Long> result = new TreeMap<>(byName);
    result.putAll(other.byName);
    return new Amounts(result);
  }
}
