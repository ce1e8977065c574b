package org.k3sjvm.join;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Faults of connecting, in the words of one who has to mend them. */
final class Faults {
  private final URI server;
  private final URI endpoint;
  private final ServerReport report;
  private final InstantSource clock;
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  /**
   * @param server as configured
   * @param endpoint where requests really go
   */
  Faults(URI server, URI endpoint, ServerReport report, InstantSource clock) {
    this.server = server;
    this.endpoint = endpoint;
    this.report = report;
    this.clock = clock;
  }

  /** True once for each topic, so that trying again and again does not say it again and again. */
  boolean isNews(String topic) {
    return told.add(topic);
  }

  /** What went wrong with a request, as an exception to throw. */
  JoinException of(Exception fault) {
    if (isCertificateFault(fault)) {
      return untrusted(fault);
    }
    Optional<String> failures = report.lastFailures();
    if (failures.isPresent()) {
      return new JoinException.Unreachable(
          "cannot reach a server of %s: tried %s; check that k3s runs there, and the firewall between"
              .formatted(server, failures.get()),
          fault);
    }
    return new JoinException.Unreachable(
        "cannot reach %s%s: %s; check that k3s runs there, and the firewall between"
            .formatted(
                server, endpoint.equals(server) ? "" : " through " + endpoint, describe(fault)),
        fault);
  }

  /** What is wrong with a certificate, as an exception to throw. */
  JoinException untrusted(Exception fault) {
    if (isValidity(fault)) {
      return new JoinException.Untrusted(
          "cannot trust %s: its certificate is not valid now (%s), and this host's clock says %s; set the clock if it is wrong, otherwise renew the server's certificates"
              .formatted(server, deepest(fault), clock.instant().truncatedTo(ChronoUnit.SECONDS)),
          fault);
    }
    if (has(fault, CertPathValidatorException.class)
        || has(fault, CertPathBuilderException.class)) {
      return new JoinException.Untrusted(
          "cannot trust %s: its certificate does not stand on the cluster's authorities (%s); is another server answering there?"
              .formatted(server, deepest(fault)),
          fault);
    }
    return new JoinException.Untrusted(
        "cannot trust %s: %s; connect by a name or address of its certificate (--tls-san on the server adds one)"
            .formatted(server, deepest(fault)),
        fault);
  }

  /** A server that is as good as any, were it not for the node's past. */
  JoinException anotherCluster(String joined, String offered) {
    return new JoinException.Untrusted(
        "cannot join %s: this node belongs to the cluster with CA %s, the server offers CA %s and nothing links the two; if the cluster was made anew or its CA replaced, use the full token of <data-dir>/server/node-token, or --allow-new-cluster; otherwise another server is answering there"
            .formatted(server, joined, offered));
  }

  static String describe(Exception fault) {
    if (has(fault, UnknownHostException.class) || has(fault, UnresolvedAddressException.class)) {
      return "the name is not known to DNS";
    }
    if (has(fault, HttpTimeoutException.class) || has(fault, TimeoutException.class)) {
      return "no answer within " + SupervisorHttp.TIMEOUT.toSeconds() + " s";
    }
    if (has(fault, NoRouteToHostException.class)) {
      return "no route to the host";
    }
    if (has(fault, ConnectException.class)) {
      return "connection refused";
    }
    return deepest(fault);
  }

  /** The server was reached, and its certificate did not please. */
  static boolean isCertificateFault(Exception fault) {
    return has(fault, SSLException.class)
        && (has(fault, CertificateException.class)
            || has(fault, CertPathValidatorException.class)
            || has(fault, CertPathBuilderException.class));
  }

  /** A certificate is not valid yet, or no longer. */
  static boolean isValidity(Exception fault) {
    return has(fault, CertificateNotYetValidException.class)
        || has(fault, CertificateExpiredException.class);
  }

  private static boolean has(Exception fault, Class<? extends Throwable> type) {
    for (@Nullable Throwable t = fault; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return true;
      }
    }
    return false;
  }

  private static String deepest(Exception fault) {
    Throwable last = fault;
    for (@Nullable Throwable t = fault; t != null; t = t.getCause()) {
      if (t.getMessage() != null) {
        last = t;
      }
    }
    return String.valueOf(last.getMessage());
  }
}
