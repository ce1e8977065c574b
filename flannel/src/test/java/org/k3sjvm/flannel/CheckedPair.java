package org.k3sjvm.flannel;

import io.fabric8.kubernetes.api.model.Node;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.flannel.FlannelRig.Host;
import org.k3sjvm.flannel.check.NetworkCheck;
import org.k3sjvm.flannel.check.NetworkReport;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;

/** Two hosts whose pods reach each other, and where nothing mends what a test breaks. */
final class CheckedPair {
  static final String ANNOUNCED = "flannel.alpha.coreos.com/public-ip";
  static final String PODS = "10.42.2.0/24";

  final FlannelRig rig;
  final Host one;
  final Host two;

  CheckedPair(Path directory, BackendType backend) throws Exception {
    rig = new FlannelRig(directory, "10.42.0.0/16");
    one = rig.bareHost("n1", 1, "10.42.1.0/24");
    two = rig.bareHost("n2", 2, PODS);
    for (Host host : List.of(one, two)) {
      host.backend = backend;
      host.start();
    }
    FlannelRig.awaitPing(one.pod("a").namespace, two.pod("b").address());
    one.stop();
    two.stop();
  }

  /** Takes away what {@link Host#drop} put in place. */
  void mend() throws InterruptedException {
    for (Host host : List.of(one, two)) {
      var _ = host.namespace.attempt("nft", "delete", "table", "ip", "broken");
    }
  }

  NetworkReport check() throws Exception {
    return check(nodes());
  }

  /** With none, as while the API is away. */
  NetworkReport check(List<Node> nodes) throws Exception {
    return one.namespace.call(
        () -> NetworkCheck.run(nodes, nodes.isEmpty() ? Optional.empty() : Optional.of("n1")));
  }

  List<Node> nodes() {
    return rig.api.list(Resources.NODES, ListRequest.newest(Selection.ALL)).items();
  }

  void close() throws Exception {
    rig.close();
  }
}
