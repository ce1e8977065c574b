package org.k3sjvm.server.api.select;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Which objects a list or a watch wants. */
public record Selection(LabelSelector labels, FieldSelector fields) {
  public static final Selection ALL = new Selection(LabelSelector.EVERYTHING, FieldSelector.ALL);

  /** This selection of only the object with a name; the same when the name is empty. */
  public Selection named(String name) {
    if (name.isEmpty()) {
      return this;
    }
    List<FieldSelector.Requirement> more = new ArrayList<>(fields.requirements());
    more.add(new FieldSelector.Requirement("metadata.name", name, true));
    return new Selection(labels, new FieldSelector(more));
  }

  public boolean all() {
    return labels.requirements().isEmpty() && fields.requirements().isEmpty();
  }

  public boolean matches(JsonNode object) {
    return fields.matches(object) && labels.matches(object.path("metadata").path("labels"));
  }
}
