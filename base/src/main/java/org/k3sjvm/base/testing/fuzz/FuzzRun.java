package org.k3sjvm.base.testing.fuzz;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The program of {@code bench/fuzz.sh}. */
public final class FuzzRun {
  private static final Duration ENDLESS = Duration.ofDays(1);

  private FuzzRun() {}

  /** Options in pairs: inputs, seed, target (a part of its name), input (only this one). */
  public static void main(String[] arguments) throws InterruptedException {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      options.put(arguments[i], arguments[i + 1]);
    }
    String wanted = options.getOrDefault("target", "");
    List<FuzzTarget> targets =
        FuzzTargets.all().stream().filter(target -> target.name().contains(wanted)).toList();
    if (targets.isEmpty()) {
      throw new IllegalArgumentException("no target has " + wanted + " in its name");
    }
    long each =
        -Math.floorDiv(-Long.parseLong(options.getOrDefault("inputs", "10000000")), targets.size());
    long seed = Long.parseLong(options.getOrDefault("seed", "1"));
    PrintStream out = System.out;
    out.printf(
        "%-34s %10s %10s %8s %11s %11s%n",
        "target", "inputs", "inputs/s", "failures", "slowest ms", "most KB");
    List<FuzzReport.Failure> failures = new ArrayList<>();
    long inputs = 0;
    for (FuzzTarget target : targets) {
      FuzzReport report =
          options.containsKey("input")
              ? Fuzzer.replay(target, FuzzReport.Failure.input(options.getOrDefault("input", "")))
              : Fuzzer.run(target, seed, each, ENDLESS);
      inputs += report.inputs();
      failures.addAll(report.failures());
      out.printf(
          "%-34s %10d %10.0f %8d %11.1f %11d%n",
          report.target(),
          report.inputs(),
          report.inputs() * 1e9 / report.took().toNanos(),
          report.failures().size(),
          report.slowest().toNanos() / 1e6,
          report.mostBytes() >> 10);
    }
    out.printf(
        "%d inputs, seed %d, %d targets, %d failures%n",
        inputs, seed, targets.size(), failures.size());
    failures.forEach(out::println);
    System.exit(failures.isEmpty() ? 0 : 1);
  }
}
