import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.linux.filter.NftCommand;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.networkpolicy.compile.PolicyModel;
import org.k3sjvm.networkpolicy.model.NamedPort;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Policy.PodPeer;
import org.k3sjvm.networkpolicy.model.Policy.PortByName;
import org.k3sjvm.networkpolicy.model.Policy.Rule;
import org.k3sjvm.networkpolicy.model.Protocol;
import org.k3sjvm.networkpolicy.model.Selector;
import org.k3sjvm.networkpolicy.model.Selector.Operator;
import org.k3sjvm.networkpolicy.model.Selector.Requirement;
import org.k3sjvm.networkpolicy.rules.KernelTables;

/** One change of many policies and pods, from the event to the kernel. See policies.sh. */
class Policies {
  static final int SPACES = 20;
  static final int APPS = 10;

  static final Random random = new Random(1);

  public static void main(String[] args) throws Exception {
    int policies = Integer.parseInt(args[0]);
    int pods = Integer.parseInt(args[1]);
    int changes = Integer.parseInt(args[2]);
    PolicyModel model = new PolicyModel("n1", true, false);
    try (var elements = NetlinkFilterElements.open()) {
      KernelTables tables =
          new KernelTables(
              new NftCommand(new ChildProcesses()),
              elements,
              List.of(Cidr.parse("10.43.0.0/16")),
              "30000-32767");
      long began = System.nanoTime();
      for (int i = 0; i < SPACES; i++) {
        model.namespace("ns" + i, Map.of("name", "ns" + i, "tier", "t" + i % 4));
      }
      List<PodFacts> all = new ArrayList<>();
      for (int i = 0; i < pods; i++) {
        all.add(pod(i, "a" + i % APPS, 0));
        model.pod(all.get(i));
      }
      for (int i = 0; i < policies; i++) {
        model.policy(policy(i));
      }
      long compiled = System.nanoTime();
      tables.replace(model.takeWhole());
      long loaded = System.nanoTime();
      System.out.printf(
          "%d policies, %d pods: compiled in %.0f ms, loaded in %.0f ms%n",
          policies, pods, (compiled - began) / 1e6, (loaded - compiled) / 1e6);
      for (String kind : List.of("pod label", "pod come and go", "policy")) {
        for (int round = 0; round < 2; round++) { // the first warms up
          List<Double> took = new ArrayList<>();
          for (int i = 0; i < changes; i++) {
            long start = System.nanoTime();
            switch (kind) {
              case "pod label" -> {
                int which = random.nextInt(pods);
                all.set(which, pod(which, "a" + random.nextInt(APPS), 0));
                model.pod(all.get(which));
              }
              case "pod come and go" -> {
                int which = random.nextInt(pods);
                if (i % 2 == 0) {
                  model.removePod(all.get(which).name(), all.get(which).uid());
                } else {
                  model.pod(all.get(which));
                }
              }
              default -> model.policy(policy(random.nextInt(policies)));
            }
            tables.change(model.take());
            took.add((System.nanoTime() - start) / 1e6);
          }
          took.sort(null);
          if (round == 1) {
            System.out.printf(
                "%-16s p50 %6.1f ms  p99 %6.1f ms  max %6.1f ms%n",
                kind,
                took.get(changes / 2),
                took.get(changes * 99 / 100),
                took.get(changes - 1));
          }
        }
      }
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      System.out.printf(
          "heap in use %.1f MB%n", (runtime.totalMemory() - runtime.freeMemory()) / 1e6);
    }
  }

  static PodFacts pod(int i, String app, int generation) {
    return new PodFacts(
        new ObjectName("ns" + i % SPACES, "p" + i),
        "u" + i + "-" + generation,
        Map.of("app", app, "pod-template-hash", "h" + i % 50),
        List.of("10.42." + i / 250 + "." + (1 + i % 250)),
        List.of(new NamedPort("web", Protocol.TCP, 8080)),
        "n1",
        false,
        false,
        "");
  }

  static Policy policy(int i) {
    Selector selected = app("a" + i % APPS);
    Rule ingress =
        new Rule(
            List.of(
                new PodPeer(Optional.empty(), app("a" + random.nextInt(APPS))),
                new PodPeer(
                    Optional.of(
                        new Selector(
                            List.of(
                                new Requirement(
                                    "tier", Operator.IN, List.of("t" + random.nextInt(4)))))),
                    app("a" + random.nextInt(APPS)))),
            List.of(
                new NumberedPorts(Protocol.TCP, 1 + random.nextInt(9000), 9999),
                new PortByName(Protocol.TCP, "web")));
    return new Policy(
        new ObjectName("ns" + i % SPACES, "policy" + i),
        selected,
        Optional.of(List.of(ingress)),
        i % 3 == 0 ? Optional.of(List.of(ingress)) : Optional.empty());
  }

  static Selector app(String name) {
    return new Selector(List.of(new Requirement("app", Operator.IN, List.of(name))));
  }
}
