package org.k3sjvm.linux.cgroup;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * What a group and those below it have used.
 *
 * @param cpu processor time since the group was made
 * @param memoryBytes memory charged to it, page cache included
 * @param workingSetBytes that without file pages the kernel may drop. Source: cAdvisor, usage minus
 *     (total_)inactive_file
 * @param rssBytes anonymous memory
 * @param pids processes and threads; empty where the controller is missing
 */
public record CgroupUsage(
    Duration cpu, long memoryBytes, long workingSetBytes, long rssBytes, OptionalLong pids) {}
