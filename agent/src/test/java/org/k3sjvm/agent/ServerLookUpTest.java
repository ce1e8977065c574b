package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;

class ServerLookUpTest {
  private static final List<InetAddress> KNOWN = List.of(IpAddresses.parse("10.8.0.1"));
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofSeconds(20);

  private final AtomicInteger asked = new AtomicInteger();

  @Test
  void anAddressNeedsNoResolver() throws Exception {
    assertThat(ServerLookUp.of(URI.create("https://10.8.0.1:6443")).within(Duration.ZERO))
        .isEqualTo(KNOWN);
    assertThat(ServerLookUp.of(URI.create("https://[fd00::1]:6443")).within(Duration.ZERO))
        .containsExactly(IpAddresses.parse("fd00::1"));
  }

  @Test
  void aResolverThatHearsNothingHoldsNobodyUpAndIsAskedOnce() throws Exception {
    CountDownLatch answers = new CountDownLatch(1);
    ServerLookUp servers =
        new ServerLookUp(
            "server.example",
            _ -> {
              asked.incrementAndGet();
              await(answers);
              return KNOWN;
            },
            _ -> {});

    assertThat(servers.within(SHORT)).isEmpty();
    assertThat(servers.within(SHORT)).isEmpty();
    answers.countDown();

    assertThat(servers.within(LONG)).isEqualTo(KNOWN);
    assertThat(asked).hasValue(1);
  }

  @Test
  void followsUntilSomebodyKnowsTheName() throws Exception {
    ServerLookUp servers =
        new ServerLookUp(
            "server.example",
            host -> {
              if (asked.incrementAndGet() < 3) {
                throw new UnknownHostException(host);
              }
              return KNOWN;
            },
            wait -> assertThat(wait).isEqualTo(ServerLookUp.AGAIN));
    List<InetAddress> told = new ArrayList<>();

    servers.follow(told::addAll);

    assertThat(told).isEqualTo(KNOWN);
    assertThat(asked).hasValue(3);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
