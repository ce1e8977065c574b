package org.k3sjvm.kube;

import org.k3sjvm.kube.testing.FakeKubeApi;

class FakeKubeApiTest extends KubeApiContract {
  private final FakeKubeApi api = new FakeKubeApi();

  @Override
  KubeApi api() {
    return api;
  }

  @Override
  String namespace() {
    return "default";
  }
}
