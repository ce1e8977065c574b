package org.k3sjvm.tunnel;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** What servers say on a tunnel. */
public final class FuzzedFrames implements FuzzTargets {
  /** Longer texts, once they are UTF-8, are read to a limit, which may be inside a character. */
  private static final int SHORT = 30;

  private static final EgressRules RULES =
      new EgressRules(EgressMode.CLUSTER, HostPort.parse("127.0.0.1:10250"));
  private static final EgressView VIEW =
      new EgressView(
          Set.of(IpAddresses.parse("10.42.0.5")),
          Set.of(IpAddresses.parse("10.0.0.1")),
          Set.of(80),
          List.of(Cidr.parse("10.42.0.0/16")));

  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.bytes("tunnel frame", FuzzedFrames::frame, TunnelException.class)
            .seeds(
                FrameCodec.encode(5, new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250")),
                FrameCodec.encode(6, new Frame.Data(2, 15000, ByteBuffer.wrap(new byte[20]))),
                FrameCodec.encode(7, new Frame.Ended(2, "EOF")),
                FrameCodec.encode(8, new Frame.AddClient("a/1")),
                FrameCodec.encode(9, new Frame.RemoveClient("a/1")),
                FrameCodec.encode(10, new Frame.Pause(2)),
                FrameCodec.encode(11, new Frame.Resume(Long.MAX_VALUE)),
                FrameCodec.encode(12, new Frame.SyncConnections(List.of(2L, 300L)))),
        FuzzTarget.text("tunnel address", FuzzedFrames::address)
            .seeds("tcp/10.42.0.5:8080", "tcp/[2001:db8::1]:80", "tcp/127.0.0.1:10010", "udp/a:1"));
  }

  /** What was read says the same when it is written and read again. */
  private static void frame(byte[] input) throws TunnelException {
    Frame frame = FrameCodec.decode(input);
    boolean same =
        switch (frame) {
          case Frame.Data data -> data.deadlineMillis() >= 0; // we write no others
          case Frame.Connect connect -> connect.deadlineMillis() >= 0 && input.length < SHORT;
          case Frame.Ended _, Frame.AddClient _, Frame.RemoveClient _ -> input.length < SHORT;
          case Frame.Pause _, Frame.Resume _ -> true;
          case Frame.SyncConnections _, Frame.Unknown _ -> false; // written sorted, and empty
        };
    if (same) {
      Frame again = FrameCodec.decode(FrameCodec.encode(1, frame));
      if (!again.equals(frame)) {
        throw new AssertionError(frame + " is written so that it is read as " + again);
      }
    }
  }

  private static void address(String input) {
    int slash = input.indexOf('/');
    String protocol = slash < 0 ? "tcp" : input.substring(0, slash);
    var _ = RULES.decide(protocol, input.substring(slash + 1), VIEW);
  }
}
