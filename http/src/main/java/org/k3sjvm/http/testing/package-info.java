/**
 * Certificates for tests of anything that speaks TLS. Open {@link
 * org.k3sjvm.http.testing.TestAuthority} first. Real certificates are left to those who join or
 * serve a cluster. Production code does not use this package; a layering test holds that.
 */
@NullMarked
package org.k3sjvm.http.testing;

import org.jspecify.annotations.NullMarked;
