/**
 * Objects as rows, as {@code kubectl get} shows them. Open {@link
 * org.k3sjvm.server.api.table.Tables} first. Choosing the form is left to {@code api.rest}. The
 * columns are those of kube-apiserver v1.32 pkg/printers/internalversion.
 */
@NullMarked
package org.k3sjvm.server.api.table;

import org.jspecify.annotations.NullMarked;
