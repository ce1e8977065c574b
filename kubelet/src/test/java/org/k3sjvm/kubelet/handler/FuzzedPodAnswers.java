package org.k3sjvm.kubelet.handler;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** What programs in pods answer to probes and hooks. */
@SuppressWarnings("StringConcatToTextBlock") // lines end in CR LF
public final class FuzzedPodAnswers implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.bytes(
                "http answer of a pod",
                in -> new ResponseReader(new ByteArrayInputStream(in)).read(),
                IOException.class)
            .upTo(1 << 20)
            .seeds(
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.0 302 Found\nLocation: http://a/b\n\ngone",
                "HTTP/1.1 100 Continue\r\n\r\n"
                    + "HTTP/1.1 500 No\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n"
                    + "2;a\r\n"
                    + "no\r\n"
                    + "0\r\n\r\n"));
  }
}
