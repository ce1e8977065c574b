/**
 * The fields of the built-in types. Open {@link org.k3sjvm.server.api.schema.Schema} first. Rules
 * between fields are left to {@code api.registry}. The table is made from Kubernetes v1.36.3
 * api/openapi-spec/swagger.json.
 */
@NullMarked
package org.k3sjvm.server.api.schema;

import org.jspecify.annotations.NullMarked;
