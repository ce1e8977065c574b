package org.k3sjvm.lb;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** What is kept of servers, and what proxies and servers answer. */
public final class FuzzedServers implements FuzzTargets {
  private static final HostPort SERVER = new HostPort("k3s.example", 6443);
  private static final int FILE_BYTES = 64 * 1024;

  @Override
  public List<FuzzTarget> targets() {
    StateFile file = new StateFile(Path.of("unused"), "https");
    return List.of(
        FuzzTarget.text(
                "state file of the balancer",
                text -> file.read(text, Optional.of(SERVER)),
                IOException.class,
                IllegalArgumentException.class)
            .upTo(FILE_BYTES)
            .seeds(
                "{\n  \"ServerURL\": \"https://k3s.example:6443\",\n  \"ServerAddresses\": [\n"
                    + "    \"10.0.0.1:6443\",\n    \"[2001:db8::1]:6443\"\n  ]\n}",
                "{\"ServerURL\":\"https://k3s.example\",\"ServerAddresses\":[\"a\"]}"),
        FuzzTarget.bytes("answer of an HTTP proxy", in -> lead("http", in), IOException.class)
            .seeds(
                "HTTP/1.1 200 Connection established\r\nVia: me\r\n\r\nhello",
                "HTTP/1.0 200 \r\n\r\n"),
        FuzzTarget.bytes("answer of a SOCKS proxy", in -> lead("socks5", in), IOException.class)
            .seeds(
                HexFormat.of().parseHex("050005000001000000000000"),
                HexFormat.of().parseHex("05000500000304616263640000"),
                HexFormat.of().parseHex("050005000004" + "00".repeat(18))),
        FuzzTarget.bytes(
                "answer to a probe",
                in -> TlsProbe.status(new ByteArrayInputStream(in)),
                IOException.class)
            .seeds("HTTP/1.1 200 OK\r\n\r\n"));
  }

  private static void lead(String kind, byte[] answer) throws IOException {
    try (Socket socket = new Answering(answer)) {
      var _ =
          new ProxyHop(URI.create(kind + "://proxy")).lead(socket, SERVER, Duration.ofMinutes(1));
    }
  }

  private static final class Answering extends Socket {
    private final InputStream answer;

    Answering(byte[] answer) {
      this.answer = new ByteArrayInputStream(answer);
    }

    @Override
    public InputStream getInputStream() {
      return answer;
    }

    @Override
    public OutputStream getOutputStream() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public synchronized void setSoTimeout(int millis) {}

    @Override
    public void close() {}
  }
}
