package org.k3sjvm.kubelet.probe;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** What programs in pods answer to probes by gRPC. */
public final class FuzzedProbes implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    String settings = "000000040000000000" + "000000040100000000";
    String fields = "88" + "400b677270632d73746174757301" + "30"; // :status 200, grpc-status 0
    return List.of(
        FuzzTarget.bytes("gRPC answer of a pod", FuzzedProbes::check, IOException.class)
            .seeds(
                hex(
                    settings
                        + "00000101040000000188"
                        + "000007000000000001"
                        + "00000000020801"
                        + "00000f010500000001"
                        + fields.substring(2)
                        + "88"),
                hex(
                    settings
                        + "000008060000000000"
                        + "0102030405060708"
                        + "000010010500000001"
                        + fields)));
  }

  private static void check(byte[] answer) throws IOException {
    var _ =
        new GrpcCall(new ByteArrayInputStream(answer), OutputStream.nullOutputStream())
            .check("10.42.0.5:80", "", Duration.ofSeconds(1));
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }
}
