package org.k3sjvm.agent;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.time.Sleeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The addresses of the server that the node joins, which the resolver may not know while the node
 * starts. One thread at a time; a look-up holds a thread of its own and is never waited for long.
 */
final class ServerLookUp {
  private static final Logger log = LoggerFactory.getLogger(ServerLookUp.class);

  /** A resolver that hears nothing asks for 5 s and more. Source: resolv.conf(5), timeout. */
  static final Duration PATIENCE = Duration.ofSeconds(2);

  static final Duration AGAIN = Duration.ofSeconds(15);

  private final String host;
  private final Resolver resolver;
  private final Sleeper sleeper;
  private Optional<CompletableFuture<List<InetAddress>>> pending = Optional.empty();

  /** Asks who has a name; blocks for as long as it likes. */
  @FunctionalInterface
  interface Resolver {
    List<InetAddress> addresses(String host) throws UnknownHostException;
  }

  ServerLookUp(String host, Resolver resolver, Sleeper sleeper) {
    this.host = host;
    this.resolver = resolver;
    this.sleeper = sleeper;
  }

  static ServerLookUp of(URI server) {
    return new ServerLookUp(
        server.getHost().replaceAll("[\\[\\]]", ""),
        host -> List.of(InetAddress.getAllByName(host)),
        Sleeper.SYSTEM);
  }

  /** Empty when nobody knows the name, or nobody says so within a time. */
  List<InetAddress> within(Duration limit) throws InterruptedException {
    if (IpAddresses.isLiteral(host)) {
      return List.of(IpAddresses.parse(host));
    }
    CompletableFuture<List<InetAddress>> lookUp = pending.orElseGet(this::ask);
    pending = Optional.of(lookUp);
    try {
      List<InetAddress> known = lookUp.get(limit.toNanos(), TimeUnit.NANOSECONDS);
      pending = Optional.empty();
      return known;
    } catch (ExecutionException e) {
      pending = Optional.empty();
      return List.of();
    } catch (TimeoutException e) {
      return List.of();
    }
  }

  /** Asks until somebody knows the addresses, and tells them once. */
  void follow(Consumer<List<InetAddress>> news) throws InterruptedException {
    log.atWarn()
        .addKeyValue("server", host)
        .addKeyValue("retryIn", AGAIN)
        .log("nobody knows the server's address, so not which interface leads there");
    List<InetAddress> known;
    do {
      sleeper.sleep(AGAIN);
      known = within(PATIENCE);
    } while (known.isEmpty());
    log.atInfo()
        .addKeyValue("server", host)
        .addKeyValue("addresses", known)
        .log("the server's address is known now");
    news.accept(known);
  }

  private CompletableFuture<List<InetAddress>> ask() {
    CompletableFuture<List<InetAddress>> answer = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("server-address")
        .start(
            () -> {
              try {
                answer.complete(resolver.addresses(host));
              } catch (UnknownHostException | RuntimeException e) {
                answer.completeExceptionally(e);
              }
            });
    return answer;
  }
}
