/**
 * WebSocket framing for both sides. Open {@link org.k3sjvm.http.websocket.WebSocket} first. What
 * the messages mean, when to ping and how to answer is left to the callers. Behaviour follows RFC
 * 6455, version 13, without extensions.
 */
@NullMarked
package org.k3sjvm.http.websocket;

import org.jspecify.annotations.NullMarked;
