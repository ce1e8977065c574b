package org.k3sjvm.base;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Seal;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.base.time.GoDurations;

/** Addresses, networks, durations, and what is sealed on the disk. */
public final class FuzzedTexts implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    Seal seal = new Seal("test", List.of(new byte[32]));
    byte[] sealed = seal.close("{\"kind\":\"Pod\"}".getBytes(StandardCharsets.UTF_8), "file");
    return List.of(
        FuzzTarget.text("host and port", FuzzedTexts::hostPort, IllegalArgumentException.class)
            .seeds("10.0.0.1:6443", "[2001:db8::1]:6443", "server.example:443"),
        FuzzTarget.text("network", FuzzedTexts::cidr, IllegalArgumentException.class)
            .seeds("10.42.0.0/16", "2001:db8:42::/56", "0.0.0.0/0"),
        FuzzTarget.text("address", FuzzedTexts::address, IllegalArgumentException.class)
            .seeds("10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1"),
        FuzzTarget.text("duration", GoDurations::parse, IllegalArgumentException.class)
            .seeds("1h30m0s", "1.5s", "-20ms", "0", "2562047h47m16.854775807s")
            .words("h", "ms", "µs", "ns", "."),
        FuzzTarget.bytes("sealed file", in -> seal.open(in, "file"), Seal.BrokenException.class)
            .seeds(sealed));
  }

  private static void hostPort(String text) {
    HostPort read = HostPort.parse(text);
    same(read, HostPort.parse(read.toString()));
  }

  private static void cidr(String text) {
    Cidr read = Cidr.parse(text);
    same(read, Cidr.parse(read.toString()));
  }

  private static void address(String text) {
    var read = IpAddresses.parse(text);
    same(read, IpAddresses.parse(IpAddresses.text(read)));
  }

  private static void same(Object read, Object again) {
    if (!read.equals(again)) {
      throw new AssertionError(read + " is written so that it is read as " + again);
    }
  }
}
