package org.k3sjvm.linux.echo;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** Packets that anybody on the network sends. */
public final class FuzzedPackets implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    String inner = "0800000000000100" + "021122334455" + "026677889900" + "0800";
    return List.of(
        FuzzTarget.bytes("VXLAN packet", in -> VxlanPacket.parse(ByteBuffer.wrap(in)))
            .upTo(2048)
            .seeds(
                hex("4500004000004000401100000a0000010a000002" + "1000211800280000" + inner),
                hex(
                    "60000000002c1140"
                        + "20".repeat(16)
                        + "30".repeat(16)
                        + "1000211800280000"
                        + inner)));
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }
}
