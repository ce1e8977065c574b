/**
 * Who owns a thread, and who waits for it. Open {@link org.k3sjvm.base.lifetime.ServiceGroup}
 * first. What a service does is left to its module. The shape follows structured concurrency (JEP
 * 505), which is still a preview in JDK 25.
 */
@NullMarked
package org.k3sjvm.base.lifetime;

import org.jspecify.annotations.NullMarked;
