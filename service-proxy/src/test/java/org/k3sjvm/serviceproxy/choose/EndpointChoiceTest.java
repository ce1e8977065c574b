package org.k3sjvm.serviceproxy.choose;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.Protocol;
import org.k3sjvm.serviceproxy.model.ServiceSpec;
import org.k3sjvm.serviceproxy.model.Slice;

class EndpointChoiceTest {
  private static final ServiceSpec.Port PORT = new ServiceSpec.Port("web", Protocol.TCP, 80, 0);
  private static final Topology HERE = new Topology("n1", "east");

  @Test
  void takesReadyEndpointsAnywhere() {
    EndpointChoice choice = choose(service(false, false), ready("10.42.1.2"), ready("10.42.2.2"));

    assertThat(texts(choice.internal())).containsExactly("10.42.1.2:8080", "10.42.2.2:8080");
    assertThat(choice.external()).isEqualTo(choice.internal());
    assertThat(choice.local()).isEmpty();
    assertThat(choice.any()).isTrue();
  }

  @Test
  void takesOnlyPortsOfTheNameAndProtocol() {
    Slice other =
        new Slice(
            Family.IPV4,
            List.of(
                new Slice.Port("web", Protocol.UDP, 1), new Slice.Port("other", Protocol.TCP, 2)),
            List.of(ready("10.42.1.2")));

    EndpointChoice choice =
        EndpointChoice.of(service(false, false), PORT, Family.IPV4, List.of(other), HERE);

    assertThat(choice.internal()).isEmpty();
    assertThat(choice.any()).isFalse();
  }

  @Test
  void leavesTheOtherFamilyAlone() {
    EndpointChoice choice =
        EndpointChoice.of(
            service(false, false), PORT, Family.IPV6, List.of(slice(ready("10.42.1.2"))), HERE);

    assertThat(choice.any()).isFalse();
  }

  @Test
  void fallsBackToEndpointsThatEndButStillServe() {
    EndpointChoice choice =
        choose(service(true, true), ending("10.42.1.2", true), ending("10.42.2.2", false));

    assertThat(texts(choice.external())).containsExactly("10.42.1.2:8080", "10.42.2.2:8080");
    assertThat(texts(choice.internal())).containsExactly("10.42.1.2:8080");
    assertThat(texts(choice.local())).containsExactly("10.42.1.2:8080");
    assertThat(choice.any()).isTrue();
  }

  @Test
  void takesNoEndpointThatIsNotReady() {
    EndpointChoice choice =
        choose(
            service(false, false),
            new Slice.Endpoint(
                packed("10.42.1.2"), false, false, false, true, List.of(), List.of()));

    assertThat(choice.internal()).isEmpty();
    assertThat(choice.any()).isFalse();
    assertThat(choice.serving()).isEmpty();
  }

  @Test
  void staysInItsZoneOnlyWhenEveryEndpointHasAHintAndOneIsForIt() {
    Slice.Endpoint east = hinted("10.42.1.2", List.of(), List.of("east"));
    Slice.Endpoint west = hinted("10.42.2.2", List.of(), List.of("west"));

    assertThat(texts(choose(service(false, false), east, west).internal()))
        .containsExactly("10.42.1.2:8080");
    assertThat(choose(service(false, false), east, ready("10.42.3.2")).internal()).hasSize(2);
    assertThat(choose(service(false, false), west, west).internal()).hasSize(1);
    assertThat(
            EndpointChoice.of(
                    service(false, false),
                    PORT,
                    Family.IPV4,
                    List.of(slice(east, west)),
                    new Topology("n1", ""))
                .internal())
        .hasSize(2);
  }

  @Test
  void prefersItsNodeToItsZone() {
    Slice.Endpoint here = hinted("10.42.1.2", List.of("n1"), List.of("east"));
    Slice.Endpoint near = hinted("10.42.2.2", List.of("n2"), List.of("east"));

    assertThat(texts(choose(service(false, false), here, near).internal()))
        .containsExactly("10.42.1.2:8080");
    assertThat(choose(service(false, false), near, near).internal()).hasSize(1);
  }

  @Test
  void ofTwoThatAreAlikeTakesTheLocalOne() {
    EndpointChoice choice =
        EndpointChoice.of(
            service(true, false),
            PORT,
            Family.IPV4,
            List.of(slice(elsewhere("10.42.1.2")), slice(ready("10.42.1.2"))),
            HERE);

    assertThat(texts(choice.internal())).containsExactly("10.42.1.2:8080");
    assertThat(texts(choice.onThisNode())).containsExactly("10.42.1.2:8080");
  }

  @Test
  void keepsExternalTrafficLocalWithoutNarrowingInternal() {
    EndpointChoice choice =
        choose(service(false, true), ready("10.42.1.2"), elsewhere("10.42.2.2"));

    assertThat(choice.internal()).hasSize(2);
    assertThat(choice.external()).hasSize(2);
    assertThat(texts(choice.local())).containsExactly("10.42.1.2:8080");
  }

  private static EndpointChoice choose(ServiceSpec service, Slice.Endpoint... endpoints) {
    return EndpointChoice.of(service, PORT, Family.IPV4, List.of(slice(endpoints)), HERE);
  }

  private static ServiceSpec service(boolean internalLocal, boolean externalLocal) {
    return new ServiceSpec(
        List.of(PORT),
        List.of(packed("10.43.0.10")),
        List.of(),
        List.of(),
        List.of(),
        0,
        0,
        internalLocal,
        externalLocal);
  }

  private static Slice slice(Slice.Endpoint... endpoints) {
    return new Slice(
        Family.IPV4, List.of(new Slice.Port("web", Protocol.TCP, 8080)), Arrays.asList(endpoints));
  }

  private static Slice.Endpoint ready(String address) {
    return new Slice.Endpoint(packed(address), true, true, false, true, List.of(), List.of());
  }

  private static Slice.Endpoint elsewhere(String address) {
    return new Slice.Endpoint(packed(address), true, true, false, false, List.of(), List.of());
  }

  private static Slice.Endpoint ending(String address, boolean local) {
    return new Slice.Endpoint(packed(address), false, true, true, local, List.of(), List.of());
  }

  private static Slice.Endpoint hinted(String address, List<String> nodes, List<String> zones) {
    return new Slice.Endpoint(packed(address), true, true, false, false, nodes, zones);
  }

  private static Packed packed(String address) {
    return Packed.ofAddress(IpAddresses.parse(address));
  }

  private static List<String> texts(List<Packed> endpoints) {
    List<String> texts = new ArrayList<>();
    for (Packed endpoint : endpoints) {
      byte[] bytes = endpoint.bytes();
      Packed address = Packed.ofBytes(Arrays.copyOf(bytes, 4));
      int port = Byte.toUnsignedInt(bytes[4]) * 256 + Byte.toUnsignedInt(bytes[5]);
      texts.add(IpAddresses.text(address.toAddress()) + ":" + port);
    }
    return texts;
  }
}
