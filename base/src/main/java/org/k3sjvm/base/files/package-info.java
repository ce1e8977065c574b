/**
 * Files that are either the old or the new content, never half of one. Open {@link
 * org.k3sjvm.base.files.AtomicFiles} first. Formats are left to the modules. The recipe (write
 * beside, fsync, rename, fsync of the directory) is that of rename(2).
 */
@NullMarked
package org.k3sjvm.base.files;

import org.jspecify.annotations.NullMarked;
