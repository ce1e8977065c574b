package org.k3sjvm.agent.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.KubeJson;

class StatusTextTest {
  private static final JsonNode WAITING =
      KubeJson.read(
          """
          {"version":"v1.36.3","pid":7,"upSeconds":90061,"ready":false,
           "stage":"waiting to join: the token is wrong","stageSeconds":61,
           "server":"https://10.0.0.1:6443","coldStart":{"enabled":false},
           "servers":[{"address":"10.0.0.1:6443","state":"failed","connections":0}],
           "lastFailures":"10.0.0.1:6443: connection refused","tunnels":[],"certificates":[],
           "troubles":["level=warning msg=\\"<script>alert(1)</script>\\" \\u001b[2J"]}
          """,
          JsonNode.class);

  private static final JsonNode RUNNING =
      KubeJson.read(
          """
          {"version":"v1.36.3","pid":7,"upSeconds":5,"ready":true,"stage":"running",
           "stageSeconds":3,"server":"https://10.0.0.1:6443",
           "coldStart":{"enabled":true,"maxAgeSeconds":604800},
           "node":{"name":"pi","addresses":"10.0.0.7"},
           "servers":[{"address":"10.0.0.1:6443","state":"active","connections":4,
                       "lastFailure":"its tunnel is down","lastFailureAt":"2026-01-02T03:04:05Z"},
                      {"address":"10.0.0.2:6443","state":"failed","connections":0}],
           "tunnels":[{"server":"10.0.0.1:6443","health":"ok","seconds":3,"sentBytes":4096,
                       "receivedBytes":2097152,"connections":1,"roundTripMicros":1234,"lost":0},
                      {"server":"10.0.0.2:6443","health":"failed","sentBytes":0,"receivedBytes":0,
                       "connections":0,"lost":2,"lastError":"connection refused",
                       "lastErrorAt":"2026-01-02T03:04:05Z"}],
           "pods":{"total":3,"ready":2,"notReady":[{"namespace":"default","name":"web",
                   "phase":"Pending","reason":"c: ImagePullBackOff"}]},
           "volumes":[{"namespace":"default","pod":"db","volume":"data","kind":"nfs",
                       "fault":"no answer"},
                      {"namespace":"default","pod":"web","volume":"conf","kind":"configMap",
                       "path":"/var/lib/kubelet/pods/1/volumes/x"},
                      {"namespace":"default","pod":"web","volume":"tmp","kind":"emptyDir",
                       "path":"/var/lib/kubelet/pods/1/volumes/y"}],
           "network":{"backend":"vxlan","pods":"[10.42.0.0/16]","services":"[10.43.0.0/16]",
                      "unreachablePeers":["n2"]},
           "certificates":[{"file":"client-kubelet.crt","expires":"2026-02-01T00:00:00Z",
                            "days":12}],
           "troubles":[]}
          """,
          JsonNode.class);

  @Test
  void saysWhatAnAgentWaitsForThatHasNotJoined() {
    assertThat(StatusText.of(WAITING))
        .startsWith(
            """
            agent (!)
              waiting to join: the token is wrong, for 1 min 1 s
              not joined to https://10.0.0.1:6443 yet
              v1.36.3, pid 7, up for 1 d 1 h
              cold start: off
            servers (!)
              10.0.0.1:6443  failed, 0 connections
              last failures: 10.0.0.1:6443: connection refused
            """)
        .doesNotContain("\u001b");
  }

  @Test
  void namesTheOneServerOfAnAgentWithoutALoadBalancer() {
    ObjectNode without = RUNNING.deepCopy();
    without.putArray("servers");
    assertThat(StatusText.of(without))
        .contains("servers\n  https://10.0.0.1:6443  without a load balancer\n");
  }

  @Test
  void marksWhatNeedsLookingAt() {
    assertThat(StatusText.sections(RUNNING).stream().filter(s -> !s.well()))
        .extracting(StatusText.Section::title)
        .containsExactly("tunnels", "pods", "volumes", "network", "certificates");
    assertThat(StatusText.of(RUNNING))
        .contains("10.0.0.1:6443  up for 3 s, 1.2 ms, 1 connections, 4 KiB out, 2 MiB in, lost 0")
        .contains("10.0.0.2:6443  down, 0 connections, 0 KiB out, 0 KiB in, lost 2 times; last")
        .contains("10.0.0.1:6443  active, 4 connections; last failure at 2026-01-02T03:04:05Z: its")
        .contains("default/web  Pending: c: ImagePullBackOff")
        .contains("default/db  data (nfs) is not set up: no answer")
        .contains("default/web  conf (configMap), tmp (emptyDir)")
        .contains("pods of node n2 are not reached; 'k3s check-network' says why")
        .contains("client-kubelet.crt  2026-02-01T00:00:00Z, in 12 days");
  }

  @Test
  void thePageSaysTheSameAndLetsNothingThroughAsMarkup() {
    String page = StatusPage.html(WAITING);
    assertThat(page)
        .contains("waiting to join: the token is wrong")
        .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
        .doesNotContain("<script")
        .doesNotContain("\u001b")
        .doesNotContain("src=")
        .doesNotContain("href=")
        .endsWith("</body></html>\n");
    assertThat(StatusPage.html(RUNNING)).contains("<h2 class=\"look\">tunnels</h2>");
  }

  @Test
  void choosesTheMostTellingReasonOfAPod() {
    assertThat(PodLine.of(pod("{}")).reason()).isEqualTo("not started yet");
    assertThat(
            PodLine.of(
                    pod(
                        """
                        {"phase":"Pending","conditions":[{"type":"Ready","status":"False",
                         "reason":"ContainersNotReady"}],"containerStatuses":[{"name":"c",
                         "state":{"waiting":{"reason":"ImagePullBackOff","message":"no such"}}}]}
                        """))
                .reason())
        .isEqualTo("c: ImagePullBackOff: no such");
    assertThat(
            PodLine.of(pod("{\"phase\":\"Failed\",\"reason\":\"Evicted\",\"message\":\"disk\"}")))
        .isEqualTo(new PodLine("default", "web", "Failed", false, true, "Evicted: disk"));
    PodLine ready =
        PodLine.of(
            pod(
                "{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}"));
    assertThat(ready.ready()).isTrue();
    assertThat(List.of(ready.reason())).containsExactly("");
  }

  private static Pod pod(String status) {
    return new PodBuilder(KubeJson.read("{\"status\":" + status + "}", Pod.class))
        .withNewMetadata()
        .withNamespace("default")
        .withName("web")
        .endMetadata()
        .build();
  }
}
