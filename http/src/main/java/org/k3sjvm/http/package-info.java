/**
 * HTTP/1.1 for servers and for clients over any pair of streams. Open {@link
 * org.k3sjvm.http.HttpServer} first. Who may do what is left to the handlers. Behaviour follows RFC
 * 9110 and RFC 9112.
 */
@NullMarked
package org.k3sjvm.http;

import org.jspecify.annotations.NullMarked;
