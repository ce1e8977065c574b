/**
 * Kubernetes' protobuf form of objects, read into trees. Open {@link
 * org.k3sjvm.server.api.wire.WireReader} first. Answers are always JSON, which every client takes.
 * The format is that of the Kubernetes docs, "Kubernetes Protobuf encoding", the field numbers
 * those of v1.36.3 generated.proto.
 */
@NullMarked
package org.k3sjvm.server.api.wire;

import org.jspecify.annotations.NullMarked;
