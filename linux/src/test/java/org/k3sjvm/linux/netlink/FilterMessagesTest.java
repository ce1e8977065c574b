package org.k3sjvm.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Connection;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.FilterChange;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.linux.filter.Rule;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.filter.TableName;

class FilterMessagesTest {
  private static final SetName SET = new SetName(new TableName("ip", "t"), "s");

  @BeforeEach
  void onlyWhereTheFixturesByteOrderHolds() {
    assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void writesATransactionOfOneVerdict() {
    Packed key = Packed.of().address(IpAddresses.parse("10.44.7.7")).protocol(6).port(80).build();

    assertThat(key).hasToString("0a2c07070600000000500000");
    assertThat(hex(List.of(new ElementChange.Add(SET, List.of(Element.of(key, Element.drop()))))))
        .isEqualTo(
            "14000000 1000 0100 00000000 00000000 0000000a"
                .concat(" 50000000 0c0a 0104 00000000 00000000 02000000")
                .concat(" 0600010074000000 0600020073000000 2c000380 28000180")
                .concat(" 14000180 10000100 0a2c07070600000000500000")
                .concat(" 10000280 0c000280 0800010000000000")
                .concat(" 14000000 1100 0100 00000000 00000000 0000000a")
                .replace(" ", ""));
  }

  @Test
  void writesAChainWithARule() {
    assertThat(
            hex(
                List.of(
                    new FilterChange.AddChain(
                        SET.table(), "c", List.of(Rule.of(List.of(), Element.goTo("d")))))))
        .isEqualTo(
            "14000000 1000 0100 00000000 00000000 0000000a"
                .concat(" 24000000 030a 0106 00000000 00000000 02000000")
                .concat(" 0600010074000000 0600030063000000")
                .concat(" 60000000 060a 010c 00000000 00000000 02000000")
                .concat(" 0600010074000000 0600020063000000 3c000480 38000180")
                .concat(" 0e000100 696d6d6564696174 65000000")
                .concat(" 24000280 0800010000000000 18000280 14000280 08000100fffffffc")
                .concat(" 0600020064000000")
                .concat(" 14000000 1100 0100 00000000 00000000 0000000a")
                .replace(" ", ""));
  }

  @Test
  void closesAnIntervalUnlessItIsTheLast() {
    Packed zero = Packed.of().address(new byte[] {10, 0, 0, 0}).build();
    Packed most = Packed.of().address(new byte[] {10, -1, -1, -1}).build();
    Packed highest = Packed.of().address(new byte[] {-1, -1, -1, -1}).build();

    assertThat(hex(List.of(new ElementChange.Add(SET, List.of(Element.interval(zero, most))))))
        .contains("0c000180" + "08000100" + "0b000000" + "08000300" + "00000001");
    assertThat(hex(List.of(new ElementChange.Add(SET, List.of(Element.interval(zero, highest))))))
        .doesNotContain("08000300");
  }

  @Test
  void splitsAListThatAnAttributeCannotHold() {
    List<Element> many =
        IntStream.range(0, 5_000)
            .mapToObj(i -> Element.of(Packed.of().number(i).build(), Element.goTo("chain")))
            .toList();
    List<String> places = new ArrayList<>();

    ByteBuffer batch =
        ByteBuffer.wrap(FilterMessages.batch(List.of(new ElementChange.Add(SET, many)), places))
            .order(ByteOrder.nativeOrder());

    assertThat(places).hasSizeGreaterThan(4).startsWith("begin", "add to ip t s").endsWith("end");
    int messages = 0;
    for (int at = 0; at < batch.limit(); at += (batch.getInt(at) + 3) / 4 * 4) {
      assertThat(batch.getInt(at)).isLessThan(65_536);
      messages++;
    }
    assertThat(messages).isEqualTo(places.size());
  }

  @Test
  void deletesAConnectionByItsWholeTuple() {
    byte[] message =
        ConnectionMessages.delete(
            new Connection(
                17,
                IpAddresses.parse("10.42.0.5"),
                4000,
                IpAddresses.parse("10.43.0.10"),
                53,
                IpAddresses.parse("10.42.0.9"),
                53,
                7));

    assertThat(HexFormat.of().formatHex(message))
        .isEqualTo(
            "50000000 0201 0500 00000000 00000000 02000000"
                .concat(" 34000180 14000180 080001000a2a0005 080002000a2b000a")
                .concat(" 1c000280 0500010011000000 060002000fa00000 0600030000350000")
                .concat(" 08000c0000000007")
                .replace(" ", ""));
  }

  private static String hex(List<? extends FilterChange> changes) {
    return HexFormat.of().formatHex(FilterMessages.batch(changes, new ArrayList<>()));
  }
}
