/**
 * What a user of a small cluster sees, on the built program: servers, agents and kubectl on hosts
 * of the lab. Open {@link org.k3sjvm.integration.scenario.Cluster} first, then {@link
 * org.k3sjvm.integration.scenario.KubectlScenarios}. How a single part answers is left to that
 * part's own tests. Behaviour is held to that of k3s v1.21 to v1.36: each suite of scenarios runs
 * against the embedded server and, where K3S_BIN names one, against an upstream server.
 */
@NullMarked
package org.k3sjvm.integration.scenario;

import org.jspecify.annotations.NullMarked;
