package org.k3sjvm.agent.config;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.kube.QuantityNumber;
import org.k3sjvm.kubelet.settings.Reservations;
import org.k3sjvm.kubelet.settings.Reservations.Amounts;
import org.k3sjvm.kubelet.settings.Reservations.Enforcement;
import org.k3sjvm.kubelet.settings.Reservations.Threshold;

/** What pods do not get of the node, from the user's texts. */
final class ReservationsReader {
  private static final Set<String> RESERVABLE = Set.of("cpu", "memory", "ephemeral-storage", "pid");

  private final KubeletValues values;

  ReservationsReader(KubeletValues values) {
    this.values = values;
  }

  Reservations reservations() {
    Map<String, Threshold> hard = new HashMap<>();
    values
        .map("evictionHard")
        .forEach((signal, text) -> threshold(text.toString()).ifPresent(t -> hard.put(signal, t)));
    Set<Enforcement> enforce = EnumSet.noneOf(Enforcement.class);
    List<String> levels =
        values.has("enforceNodeAllocatable")
            ? values.texts("enforceNodeAllocatable")
            : List.of("pods");
    for (String level : levels) {
      Optional<Enforcement> known =
          EnumSet.allOf(Enforcement.class).stream().filter(e -> e.text().equals(level)).findAny();
      if (known.isPresent()) {
        enforce.add(known.get());
      } else if (!level.equals("none") || levels.size() > 1) {
        values.bad(
            "enforceNodeAllocatable",
            "must be none, or some of pods, kube-reserved, kube-reserved-compressible,"
                + " system-reserved and system-reserved-compressible",
            level);
      }
    }
    return new Reservations(
        amounts("kubeReserved"),
        amounts("systemReserved"),
        hard,
        checked(enforce),
        values.group("kubeReservedCgroup"),
        values.group("systemReservedCgroup"));
  }

  private Set<Enforcement> checked(Set<Enforcement> enforce) {
    Map<Enforcement, String> groups =
        Map.of(
            Enforcement.KUBE, "kubeReservedCgroup",
            Enforcement.KUBE_COMPRESSIBLE, "kubeReservedCgroup",
            Enforcement.SYSTEM, "systemReservedCgroup",
            Enforcement.SYSTEM_COMPRESSIBLE, "systemReservedCgroup");
    enforce.forEach(
        level -> {
          String needs = groups.get(level);
          if (needs != null && values.group(needs).isEmpty()) {
            values.bad("enforceNodeAllocatable", "needs " + needs + " for " + level.text(), level);
          }
          if (values.has("enforceNodeAllocatable") && !values.bool("cgroupsPerQOS", true)) {
            values.bad(
                "enforceNodeAllocatable", "must be none while cgroups-per-qos is false", level);
          }
        });
    if (enforce.containsAll(Set.of(Enforcement.KUBE, Enforcement.KUBE_COMPRESSIBLE))
        || enforce.containsAll(Set.of(Enforcement.SYSTEM, Enforcement.SYSTEM_COMPRESSIBLE))) {
      values.bad("enforceNodeAllocatable", "must name a group once", 0);
    }
    return enforce;
  }

  private Optional<Threshold> threshold(String text) {
    try {
      if (text.endsWith("%")) {
        float percent = Float.parseFloat(text.substring(0, text.length() - 1));
        if (percent >= 0 && percent <= 100) {
          return percent == 0 || percent == 100
              ? Optional.empty()
              : Optional.of(new Threshold.Fraction(percent / 100));
        }
      } else {
        long amount = whole(Quantity.parse(text), 0);
        if (amount >= 0) {
          return Optional.of(new Threshold.Amount(amount));
        }
      }
    } catch (IllegalArgumentException e) {
      // told below, with the others
    }
    return values.bad(
        "evictionHard", "must be amounts such as 100Mi or parts such as 5%", Optional.empty());
  }

  private Amounts amounts(String path) {
    Map<String, Long> found = new HashMap<>();
    values
        .map(path)
        .forEach(
            (name, text) -> {
              try {
                long amount = whole(Quantity.parse(text.toString()), name.equals("cpu") ? 3 : 0);
                if (amount < 0 || !RESERVABLE.contains(name)) {
                  throw new IllegalArgumentException(name);
                }
                found.put(name, amount);
              } catch (IllegalArgumentException e) {
                values.bad(path, "must be amounts of cpu, memory, ephemeral-storage and pid", text);
              }
            });
    return new Amounts(
        found.getOrDefault("cpu", 0L),
        found.getOrDefault("memory", 0L),
        found.getOrDefault("ephemeral-storage", 0L),
        found.getOrDefault("pid", 0L));
  }

  private static long whole(Quantity quantity, int shift) {
    try {
      return QuantityNumber.of(quantity)
          .multiply(BigDecimal.ONE.movePointRight(shift))
          .setScale(0, RoundingMode.CEILING)
          .longValueExact();
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("too large: " + quantity, e);
    }
  }
}
