package org.k3sjvm.kubelet.status;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.pod.PodReport;

/**
 * What is known of one pod's status: what we want the server to have, and what it has. Statuses are
 * texts, for they are kept for every pod. Guarded by the lock of {@link StatusWriter}.
 */
final class PodEntry {
  /** The newest report. */
  PodReport report;

  /** The owned parts of it. */
  String wanted;

  /** What was wanted when the server last agreed; null before. */
  @Nullable String sent;

  /** The owned parts as the server has them, as far as we know. */
  String server;

  /** What the server made of what was sent: it may drop fields that it does not know. */
  String settled;

  /** The server's version of the pod; 0 when unknown. */
  long version;

  /** Whether the object is gone, or somebody else's by now. */
  boolean gone;

  /** When it is to be sent; null for not at all. */
  @Nullable Instant due;

  int failures;

  PodEntry(PodReport report, String wanted) {
    Pod pod = report.desired().pod();
    this.report = report;
    this.wanted = wanted;
    server = pod.getStatus() == null ? "{}" : shared(StatusPatch.owned(pod.getStatus()));
    settled = server;
    version = version(pod);
  }

  /** Whether there is nothing to write. An end that the server has is never taken back. */
  boolean settled() {
    if (gone || (isOver(server) && !isOver(wanted))) {
      return true;
    }
    boolean told = sent == null ? wanted.equals(server) : wanted.equals(sent);
    return told && server.equals(settled) && !report.finished();
  }

  /** The server's copy is this now. */
  void seen(Pod pod) {
    version = version(pod);
    server = pod.getStatus() == null ? "{}" : shared(StatusPatch.owned(pod.getStatus()));
  }

  /**
   * The server took what was wanted then.
   *
   * @param before its copy then
   * @param now its answer; empty when its copy said all that was wanted
   */
  void agreed(String then, String before, Optional<Pod> now) {
    sent = then;
    if (now.isEmpty()) {
      settled = before;
      return;
    }
    String known = server;
    long shown = version;
    seen(now.get());
    settled = server;
    if (shown > version) { // the watch was faster, and shows what others wrote since
      server = known;
      version = shown;
    }
  }

  static JsonNode tree(String text) {
    return KubeJson.read(text, JsonNode.class);
  }

  /** Versions of one object can be compared: Kubernetes' servers count them up. */
  static long version(Pod pod) {
    String text = pod.getMetadata().getResourceVersion();
    try {
      return text == null ? 0 : Long.parseLong(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** The phase comes first in these texts. */
  private static boolean isOver(String owned) {
    return owned.startsWith("{\"phase\":\"Failed\"")
        || owned.startsWith("{\"phase\":\"Succeeded\"");
  }

  private String shared(ObjectNode owned) {
    String text = owned.toString();
    return text.equals(wanted) ? wanted : text;
  }
}
