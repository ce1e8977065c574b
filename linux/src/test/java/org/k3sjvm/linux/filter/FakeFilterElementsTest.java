package org.k3sjvm.linux.filter;

import org.k3sjvm.linux.testing.FakeFilterElements;

class FakeFilterElementsTest extends FilterElementsContract {
  private final FakeFilterElements elements =
      new FakeFilterElements(ADDRESSES, NETWORKS, BOXES, DISPATCH, ENDPOINTS);

  @Override
  FilterElements elements() {
    return elements;
  }
}
