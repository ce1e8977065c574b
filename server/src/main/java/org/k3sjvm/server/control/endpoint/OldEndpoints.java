package org.k3sjvm.server.control.endpoint;

import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.EndpointPort;
import io.fabric8.kubernetes.api.model.EndpointSubset;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import java.util.ArrayList;
import java.util.List;

/** The same endpoints in the form that agents before EndpointSlices read. */
final class OldEndpoints {
  /** More are left out. Source: kube-controller-manager v1.36 endpoint maxCapacity. */
  private static final int MOST_ADDRESSES = 1000;

  private OldEndpoints() {}

  /** The subsets of the first IP family. */
  static List<EndpointSubset> of(List<Slices.Content> contents) {
    List<EndpointSubset> subsets = new ArrayList<>();
    if (contents.isEmpty()) {
      return subsets;
    }
    String family = contents.getFirst().family();
    int left = MOST_ADDRESSES;
    for (Slices.Content content : contents) {
      if (!content.family().equals(family) || content.endpoints().isEmpty()) {
        continue;
      }
      EndpointSubset subset = new EndpointSubset();
      List<EndpointAddress> ready = new ArrayList<>();
      List<EndpointAddress> others = new ArrayList<>();
      for (Endpoint endpoint : content.endpoints()) {
        boolean ending = Boolean.TRUE.equals(endpoint.getConditions().getTerminating());
        if (!ending && left > 0) {
          left--;
          (Boolean.TRUE.equals(endpoint.getConditions().getReady()) ? ready : others)
              .add(address(endpoint));
        }
      }
      if (ready.isEmpty() && others.isEmpty()) {
        continue;
      }
      subset.setAddresses(ready);
      subset.setNotReadyAddresses(others);
      subset.setPorts(content.ports().stream().map(OldEndpoints::port).toList());
      subsets.add(subset);
    }
    return subsets;
  }

  private static EndpointAddress address(Endpoint endpoint) {
    EndpointAddress address = new EndpointAddress();
    address.setIp(endpoint.getAddresses().getFirst());
    address.setNodeName(endpoint.getNodeName());
    address.setHostname(endpoint.getHostname());
    address.setTargetRef(endpoint.getTargetRef());
    return address;
  }

  private static EndpointPort port(io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort port) {
    EndpointPort old = new EndpointPort();
    old.setName(text(port.getName()).isEmpty() ? null : port.getName());
    old.setPort(port.getPort());
    old.setProtocol(port.getProtocol());
    old.setAppProtocol(port.getAppProtocol());
    return old;
  }
}
