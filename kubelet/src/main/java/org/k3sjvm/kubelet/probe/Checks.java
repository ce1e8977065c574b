package org.k3sjvm.kubelet.probe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;

/**
 * One probe, from the host's network to the pod's address.
 *
 * <p>Source: Kubernetes v1.36 pkg/probe.
 */
public final class Checks {
  private static final int BODY_BYTES = 10 * 1024;

  private final ContainerRuntime runtime;
  private final List<String> hostIps;

  /**
   * Checks of this node's containers.
   *
   * @param hostIps where pods on the host's network answer
   */
  public Checks(ContainerRuntime runtime, List<String> hostIps) {
    this.runtime = runtime;
    this.hostIps = List.copyOf(hostIps);
  }

  /**
   * Asks once.
   *
   * @param podIps empty for a pod on the host's network
   */
  Answer ask(Probe probe, ContainerId id, Container container, List<String> podIps)
      throws InterruptedException {
    Duration limit = seconds(probe.getTimeoutSeconds(), 1);
    String ip = podIps.isEmpty() ? hostIps.getFirst() : podIps.getFirst();
    if (probe.getExec() != null) {
      return exec(id, probe.getExec().getCommand(), limit);
    }
    if (probe.getHttpGet() != null) {
      return get(probe.getHttpGet(), container, ip, limit);
    }
    if (probe.getTcpSocket() != null) {
      String host = probe.getTcpSocket().getHost();
      return connect(
          host == null || host.isEmpty() ? ip : host,
          port(probe.getTcpSocket().getPort(), container),
          limit);
    }
    return new Answer.Unsure("the probe is of no kind that this node knows");
  }

  static Duration seconds(@Nullable Integer value, int otherwise) {
    return Duration.ofSeconds(value == null || value == 0 ? otherwise : value);
  }

  private Answer exec(ContainerId id, List<String> command, Duration limit)
      throws InterruptedException {
    try {
      ExecResult result = runtime.execSync(id, command, limit);
      String output = result.stdout() + result.stderr();
      return result.exitCode() == 0
          ? new Answer.Good()
          : new Answer.Bad(output.substring(0, Math.min(output.length(), BODY_BYTES)));
    } catch (CriException.DeadlineExceeded e) {
      return new Answer.Bad(
          "command \""
              + String.join(" ", command)
              + "\" timed out after "
              + limit.toSeconds()
              + "s");
    } catch (CriException e) {
      return new Answer.Unsure(e.detail());
    }
  }

  private static Answer connect(String host, int port, Duration limit) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), (int) limit.toMillis());
      return new Answer.Good();
    } catch (IOException e) {
      return new Answer.Bad("dial tcp " + host + ":" + port + ": " + e.getMessage());
    }
  }

  private static Answer get(HTTPGetAction action, Container container, String ip, Duration limit) {
    String host = action.getHost() == null || action.getHost().isEmpty() ? ip : action.getHost();
    boolean tls = "HTTPS".equals(action.getScheme());
    String path = Objects.requireNonNullElse(action.getPath(), "/");
    String url =
        (tls ? "https://" : "http://")
            + (host.indexOf(':') >= 0 ? "[" + host + "]" : host)
            + ":"
            + port(action.getPort(), container)
            + (path.startsWith("/") ? path : "/" + path);
    try {
      HttpURLConnection http = (HttpURLConnection) URI.create(url).toURL().openConnection();
      try {
        if (http instanceof HttpsURLConnection https) {
          https.setSSLSocketFactory(trustingAll());
          https.setHostnameVerifier((_, _) -> true);
        }
        http.setInstanceFollowRedirects(false);
        http.setConnectTimeout((int) limit.toMillis());
        http.setReadTimeout((int) limit.toMillis());
        http.setRequestProperty("User-Agent", "kube-probe/1.36");
        http.setRequestProperty("Accept", "*/*");
        http.setRequestProperty("Connection", "close");
        if (action.getHttpHeaders() != null) {
          action.getHttpHeaders().forEach(h -> http.setRequestProperty(h.getName(), h.getValue()));
        }
        int code = http.getResponseCode();
        drain(http);
        return code >= 200 && code < 400
            ? new Answer.Good()
            : new Answer.Bad("HTTP probe failed with statuscode: " + code);
      } finally {
        http.disconnect();
      }
    } catch (IOException | IllegalArgumentException e) {
      return new Answer.Bad("Get \"" + url + "\": " + e.getMessage());
    }
  }

  private static void drain(HttpURLConnection http) throws IOException {
    try (InputStream body =
        http.getResponseCode() < 400 ? http.getInputStream() : http.getErrorStream()) {
      if (body != null) {
        body.readNBytes(BODY_BYTES);
      }
    }
  }

  private static int port(IntOrString port, Container container) {
    if (port.getIntVal() != null) {
      return port.getIntVal();
    }
    String name = Objects.requireNonNullElse(port.getStrVal(), "");
    return container.getPorts().stream()
        .filter(p -> name.equals(p.getName()))
        .map(p -> p.getContainerPort())
        .findFirst()
        .orElseGet(() -> number(name));
  }

  private static int number(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("the container has no port named \"" + text + "\"", e);
    }
  }

  /** Probes ask whether somebody answers, not who: certificates are not looked at. */
  private static SSLSocketFactory trustingAll() throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new TrustAll()}, new SecureRandom());
      return context.getSocketFactory();
    } catch (GeneralSecurityException e) {
      throw new IOException("no TLS: " + e.getMessage(), e);
    }
  }

  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
