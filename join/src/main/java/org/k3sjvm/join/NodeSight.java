package org.k3sjvm.join;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.base.net.IpAddresses;

/**
 * The node of this host's name, as the cluster and this host know it. Whether the server will take
 * the node's password is decided here as far as it can be told without sending it.
 *
 * @param name lower case
 * @param known whether the cluster could be asked
 * @param member the node that the cluster has by this name
 * @param joinedAs of whom the certificate on disk is, when there is one
 * @param hasPassword whether this host keeps a node password
 * @param machineId of this host; may be empty
 * @param addresses of this host's interfaces
 */
record NodeSight(
    String name,
    boolean known,
    Optional<Member> member,
    Optional<String> joinedAs,
    boolean hasPassword,
    String machineId,
    List<String> addresses) {
  NodeSight {
    addresses = List.copyOf(addresses);
  }

  /**
   * A node of the cluster.
   *
   * @param machineId as its kubelet told
   * @param addresses internal ones
   */
  record Member(String machineId, List<String> addresses, boolean ready) {
    Member {
      addresses = List.copyOf(addresses);
    }

    /** Out of a Node object. */
    static Member of(JsonNode node) {
      List<String> addresses = new ArrayList<>();
      for (JsonNode address : node.path("status").path("addresses")) {
        if (address.path("type").asText().equals("InternalIP")) {
          addresses.add(address.path("address").asText());
        }
      }
      boolean ready = false;
      for (JsonNode condition : node.path("status").path("conditions")) {
        ready |=
            condition.path("type").asText().equals("Ready")
                && condition.path("status").asText().equals("True");
      }
      return new Member(
          node.path("status").path("nodeInfo").path("machineID").asText(), addresses, ready);
    }
  }

  static List<String> texts(List<InetAddress> addresses) {
    return addresses.stream().map(IpAddresses::text).toList();
  }

  /** What stands against joining by this name; empty when nothing is seen that does. */
  Optional<Finding> judge() {
    if (joinedAs.isPresent() && !joinedAs.get().equals(name)) {
      return Optional.of(
          Finding.warning(
              "node-renamed",
              "this host joined as node " + joinedAs.get() + " and would now join as " + name,
              "the host name, --node-name or --with-node-id changed since",
              "keep the old name with --node-name "
                  + joinedAs.get()
                  + ", or remove the old node with kubectl delete node "
                  + joinedAs.get()));
    }
    if (member.isEmpty()) {
      return Optional.empty();
    }
    Member other = member.get();
    String where = other.addresses().isEmpty() ? "" : " at " + String.join(", ", other.addresses());
    boolean sameMachine =
        !machineId.isEmpty() && !other.machineId().isEmpty() && machineId.equals(other.machineId());
    boolean otherMachine =
        !machineId.isEmpty()
            && !other.machineId().isEmpty()
            && !machineId.equals(other.machineId());
    boolean ourAddress = other.addresses().stream().anyMatch(addresses::contains);
    if (otherMachine && !ourAddress) {
      return Optional.of(
          Finding.error(
              "node-name-taken",
              "another machine is node " + name + " already" + where,
              "its machine id is %s, this host's is %s; the server will reject this host's node password"
                  .formatted(other.machineId(), machineId),
              "choose another name with --node-name or --with-node-id; if the other machine is gone,"
                  + " kubectl delete node "
                  + name));
    }
    if (!hasPassword) {
      return Optional.of(
          Finding.error(
              "node-password-lost",
              "the cluster has a node " + name + where + ", and this host has no password of it",
              "this host was installed anew, or its /etc/rancher/node was removed; the server will"
                  + " reject the new node password",
              "kubectl delete node "
                  + name
                  + " if it was this host, otherwise choose another name with --node-name or"
                  + " --with-node-id"));
    }
    if (sameMachine && !ourAddress && other.ready()) {
      return Optional.of(
          Finding.warning(
              "node-cloned",
              "node " + name + where + " is Ready, and has the machine id of this host",
              "this host may be a clone of that machine; two agents of one name damage each other",
              "on the clone: rm -r /etc/rancher/node; rm /etc/machine-id; systemd-machine-id-setup;"
                  + " hostnamectl set-hostname ANOTHER-NAME"));
    }
    return Optional.empty();
  }

  /** What is known, in a line. */
  String line() {
    if (!known) {
      return "node "
          + name
          + "; the server tells only a joining node whether it takes its name and password";
    }
    if (member.isEmpty()) {
      return "no node is named " + name + " yet";
    }
    return "node "
        + name
        + " is known; the server compares passwords only when a node joins (this host "
        + (hasPassword ? "has" : "has not")
        + " one)";
  }
}
