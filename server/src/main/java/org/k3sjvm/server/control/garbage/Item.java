package org.k3sjvm.server.control.garbage;

import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.server.control.cluster.Partial;

/** An object of any kind, by name. */
public record Item(Resource<Partial> kind, ObjectName name) {
  @Override
  public String toString() {
    return kind + " " + name;
  }
}
