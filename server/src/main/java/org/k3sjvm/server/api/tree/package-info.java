/**
 * JSON trees, the form in which objects pass through the server. Open {@link
 * org.k3sjvm.server.api.tree.Trees} first. Which fields exist is left to {@code api.schema}. JSON
 * is RFC 8259, read as encoding/json of Go reads it where they differ.
 */
@NullMarked
package org.k3sjvm.server.api.tree;

import org.jspecify.annotations.NullMarked;
