/**
 * The binding behind SLF4J: logfmt lines on standard error. Open {@link
 * org.k3sjvm.cli.logging.LogfmtLogger} first. What is worth a line is left to the modules. The
 * shape {@code time="…" level=info msg="…" key=value} is what operators of k3s already search for.
 */
@NullMarked
package org.k3sjvm.cli.logging;

import org.jspecify.annotations.NullMarked;
