/**
 * Who this node is: its name, id and password. Open {@link org.k3sjvm.nodepassword.NodeFiles}
 * first. Asking a server to accept them is left to {@code join}, storing the hash to {@code
 * server}. Files, headers and hash follow k3s v1.36.3 pkg/agent/config, pkg/nodepassword and
 * pkg/authenticator/hash.
 */
@NullMarked
package org.k3sjvm.nodepassword;

import org.jspecify.annotations.NullMarked;
