package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;

/** Probes and lifecycle hooks of real containers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class ProbeScenarios {
  private static final Duration SOON = Duration.ofSeconds(20);

  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: NAME}
      spec:
        terminationGracePeriodSeconds: 600
        containers:
        - name: main
          image: docker.io/library/busybox:1
          imagePullPolicy: Never
          command: [sh, -c, 'SCRIPT']
          ports: [{name: web, containerPort: 8080}]
      """;

  private final ServerKind kind;
  private Cluster cluster;

  ProbeScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void start() throws InterruptedException {
    cluster = Cluster.start(kind, "probes");
    cluster.node("n1");
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void startUpHoldsTheOthersBackAndReadinessFollowsThePage() throws InterruptedException {
    apply(
        "web",
        "mkdir /www; echo ok > /www/ready; exec httpd -f -p 8080 -h /www",
        """
            startupProbe: {periodSeconds: 1, failureThreshold: 60, exec: {command: [test, -f, /up]}}
            readinessProbe: {periodSeconds: 1, failureThreshold: 1, httpGet: {path: /ready, port: web}}
            livenessProbe: {periodSeconds: 1, failureThreshold: 1, tcpSocket: {port: 8080}}
        """);
    cluster.kubectl().await("pod/web", "{.status.phase}", "Running", Cluster.PATIENCE);
    awaitEvent("web", "Startup probe failed:");
    assertThat(status("web", "started")).isEqualTo("false");

    inPod("web", "touch /up");
    await("web", "ready", "true");
    inPod("web", "mv /www/ready /www/away");
    await("web", "ready", "false");
    awaitEvent("web", "Readiness probe failed: HTTP probe failed with statuscode: 404");
    inPod("web", "mv /www/away /www/ready");
    await("web", "ready", "true");
    assertThat(status("web", "restartCount")).isEqualTo("0");
    delete("web");
  }

  @Test
  void aHealthServiceIsAskedOverGrpc() throws InterruptedException {
    apply(
        "grpc",
        // Settings, headers with status 200, a message that says SERVING, trailers with status 0.
        "printf \"\\0\\0\\0\\4\\0\\0\\0\\0\\0\\0\\0\\1\\1\\4\\0\\0\\0\\1\\210\" > /answer;"
            + " printf \"\\0\\0\\7\\0\\0\\0\\0\\0\\1\\0\\0\\0\\0\\2\\10\\1\" >> /answer;"
            + " printf \"\\0\\0\\17\\1\\5\\0\\0\\0\\1\\0\\13grpc-status\\0010\" >> /answer;"
            + " while true; do nc -l -p 9000 < /answer; done",
        """
            readinessProbe: {periodSeconds: 1, timeoutSeconds: 5, grpc: {port: 9000}}
            livenessProbe: {periodSeconds: 1, failureThreshold: 100, grpc: {port: 9001}}
        """);
    await("grpc", "ready", "true");
    awaitEvent("grpc", "Liveness probe failed: error: failed to connect service at ");
    delete("grpc");
  }

  @Test
  void aRedirectIsFollowedOnTheSameHostAndElsewhereIsAWarning() throws InterruptedException {
    String server =
        "mkdir -p /www/cgi-bin; cd /www/cgi-bin;"
            + " printf \"#!/bin/sh\\necho Status: 302 Found\\necho Location: \\$QUERY_STRING\\necho\\n\" > to;"
            + " chmod +x to; exec httpd -f -p 8080 -h /www";
    apply(
        "astray",
        server,
        """
            livenessProbe: {periodSeconds: 1, failureThreshold: 3, terminationGracePeriodSeconds: 1, httpGet: {path: '/cgi-bin/to?/gone', port: web}}
        """);
    apply(
        "away",
        server,
        """
            readinessProbe: {periodSeconds: 1, httpGet: {path: '/cgi-bin/to?http://0.0.0.0/', port: web}}
        """);
    await("away", "ready", "true");
    awaitEvent("away", "Readiness probe warning: Probe terminated redirects");
    awaitEvent("astray", "Liveness probe failed: HTTP probe failed with statuscode: 404");
    await("astray", "restartCount", "1");
    delete("astray");
    delete("away");
  }

  @Test
  void whatAServiceCallsUnhealthyOverGrpcIsRestarted() throws InterruptedException {
    apply(
        "mute",
        "exec sleep 100000",
        """
            livenessProbe: {periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 1, grpc: {port: 9001}}
        """);
    await("mute", "restartCount", "1");
    delete("mute");
  }

  /** The pod's own grace is longer than the test's patience. */
  @Test
  void whatIsNotAliveIsEndedWithinTheProbesOwnGrace() throws InterruptedException {
    for (String probe : new String[] {"liveness", "startup"}) {
      apply(
          "stubborn-" + probe,
          "trap \"\" TERM; while true; do sleep 1; done",
          """
              PROBEProbe:
                periodSeconds: 1
                failureThreshold: 1
                terminationGracePeriodSeconds: 2
                exec: {command: [sh, -c, 'echo is $(WHO); exit 1']}
              env: [{name: WHO, value: expanded}]
          """
              .replace("PROBE", probe));
    }
    await("stubborn-liveness", "restartCount", "1");
    await("stubborn-startup", "restartCount", "1");
    awaitEvent("stubborn-liveness", "Liveness probe failed: is expanded");
    awaitEvent("stubborn-liveness", "Container main failed liveness probe, will be restarted");
    awaitEvent("stubborn-startup", "Container main failed startup probe, will be restarted");
    delete("stubborn-liveness");
    delete("stubborn-startup");
  }

  @Test
  void readinessGoesWhileThePodEndsAndHooksReachServers() throws InterruptedException {
    apply("ear", "nc -l -p 8081 > /bye & nc -l -p 8080 > /heard; exec sleep 100000", "");
    await("ear", "ready", "true");
    apply(
        "leaving",
        "exec sleep 100000",
        """
            readinessProbe: {periodSeconds: 1, failureThreshold: 1, exec: {command: [test, -f, /here]}}
            lifecycle:
              postStart: {exec: {command: [touch, /here]}}
              preStop: {exec: {command: [sh, -c, 'rm /here; sleep 100000']}}
        """);
    apply(
        "caller",
        "exec sleep 100000",
        """
            lifecycle:
              postStart: {httpGet: {scheme: HTTP, host: EAR, port: 8080, path: /hello}}
              preStop: {httpGet: {host: EAR, port: 8081, path: /bye}}
        """
            .replace("EAR", cluster.get("pod/ear", "{.status.podIP}")));
    await("leaving", "ready", "true");
    cluster.kubectl().text("delete", "pod", "leaving", "--wait=false");
    await("leaving", "ready", "false");
    assertThat(status("leaving", "state.running.startedAt")).as("still ending").isNotEmpty();

    Await.until(
        "the hook was heard",
        SOON,
        () -> inPod("ear", "cat /heard").startsWith("GET /hello HTTP/1.1"));
    assertThat(inPod("ear", "cat /heard")).contains("User-Agent: kube-lifecycle/");
    delete("caller");
    Await.until(
        "the last hook was heard",
        SOON,
        () -> inPod("ear", "cat /bye").startsWith("GET /bye HTTP/1.1"));
    delete("ear");
    delete("leaving");
  }

  private void apply(String name, String script, String more) throws InterruptedException {
    cluster.kubectl().apply(POD.replace("NAME", name).replace("SCRIPT", script) + more.indent(0));
  }

  private void delete(String pod) throws InterruptedException {
    cluster.kubectl().text("delete", "pod", pod, "--grace-period=1", "--wait=false");
  }

  private void await(String pod, String field, String value) throws InterruptedException {
    cluster
        .kubectl()
        .await(
            "pod/" + pod, "{.status.containerStatuses[0]." + field + "}", value, Cluster.PATIENCE);
  }

  private void awaitEvent(String pod, String message) throws InterruptedException {
    Await.until(
        "an event says " + message,
        SOON,
        () ->
            cluster
                .kubectl()
                .text(
                    "get",
                    "events",
                    "--field-selector=involvedObject.name=" + pod,
                    "-o",
                    "jsonpath={.items[*].message}")
                .contains(message));
  }

  private String status(String pod, String field) throws InterruptedException {
    return cluster.get("pod/" + pod, "{.status.containerStatuses[0]." + field + "}");
  }

  private String inPod(String pod, String script) throws InterruptedException {
    return cluster.kubectl().text("exec", pod, "--", "sh", "-c", script);
  }
}
