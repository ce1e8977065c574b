package org.k3sjvm.kubelet.settings;

import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What pods do not get of the node, and who sees to it.
 *
 * @param kube for Kubernetes' own daemons
 * @param system for everything else of the host
 * @param evictionHard what must stay free, by signal such as {@code memory.available}
 * @param enforce for whom control groups are limited
 * @param kubeCgroup the daemons' existing group; empty for none
 * @param systemCgroup the host's existing group; empty for none
 */
public record Reservations(
    Amounts kube,
    Amounts system,
    Map<String, Threshold> evictionHard,
    Set<Enforcement> enforce,
    Optional<String> kubeCgroup,
    Optional<String> systemCgroup) {

  /** Nothing reserved but 5 % of the disks. Source: k3s v1.36 pkg/daemons/agent/agent.go. */
  public static final Reservations DEFAULT =
      new Reservations(
          Amounts.NONE,
          Amounts.NONE,
          Map.of(
              "imagefs.available", new Threshold.Fraction(0.05f),
              "nodefs.available", new Threshold.Fraction(0.05f)),
          EnumSet.of(Enforcement.PODS),
          Optional.empty(),
          Optional.empty());

  public Reservations {
    evictionHard = Map.copyOf(evictionHard);
    enforce = Set.copyOf(enforce);
  }

  /** Both reservations together. */
  public Amounts reserved() {
    return kube.plus(system);
  }

  /** What must stay free of something; 0 without a threshold. */
  public long mustStayFree(String signal, long capacity) {
    Threshold threshold = evictionHard.get(signal);
    return threshold == null ? 0 : threshold.of(capacity);
  }

  /** Amounts of a node's resources; 0 for none. */
  public record Amounts(long cpuMillis, long memoryBytes, long storageBytes, long pids) {
    public static final Amounts NONE = new Amounts(0, 0, 0, 0);

    public Amounts {
      if (cpuMillis < 0 || memoryBytes < 0 || storageBytes < 0 || pids < 0) {
        throw new IllegalArgumentException("a reservation is not negative");
      }
    }

    Amounts plus(Amounts other) {
      return new Amounts(
          cpuMillis + other.cpuMillis,
          memoryBytes + other.memoryBytes,
          storageBytes + other.storageBytes,
          pids + other.pids);
    }
  }

  /** Below this something is short. */
  public sealed interface Threshold {
    /** An amount in the resource's unit. */
    record Amount(long value) implements Threshold {}

    /**
     * A part of the capacity, 0 to 1. Single precision, as the scheduler's view of the node was
     * computed with: Source: kubelet v1.36 pkg/kubelet/eviction/api, GetThresholdQuantity.
     */
    record Fraction(float value) implements Threshold {}

    /** The amount that it means. */
    default long of(long capacity) {
      return switch (this) {
        case Amount(long value) -> value;
        case Fraction(float value) -> (long) (capacity * (double) value);
      };
    }
  }

  /** Whose control group is limited. Source: kubelet v1.36 enforceNodeAllocatable. */
  public enum Enforcement {
    PODS("pods"),
    KUBE("kube-reserved"),
    KUBE_COMPRESSIBLE("kube-reserved-compressible"),
    SYSTEM("system-reserved"),
    SYSTEM_COMPRESSIBLE("system-reserved-compressible");

    private final String text;

    Enforcement(String text) {
      this.text = text;
    }

    /** As flags write it. */
    public String text() {
      return text;
    }
  }
}
