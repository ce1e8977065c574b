/**
 * Stand-ins that tests of any module share. Open {@link org.k3sjvm.base.testing.ManualTime} first.
 * Fakes of a module's own ports stay beside those ports. Production code does not use this package;
 * a layering test holds that.
 */
@NullMarked
package org.k3sjvm.base.testing;

import org.jspecify.annotations.NullMarked;
