package org.k3sjvm.kube;

import com.fasterxml.jackson.databind.JsonNode;

/** A change to an object, in one of the three forms of the API. */
public sealed interface Patch {
  JsonNode body();

  String contentType();

  /** Lists merge by the keys that the API defines for them. */
  record Strategic(JsonNode body) implements Patch {
    @Override
    public String contentType() {
      return "application/strategic-merge-patch+json";
    }
  }

  /** RFC 7386: lists are replaced. */
  record Merge(JsonNode body) implements Patch {
    @Override
    public String contentType() {
      return "application/merge-patch+json";
    }
  }

  /** RFC 6902: an array of operations. */
  record Json(JsonNode body) implements Patch {
    @Override
    public String contentType() {
      return "application/json-patch+json";
    }
  }
}
