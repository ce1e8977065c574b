/**
 * Label and field selectors. Open {@link org.k3sjvm.server.api.select.Selection} first. Where they
 * are applied is left to the callers. The grammar is that of the Kubernetes documentation on labels
 * and selectors.
 */
@NullMarked
package org.k3sjvm.server.api.select;

import org.jspecify.annotations.NullMarked;
