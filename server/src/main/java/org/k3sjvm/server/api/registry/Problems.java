package org.k3sjvm.server.api.registry;

import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;

/** Collects what is wrong with an object. */
public final class Problems {
  private final List<ApiException.Cause> causes = new ArrayList<>();

  public void required(String field, String why) {
    causes.add(
        new ApiException.Cause(
            "FieldValueRequired", "Required value" + (why.isEmpty() ? "" : ": " + why), field));
  }

  public void invalid(String field, String value, String why) {
    causes.add(
        new ApiException.Cause(
            "FieldValueInvalid", "Invalid value: \"" + value + "\": " + why, field));
  }

  public void unsupported(String field, String value, List<String> supported) {
    causes.add(
        new ApiException.Cause(
            "FieldValueNotSupported",
            "Unsupported value: \""
                + value
                + "\": supported values: \""
                + String.join("\", \"", supported)
                + "\"",
            field));
  }

  public void forbidden(String field, String why) {
    causes.add(new ApiException.Cause("FieldValueForbidden", "Forbidden: " + why, field));
  }

  public void duplicate(String field, String value) {
    causes.add(
        new ApiException.Cause("FieldValueDuplicate", "Duplicate value: \"" + value + "\"", field));
  }

  /** Says whether a value is one of those allowed; an empty value is not judged. */
  public void oneOf(String field, String value, String... supported) {
    if (!value.isEmpty() && !List.of(supported).contains(value)) {
      unsupported(field, value, List.of(supported));
    }
  }

  /**
   * Ends the collection.
   *
   * @throws ApiException when anything was found
   */
  public void check(Kind kind, String name) {
    if (!causes.isEmpty()) {
      throw ApiException.invalid(kind, name, causes);
    }
  }
}
