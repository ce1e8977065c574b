package org.k3sjvm.server.api.select;

import com.fasterxml.jackson.databind.JsonNode;

/** Which objects a list or a watch wants. */
public record Selection(LabelSelector labels, FieldSelector fields) {
  public static final Selection ALL = new Selection(LabelSelector.EVERYTHING, FieldSelector.ALL);

  public boolean all() {
    return labels.requirements().isEmpty() && fields.requirements().isEmpty();
  }

  public boolean matches(JsonNode object) {
    return fields.matches(object) && labels.matches(object.path("metadata").path("labels"));
  }
}
