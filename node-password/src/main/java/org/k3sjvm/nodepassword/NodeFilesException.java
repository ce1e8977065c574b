package org.k3sjvm.nodepassword;

import java.io.IOException;
import java.nio.file.Path;

/** A file of the node's identity cannot be read or written; the message names it. */
public final class NodeFilesException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NodeFilesException(Path file, IOException cause) {
    super(
        "cannot read or write the node's identity in "
            + file
            + ": "
            + cause.getMessage()
            + "; check its permissions and the free space there",
        cause);
  }
}
