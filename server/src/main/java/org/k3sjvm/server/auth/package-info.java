/**
 * Whether a caller with a password, or a node, is the one it says. Open {@link
 * org.k3sjvm.server.auth.Authentication} first. Certificates, service account tokens and what a
 * user may do are left to {@code server.api.access}. Order and answers follow k3s v1.36.3
 * pkg/authenticator and pkg/nodepassword.
 */
@NullMarked
package org.k3sjvm.server.auth;

import org.jspecify.annotations.NullMarked;
