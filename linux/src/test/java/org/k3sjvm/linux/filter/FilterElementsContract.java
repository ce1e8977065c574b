package org.k3sjvm.linux.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Rule.Field;
import org.k3sjvm.linux.filter.SetType.Part;

/** What every {@link FilterElements} must do; its sets are those of {@link #SETS}. */
abstract class FilterElementsContract {
  static final TableName TABLE = new TableName("ip", "k3s-test");
  static final SetName ADDRESSES = new SetName(TABLE, "addresses");
  static final SetName NETWORKS = new SetName(TABLE, "networks");
  static final SetName BOXES = new SetName(TABLE, "boxes");
  static final SetName DISPATCH = new SetName(TABLE, "dispatch");
  static final SetName ENDPOINTS = new SetName(TABLE, "endpoints");

  static final String SETS =
      """
      table ip k3s-test {
        set addresses { type ipv4_addr; }
        set networks { type ipv4_addr; flags interval; }
        set boxes { type ipv4_addr . inet_service; flags interval; }
        map dispatch { type ipv4_addr . inet_proto . inet_service : verdict; }
        map endpoints { typeof ip daddr . numgen random mod 65536 : ip daddr . th dport; }
        chain a { drop; }
        chain b { accept; }
      }
      """;

  /** An adapter, before which the sets are there and empty. */
  abstract FilterElements elements();

  @Test
  void givesBackWhatWasAdded() {
    Element point = Element.of(address("10.0.0.1"));
    Element box =
        Element.box(
            Packed.of().address(ip("10.1.0.0")).port(80).build(),
            Packed.of().address(ip("10.1.255.255")).port(90).build());
    Element verdict = Element.of(service("10.43.0.1", 443), Element.goTo("a"));
    Element drop = Element.of(service("10.43.0.2", 443), Element.drop());
    Element data =
        Element.of(
            Packed.of().address(ip("10.43.0.1")).number(1).build(),
            Element.data(Packed.of().address(ip("10.42.0.9")).port(8443).build()));

    commit(add(ADDRESSES, point), add(BOXES, box), add(DISPATCH, verdict, drop));
    commit(add(ENDPOINTS, data));

    assertThat(elements().list(ADDRESSES)).containsExactly(point);
    assertThat(elements().list(BOXES)).containsExactly(box);
    assertThat(elements().list(DISPATCH)).containsExactlyInAnyOrder(verdict, drop);
    assertThat(elements().list(ENDPOINTS)).containsExactly(data);
  }

  @Test
  void givesBackIntervalsAlsoNeighboursAndTheLast() {
    Element[] all = {
      interval("10.1.0.0", "10.1.255.255"),
      interval("10.2.0.0", "10.2.0.255"),
      interval("10.3.0.7", "10.3.0.7"),
      interval("255.255.255.0", "255.255.255.255")
    };

    commit(add(NETWORKS, all));
    assertThat(elements().list(NETWORKS)).containsExactlyInAnyOrder(all);

    commit(delete(NETWORKS, all[1], all[3]));
    assertThat(elements().list(NETWORKS)).containsExactlyInAnyOrder(all[0], all[2]);
  }

  @Test
  void changesNothingWhenOneOfABatchIsRefused() {
    commit(add(ADDRESSES, Element.of(address("10.0.0.1"))));

    assertThatThrownBy(
            () ->
                commit(
                    add(ADDRESSES, Element.of(address("10.0.0.2"))),
                    delete(ADDRESSES, Element.of(address("10.0.0.9")))))
        .isInstanceOf(LinuxException.NotFound.class)
        .hasMessageContaining("delete from ip k3s-test addresses");
    assertThat(elements().list(ADDRESSES)).containsExactly(Element.of(address("10.0.0.1")));
  }

  @Test
  void refusesAnotherValueForAKeyButNotTheSame() {
    Packed key = service("10.43.0.1", 443);
    commit(add(DISPATCH, Element.of(key, Element.goTo("a"))));
    commit(add(DISPATCH, Element.of(key, Element.goTo("a"))));

    assertThatThrownBy(() -> commit(add(DISPATCH, Element.of(key, Element.goTo("b")))))
        .isInstanceOf(LinuxException.AlreadyExists.class);

    commit(delete(DISPATCH, Element.of(key)), add(DISPATCH, Element.of(key, Element.goTo("b"))));
    assertThat(elements().list(DISPATCH)).containsExactly(Element.of(key, Element.goTo("b")));
  }

