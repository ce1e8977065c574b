package org.k3sjvm.server.control.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.k3sjvm.server.control.Things;

class SlicesTest {
  @Test
  void listsPodsWithTheirState() {
    Pod ending = pod("c", "10.42.0.3", true);
    ending.getMetadata().setDeletionTimestamp("2026-01-01T00:00:00Z");
    Pod other = Things.labelled(pod("d", "10.42.0.4", true), Map.of("app", "db"));
    Pod ended = pod("e", "10.42.0.5", true);
    ended.getStatus().setPhase("Succeeded");
    assertThat(
            text(
                Slices.of(
                    service("", "web"),
                    List.of(
                        pod("a", "10.42.0.1", true),
                        pod("b", "10.42.0.2", false),
                        ending,
                        other,
                        ended,
                        pod("f", "", false)))))
        .isEqualTo("IPv4 http:8080/TCP 10.42.0.1 rs- 10.42.0.2 --- 10.42.0.3 -st");
  }

  @Test
  void publishesPodsThatAreNotReadyWhenAsked() {
    assertThat(
            text(
                Slices.of(
                    service("'publishNotReadyAddresses': true,", "web"),
                    List.of(pod("b", "10.42.0.2", false)))))
        .isEqualTo("IPv4 http:8080/TCP 10.42.0.2 r--");
  }

  @Test
  void keepsAnEmptySliceForAServiceWithoutPods() {
    assertThat(text(Slices.of(service("", "web"), List.of()))).isEqualTo("IPv4");
  }

  @Test
  void servesBothFamilies() {
    Pod pod = pod("a", "10.42.0.1", true);
    pod.getStatus()
        .setPodIPs(
            Things.read(
                    Pod.class, "{'status': {'podIPs': [{'ip': '10.42.0.1'}, {'ip': 'fd00::1'}]}}")
                .getStatus()
                .getPodIPs());
    assertThat(text(Slices.of(service("'ipFamilies': ['IPv6', 'IPv4'],", "web"), List.of(pod))))
        .isEqualTo("IPv6 http:8080/TCP fd00::1 rs- | IPv4 http:8080/TCP 10.42.0.1 rs-");
  }

  @Test
  void cutsManyPodsIntoSlices() {
    List<Pod> pods = new ArrayList<>();
    for (int i = 0; i < 250; i++) {
      pods.add(pod("p" + i, "10.42.0." + i, true));
    }
    assertThat(Slices.of(service("", "web"), pods))
        .extracting(content -> content.endpoints().size())
        .containsExactly(100, 100, 50);
  }

  @Test
  void leavesOutAPortThatAPodDoesNotName() {
    assertThat(text(Slices.of(service("", "other"), List.of(pod("a", "10.42.0.1", true)))))
        .isEqualTo("IPv4 10.42.0.1 rs-");
  }

  private static Service service(String more, String port) {
    return Things.read(
        Service.class,
        """
        {'metadata': {'name': 'web', 'namespace': 'default'}, 'spec': {'selector': {'app': 'web'},
         %s 'ports': [{'name': 'http', 'port': 80, 'targetPort': '%s'}]}}
        """
            .formatted(more, port));
  }

  private static Pod pod(String name, String ip, boolean ready) {
    Pod pod =
        Things.labelled(
            Things.pod(
                name,
                "'nodeName': 'n1', 'containers': [{'name': 'c',"
                    + " 'ports': [{'name': 'web', 'containerPort': 8080}]}]"),
            Map.of("app", "web"));
    pod.setStatus(
        Things.read(
                Pod.class,
                "{'status': {'phase': 'Running', 'podIP': '%s', 'conditions':".formatted(ip)
                    + " [{'type': 'Ready', 'status': '"
                    + (ready ? "True" : "False")
                    + "'}]}}")
            .getStatus());
    return pod;
  }

  /** Each slice as family, ports and addresses with their state: r ready, s serving, t ending. */
  private static String text(List<Slices.Content> contents) {
    return contents.stream().map(SlicesTest::text).collect(Collectors.joining(" | "));
  }

  private static String text(Slices.Content content) {
    StringBuilder text = new StringBuilder(content.family());
    content
        .ports()
        .forEach(
            port ->
                text.append(
                    " %s:%d/%s".formatted(port.getName(), port.getPort(), port.getProtocol())));
    content
        .endpoints()
        .forEach(
            endpoint -> {
              var conditions = endpoint.getConditions();
              text.append(' ')
                  .append(endpoint.getAddresses().getFirst())
                  .append(' ')
                  .append(conditions.getReady() ? 'r' : '-')
                  .append(conditions.getServing() ? 's' : '-')
                  .append(conditions.getTerminating() ? 't' : '-');
            });
    return text.toString();
  }
}
