/**
 * Values that never show up in a log. Open {@link org.k3sjvm.base.secret.Secret} first. Storing
 * them is left to the modules. The rule comes from the house style: tokens, passwords and keys
 * print as {@code [redacted]}.
 */
@NullMarked
package org.k3sjvm.base.secret;

import org.jspecify.annotations.NullMarked;