  @Test
  void refusesSetsThatAreNotThere() {
    SetName missing = new SetName(TABLE, "missing");

    assertThatThrownBy(() -> commit(add(missing, Element.of(address("10.0.0.1")))))
        .isInstanceOf(LinuxException.NotFound.class);
    assertThatThrownBy(() -> elements().list(missing)).isInstanceOf(LinuxException.NotFound.class);
    assertThatThrownBy(
            () -> elements().list(new SetName(new TableName("ip", "no-such"), "addresses")))
        .isInstanceOf(LinuxException.NotFound.class);
  }

  @Test
  void addsAndRemovesSetsAndChains() {
    SetName peers = new SetName(TABLE, "peers");
    Rule fromPeers =
        Rule.of(List.of(new Rule.In(List.of(Field.SOURCE), "peers")), Element.accept());
    Element way = Element.of(service("10.43.0.1", 443), Element.goTo("front"));

    commit(
        new FilterChange.AddSet(peers, SetType.of(Part.IPV4)),
        new FilterChange.AddChain(TABLE, "behind", List.of(fromPeers)),
        new FilterChange.AddChain(
            TABLE, "front", List.of(Rule.of(List.of(), Element.jumpTo("behind")))),
        add(peers, Element.of(address("10.0.0.1"))),
        add(DISPATCH, way));
    assertThat(elements().sets(TABLE)).contains("peers");
    assertThat(elements().list(peers)).containsExactly(Element.of(address("10.0.0.1")));
    assertThat(elements().list(DISPATCH)).containsExactly(way);

    commit(
        delete(DISPATCH, way),
        new FilterChange.RemoveChains(TABLE, List.of("behind", "front")),
        new FilterChange.RemoveSet(peers));
    assertThat(elements().sets(TABLE)).doesNotContain("peers");
  }

  @Test
  void refusesToAddWhatIsThereAndToRemoveWhatIsNot() {
    FilterChange chain = new FilterChange.AddChain(TABLE, "new", List.of());
    FilterChange set = new FilterChange.AddSet(new SetName(TABLE, "new"), SetType.of(Part.IPV6));
    commit(chain, set);

    assertThatThrownBy(() -> commit(chain))
        .isInstanceOf(LinuxException.AlreadyExists.class)
        .hasMessageContaining("add chain ip k3s-test new");
    assertThatThrownBy(() -> commit(set)).isInstanceOf(LinuxException.AlreadyExists.class);
    assertThatThrownBy(() -> commit(new FilterChange.RemoveChains(TABLE, List.of("none"))))
        .isInstanceOf(LinuxException.NotFound.class);
    assertThatThrownBy(() -> commit(new FilterChange.RemoveSet(new SetName(TABLE, "none"))))
        .isInstanceOf(LinuxException.NotFound.class);
  }

  @Test
  void takesThousandsInOneBatch() {
    Element[] many =
        IntStream.range(0, 30_000)
            .mapToObj(
                i ->
                    Element.of(
                        Packed.of()
                            .address(new byte[] {10, 9, (byte) (i >> 8), (byte) i})
                            .number(i % 3)
                            .build(),
                        Element.data(Packed.of().address(ip("10.42.0.9")).port(80).build())))
            .toArray(Element[]::new);

    commit(add(ENDPOINTS, many));
    assertThat(elements().list(ENDPOINTS)).hasSize(30_000);

    commit(delete(ENDPOINTS, many));
    assertThat(elements().list(ENDPOINTS)).isEmpty();
  }

  @Test
  void namesSets() {
    assertThat(elements().sets(TABLE))
        .containsExactlyInAnyOrder("addresses", "networks", "boxes", "dispatch", "endpoints");
    assertThat(elements().sets(new TableName("ip", "no-such"))).isEmpty();
  }

  @Test
  void countsTransactions() {
    int before = elements().generation();

    assertThat(elements().generation()).isEqualTo(before);
    commit(add(ADDRESSES, Element.of(address("10.0.0.1"))));
    assertThat(elements().generation()).isEqualTo(before + 1);
  }

  void commit(FilterChange... changes) {
    elements().commit(List.of(changes));
  }

  static ElementChange add(SetName set, Element... elements) {
    return new ElementChange.Add(set, List.of(elements));
  }

  static ElementChange delete(SetName set, Element... elements) {
    return new ElementChange.Delete(set, List.of(elements));
  }

  static Packed address(String address) {
    return Packed.of().address(ip(address)).build();
  }

  static Packed service(String address, int port) {
    return Packed.of().address(ip(address)).protocol(6).port(port).build();
  }

  static Element interval(String first, String last) {
    return Element.interval(address(first), address(last));
  }

  static InetAddress ip(String text) {
    return IpAddresses.parse(text);
  }
}
