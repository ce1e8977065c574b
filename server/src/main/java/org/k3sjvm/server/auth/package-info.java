/**
 * Who calls, by password, certificate or token, and whether a node is the one it says. Open {@link
 * org.k3sjvm.server.auth.Authenticator} first. What a user may do is left to {@code
 * server.api.access}. Order and answers follow k3s v1.36.3 pkg/authenticator and pkg/nodepassword.
 */
@NullMarked
package org.k3sjvm.server.auth;

import org.jspecify.annotations.NullMarked;
