/**
 * The table of built-in kinds. Open {@link org.k3sjvm.server.api.kind.Kinds} first. Fields are left
 * to {@code api.schema}, columns to {@code api.table}. The names are those of the Kubernetes API
 * v1.32 discovery documents.
 */
@NullMarked
package org.k3sjvm.server.api.kind;

import org.jspecify.annotations.NullMarked;
