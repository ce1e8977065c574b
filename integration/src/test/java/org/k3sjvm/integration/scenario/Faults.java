package org.k3sjvm.integration.scenario;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.k3sjvm.cri.proto.Container;
import org.k3sjvm.cri.proto.ContainerStatusResponse;
import org.k3sjvm.cri.proto.CreateContainerResponse;
import org.k3sjvm.cri.proto.ListContainersResponse;
import org.k3sjvm.cri.proto.ListPodSandboxResponse;
import org.k3sjvm.cri.proto.PodSandbox;
import org.k3sjvm.cri.proto.PodSandboxStatusResponse;
import org.k3sjvm.cri.proto.RunPodSandboxResponse;

/** What becomes of each call to a runtime, by a random plan with a seed. Any thread may ask. */
final class Faults {
  /** Every call is passed on. */
  static final Faults NONE = new Faults(0, Set.of(), 0);

  /** Faults that a runtime has while it is overloaded, restarted or out of reach. */
  private static final List<String> HONEST = List.of("refuse", "delay", "hang", "lose");

  private static final List<Status.Code> CODES =
      List.of(
          Status.Code.UNAVAILABLE,
          Status.Code.UNKNOWN,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.RESOURCE_EXHAUSTED,
          Status.Code.INTERNAL);

  /** A probe or hook that fails for good reason restarts its container: not what is tested. */
  private static final Set<String> SPARED = Set.of("ExecSync", "Version");

  private static final int UNKNOWN_ENUM = 77;
  private static final String NOBODY = "f".repeat(64);

  private final Random random;
  private final List<String> kinds;
  private final int percent;

  /** What becomes of a call. */
  sealed interface Fate {
    default String name() {
      return getClass().getSimpleName();
    }

    /** Nothing special. */
    record Pass() implements Fate {}

    /** It fails and is not carried out. */
    record Refuse(Status.Code code) implements Fate {}

    /** It is carried out late. */
    record Delay(Duration by) implements Fate {}

    /** It is not carried out, and nobody says so for long. */
    record Hang(Duration lasting) implements Fate {}

    /** It is carried out, but the answer gets lost. */
    record Lose(Status.Code code) implements Fate {}

    /** It is carried out; the answer is something else. */
    record Lie(long seed) implements Fate {}
  }

  /** The percentage is that of calls that change something; a quarter of it is that of looks. */
  private Faults(long seed, Set<String> kinds, int percent) {
    this.random = new Random(seed);
    this.kinds = kinds.stream().sorted().toList();
    this.percent = percent;
  }

  /** Calls fail, hang, are late, or are carried out without an answer. */
  static Faults honest(long seed, int percent) {
    return new Faults(seed, Set.copyOf(HONEST), percent);
  }

  /** Besides, answers are wrong. */
  static Faults lies(long seed, int percent) {
    List<String> all = new ArrayList<>(HONEST);
    all.add("lie");
    return new Faults(seed, Set.copyOf(all), percent);
  }

  synchronized Fate next(String fullMethod) {
    String method = fullMethod.substring(fullMethod.indexOf('/') + 1);
    boolean looks = method.startsWith("List") || method.endsWith("Status");
    if (SPARED.contains(method) || random.nextInt(100) >= (looks ? percent / 4 : percent)) {
      return new Fate.Pass();
    }
    Status.Code code = CODES.get(random.nextInt(CODES.size()));
    if (!looks && random.nextInt(3) == 0) {
      return new Fate.Lose(code); // what matters most: it is done, and nobody knows
    }
    return switch (kinds.get(random.nextInt(kinds.size()))) {
      case "refuse" -> new Fate.Refuse(code);
      case "delay" -> new Fate.Delay(Duration.ofMillis(50 + random.nextInt(1500)));
      case "hang" -> new Fate.Hang(Duration.ofMillis(2000 + random.nextInt(6000)));
      case "lose" -> new Fate.Lose(code);
      default -> new Fate.Lie(random.nextLong());
    };
  }

