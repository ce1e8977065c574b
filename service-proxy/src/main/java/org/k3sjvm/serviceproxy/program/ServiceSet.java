package org.k3sjvm.serviceproxy.program;

import java.util.List;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.serviceproxy.model.Family;

/**
 * The sets and maps of our tables, in the order in which to fill them: what is looked up last comes
 * first, so that nothing points at what is not there yet. They are emptied the other way round.
 */
public enum ServiceSet {
  /** Endpoint by address, port and slot. */
  ENDPOINTS(
      "service-endpoints", Holds.ENDPOINTS, Part.ADDRESS, Part.PROTOCOL, Part.PORT, Part.SLOT),
  /** Endpoint by node port and slot. */
  NODEPORT_ENDPOINTS("nodeport-endpoints", Holds.ENDPOINTS, Part.PROTOCOL, Part.PORT, Part.SLOT),
  /** A pod of this node, twice: it may have been sent to itself. */
  HAIRPIN("hairpin", Holds.NOTHING, Part.ADDRESS, Part.ADDRESS),
  /** Cluster IPs in use. */
  CLUSTER_IPS("cluster-ips", Holds.NOTHING, Part.ADDRESS),
  /** Who may use a load balancer's address. */
  FIREWALL_SOURCES(
      "firewall-sources", Holds.NOTHING, Part.ADDRESS, Part.PROTOCOL, Part.PORT, Part.ADDRESS),
  /** With the external policy Local: where clients inside the cluster go. */
  SERVICE_CLUSTER("service-cluster", Holds.VERDICTS, Part.ADDRESS, Part.PROTOCOL, Part.PORT),
  /** With the external policy Local: where clients outside go. */
  SERVICE_LOCAL("service-local", Holds.VERDICTS, Part.ADDRESS, Part.PROTOCOL, Part.PORT),
  NODEPORT_CLUSTER("nodeport-cluster", Holds.VERDICTS, Part.PROTOCOL, Part.PORT),
  NODEPORT_LOCAL("nodeport-local", Holds.VERDICTS, Part.PROTOCOL, Part.PORT),
  /** Load balancers' addresses that are not for everybody. */
  FIREWALL_IPS("firewall-ips", Holds.NOTHING, Part.ADDRESS, Part.PROTOCOL, Part.PORT),
  NO_ENDPOINT_SERVICES(
      "no-endpoint-services", Holds.VERDICTS, Part.ADDRESS, Part.PROTOCOL, Part.PORT),
  NO_ENDPOINT_NODEPORTS("no-endpoint-nodeports", Holds.VERDICTS, Part.PROTOCOL, Part.PORT),
  SERVICE_IPS("service-ips", Holds.VERDICTS, Part.ADDRESS, Part.PROTOCOL, Part.PORT),
  SERVICE_NODEPORTS("service-nodeports", Holds.VERDICTS, Part.PROTOCOL, Part.PORT);

  /** What keys are made of. */
  public enum Part {
    ADDRESS,
    PROTOCOL,
    PORT,
    /** A number in the host's byte order, as numgen makes it. */
    SLOT
  }

  /** What belongs to keys. */
  public enum Holds {
    NOTHING,
    ENDPOINTS,
    VERDICTS
  }

  private final String setName;
  private final Holds holds;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<Part> parts;

  ServiceSet(String setName, Holds holds, Part... parts) {
    this.setName = setName;
    this.holds = holds;
    this.parts = List.of(parts);
  }

  /** As in the kernel. */
  public String setName() {
    return setName;
  }

  public Holds holds() {
    return holds;
  }

  public List<Part> parts() {
    return parts;
  }

  public SetName in(Family family) {
    return family.set(setName);
  }
}
