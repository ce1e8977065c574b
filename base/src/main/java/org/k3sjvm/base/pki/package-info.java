/**
 * Keys and certificates in PEM files. Open {@link org.k3sjvm.base.pki.Pem} first. Which file is
 * trusted for what is left to the modules. Formats: RFC 7468 (PEM), RFC 5915 (EC PRIVATE KEY), RFC
 * 2986 (PKCS #10).
 */
@NullMarked
package org.k3sjvm.base.pki;

import org.jspecify.annotations.NullMarked;