  /** Another answer in the place of a true one. */
  byte[] lie(String fullMethod, byte[] truth, long seed) {
    Random dice = new Random(seed);
    if (truth.length > 0 && dice.nextInt(4) == 0) {
      return Arrays.copyOf(truth, dice.nextInt(truth.length)); // broken off
    }
    try {
      return switch (fullMethod.substring(fullMethod.indexOf('/') + 1)) {
        case "ListContainers" -> containers(ListContainersResponse.parseFrom(truth), dice);
        case "ListPodSandbox" -> sandboxes(ListPodSandboxResponse.parseFrom(truth), dice);
        case "ContainerStatus" -> {
          var answer = ContainerStatusResponse.parseFrom(truth).toBuilder();
          var status = answer.getStatus().toBuilder();
          switch (dice.nextInt(3)) {
            case 0 -> answer.setStatus(status.setId(dice.nextBoolean() ? "" : NOBODY));
            case 1 -> answer.setStatus(status.setStateValue(UNKNOWN_ENUM));
            default -> answer.clearStatus();
          }
          yield answer.build().toByteArray();
        }
        case "PodSandboxStatus" -> {
          var answer = PodSandboxStatusResponse.parseFrom(truth).toBuilder();
          var status = answer.getStatus().toBuilder();
          switch (dice.nextInt(3)) {
            case 0 -> answer.setStatus(status.setId(dice.nextBoolean() ? "" : NOBODY));
            case 1 -> answer.setStatus(status.setStateValue(UNKNOWN_ENUM));
            default -> answer.clearStatus();
          }
          yield answer.build().toByteArray();
        }
        case "RunPodSandbox" ->
            RunPodSandboxResponse.newBuilder()
                .setPodSandboxId(dice.nextBoolean() ? "" : NOBODY)
                .build()
                .toByteArray();
        case "CreateContainer" ->
            CreateContainerResponse.newBuilder()
                .setContainerId(dice.nextBoolean() ? "" : NOBODY)
                .build()
                .toByteArray();
        default -> truth;
      };
    } catch (InvalidProtocolBufferException e) {
      return truth;
    }
  }

  private static byte[] containers(ListContainersResponse truth, Random dice) {
    List<Container> all = new ArrayList<>(truth.getContainersList());
    if (!all.isEmpty()) {
      int at = dice.nextInt(all.size());
      Container.Builder one = all.get(at).toBuilder();
      switch (dice.nextInt(6)) {
        case 0 -> all.remove(at);
        case 1 -> all.add(all.get(at));
        case 2 -> all.set(at, one.setId("").build());
        case 3 -> all.set(at, one.setStateValue(UNKNOWN_ENUM).build());
        case 4 -> all.set(at, one.setStateValue(dice.nextInt(4)).build());
        default -> all.set(at, one.setId(all.get(dice.nextInt(all.size())).getId()).build());
      }
    }
    Collections.shuffle(all, dice);
    return ListContainersResponse.newBuilder().addAllContainers(all).build().toByteArray();
  }

  private static byte[] sandboxes(ListPodSandboxResponse truth, Random dice) {
    List<PodSandbox> all = new ArrayList<>(truth.getItemsList());
    if (!all.isEmpty()) {
      int at = dice.nextInt(all.size());
      PodSandbox.Builder one = all.get(at).toBuilder();
      switch (dice.nextInt(6)) {
        case 0 -> all.remove(at);
        case 1 -> all.add(all.get(at));
        case 2 -> all.set(at, one.setId("").build());
        case 3 -> all.set(at, one.setStateValue(dice.nextInt(2)).build());
        case 4 -> all.set(at, one.clearLabels().putAllLabels(Map.of("a", "b")).build());
        default -> all.set(at, one.setId(all.get(dice.nextInt(all.size())).getId()).build());
      }
    }
    Collections.shuffle(all, dice);
    return ListPodSandboxResponse.newBuilder().addAllItems(all).build().toByteArray();
  }
}
