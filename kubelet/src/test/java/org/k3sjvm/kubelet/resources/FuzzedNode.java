package org.k3sjvm.kubelet.resources;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.kubelet.admission.Sysctls;

/** Amounts, and what the kubelet keeps of them. */
public final class FuzzedNode implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    String data =
        "{\"entries\":{\"u\":{\"ContainerResources\":{\"c\":{\"requests\":{\"cpu\":\"1\"}}}}}}";
    return List.of(
        FuzzTarget.text("quantity", FuzzedNode::quantity, IllegalArgumentException.class)
            .seeds("100m", "1.5Gi", "1e3", "0", "-1Ki", "12E", "3n")
            .words("e", "E", "Ki", "m", "."),
        FuzzTarget.file(
                "allocated resources",
                AllocatedPods.FILE,
                file -> AllocatedPods.open(Objects.requireNonNull(file.getParent())))
            .seeds(
                "{\"data\":\""
                    + data.replace("\"", "\\\"")
                    + "\",\"checksum\":"
                    + AllocatedPods.checksum(data)
                    + "}"),
        FuzzTarget.text(
                "sysctl", text -> Sysctls.allowing(List.of(text)), IllegalArgumentException.class)
            .seeds("net.core.somaxconn", "kernel.shm*", "net/ipv4/conf/eth0.1/x"));
  }

  private static void quantity(String text) {
    Map<String, Quantity> one = Map.of("cpu", new Quantity(text));
    var amounts = PodRequests.amounts(one);
    var sum = PodRequests.amounts(Map.of("cpu", new Quantity("100m")));
    sum.merge("cpu", Objects.requireNonNull(amounts.get("cpu")), BigDecimal::add);
    var _ = PodRequests.milli(sum, "cpu");
  }
}
