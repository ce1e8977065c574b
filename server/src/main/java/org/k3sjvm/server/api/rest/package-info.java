/**
 * The API over HTTP: paths, verbs, forms, watches, discovery, and the way to the kubelets. Open
 * {@link org.k3sjvm.server.api.rest.ApiServer} first. What an object may be is left to {@code
 * api.registry}, who may ask to {@code api.access}. Source: Kubernetes API conventions and
 * kube-apiserver v1.32.
 */
@NullMarked
package org.k3sjvm.server.api.rest;

import org.jspecify.annotations.NullMarked;
