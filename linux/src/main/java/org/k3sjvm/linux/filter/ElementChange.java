package org.k3sjvm.linux.filter;

import java.util.List;

/** Elements of a set or map come or go. */
public sealed interface ElementChange extends FilterChange {
  SetName set();

  List<Element> elements();

  /** Adds elements; one that is there with the same value is left as it is. */
  record Add(SetName set, List<Element> elements) implements ElementChange {
    public Add {
      elements = List.copyOf(elements);
    }
  }

  /** Removes elements by their keys. To change a value, delete and add in one transaction. */
  record Delete(SetName set, List<Element> elements) implements ElementChange {
    public Delete {
      elements = List.copyOf(elements);
    }
  }
}
