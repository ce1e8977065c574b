package org.k3sjvm.kube;

import java.time.Duration;

/**
 * A watch.
 *
 * @param selection which objects
 * @param resourceVersion events after this version
 * @param duration the server ends the watch after it; whole seconds, at least 1
 */
public record WatchRequest(Selection selection, String resourceVersion, Duration duration) {}
