package org.k3sjvm.serviceproxy.memory;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.serviceproxy.model.SpecReader;

/** Services and their endpoints, and what is kept of them. */
public final class FuzzedServices implements FuzzTargets {
  private static final String SERVICE =
      """
      {"metadata":{"name":"a","namespace":"b"},"spec":{"type":"LoadBalancer","clusterIP":"10.43.0.7",
      "clusterIPs":["10.43.0.7","2001:db8:43::7"],"externalIPs":["192.0.2.1"],"ports":[
      {"name":"x","port":80,"nodePort":30080,"protocol":"TCP","targetPort":"http"}],
      "sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":9}},
      "internalTrafficPolicy":"Cluster","externalTrafficPolicy":"Local","healthCheckNodePort":30000,
      "loadBalancerSourceRanges":["10.0.0.0/8"]},"status":{"loadBalancer":{"ingress":[
      {"ip":"192.0.2.9","ipMode":"VIP"}]}}}
      """;

  private static final String SLICE =
      """
      {"addressType":"IPv4","metadata":{"name":"s","namespace":"b","labels":{
      "kubernetes.io/service-name":"a"}},"endpoints":[{"addresses":["10.42.0.5"],"nodeName":"n",
      "zone":"z","conditions":{"ready":true,"serving":true,"terminating":false},"hints":{
      "forZones":[{"name":"z"}]}}],"ports":[{"name":"x","port":80,"protocol":"UDP"}]}
      """;

  private static final String KEPT =
      """
      {"version":1,"boot":"b","node":"n","zone":"z","services":[{"namespace":"b","name":"a","ports":[
      {"protocol":"TCP","name":"x","port":80,"nodePort":30080}],"clusterIps":["10.43.0.7"],
      "affinitySeconds":9,"externalLocal":true}],"slices":[{"namespace":"b","name":"a",
      "family":"IPV4","ports":[{"protocol":"TCP","name":"x","port":80}],"endpoints":[
      {"address":"10.42.0.5","ready":true}]}]}
      """;

  @Override
  public List<FuzzTarget> targets() {
    KeptServicesJson json = new KeptServicesJson();
    return List.of(
        FuzzTarget.text("service", FuzzedServices::service, IllegalArgumentException.class)
            .seeds(SERVICE),
        FuzzTarget.text(
                "endpoints of a service", FuzzedServices::slice, IllegalArgumentException.class)
            .seeds(SLICE),
        FuzzTarget.text("kept services", json::read, IllegalArgumentException.class).seeds(KEPT));
  }

  private static void service(String text) {
    Service service = KubeJson.read(text, Service.class);
    if (service != null && service.getMetadata() != null) {
      var _ = read(service);
    }
  }

  private static Object read(Service service) {
    try {
      return SpecReader.service(service);
    } catch (IllegalArgumentException e) {
      throw new AssertionError("a part that cannot be read costs the whole service", e);
    }
  }

  private static void slice(String text) {
    EndpointSlice slice = KubeJson.read(text, EndpointSlice.class);
    if (slice != null && slice.getMetadata() != null) {
      try {
        var _ = SpecReader.slice(slice, "n");
      } catch (IllegalArgumentException e) {
        throw new AssertionError("a part that cannot be read costs the whole slice", e);
      }
    }
  }
}
