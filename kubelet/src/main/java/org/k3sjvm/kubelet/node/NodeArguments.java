package org.k3sjvm.kubelet.node;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.k3sjvm.kube.KubeJson;

/**
 * The command line and environment of the agent as its Node shows them, secrets masked.
 *
 * @param argsJson of annotation {@code k3s.io/node-args}
 * @param envJson of annotation {@code k3s.io/node-env}
 * @param hash of annotation {@code k3s.io/node-config-hash}: the others are sent when it changes
 */
public record NodeArguments(String argsJson, String envJson, String hash) {
  private static final String MASK = "********";

  /** Source: k3s v1.36.3 pkg/nodeconfig/nodeconfig.go. */
  private static final Set<String> SECRET_FLAGS =
      Set.of(
          "--token",
          "-t",
          "--agent-token",
          "--datastore-endpoint",
          "--etcd-s3-access-key",
          "--etcd-s3-secret-key",
          "--vpn-auth",
          "--cluster-secret");

  private static final Set<String> SECRET_VARIABLES =
      Set.of(
          "K3S_TOKEN",
          "K3S_DATASTORE_ENDPOINT",
          "K3S_AGENT_TOKEN",
          "K3S_CLUSTER_SECRET",
          "K3S_VPN_AUTH");

  private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  private static final int BASE32_GROUP = 8;

  /**
   * The annotations' texts.
   *
   * @param arguments without the program's name, after the configuration file was merged in
   * @param environment of the process; only variables of k3s are shown
   */
  public static NodeArguments of(List<String> arguments, Map<String, String> environment) {
    String args = goJson(masked(arguments));
    String env = goJson(masked(environment));
    byte[] both = (args + env).getBytes(StandardCharsets.UTF_8);
    return new NodeArguments(args, env, base32(sha256(both)));
  }

  private static List<String> masked(List<String> arguments) {
    List<String> split = new ArrayList<>();
    for (String argument : arguments) {
      int at = argument.indexOf('=');
      if (argument.startsWith("-") && at >= 0) {
        split.add(argument.substring(0, at));
        split.add(argument.substring(at + 1));
      } else {
        split.add(argument);
      }
    }
    for (int i = 1; i < split.size(); i++) {
      if (SECRET_FLAGS.contains(split.get(i - 1))) {
        split.set(i, MASK);
      }
    }
    return split;
  }

  private static SortedMap<String, String> masked(Map<String, String> environment) {
    SortedMap<String, String> shown = new TreeMap<>();
    environment.forEach(
        (name, value) -> {
          if (name.startsWith("K3S_")) {
            shown.put(name, SECRET_VARIABLES.contains(name) ? MASK : value);
          }
        });
    return shown;
  }

  /** As Go's encoding/json writes it: safe inside HTML. The characters occur in strings only. */
  private static String goJson(Object value) {
    return KubeJson.write(value)
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029");
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** RFC 4648, padded. */
  private static String base32(byte[] bytes) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    int buffer = 0;
    int bits = 0;
    for (byte next : bytes) {
      buffer = (buffer << 8) | (next & 0xff);
      bits += 8;
      while (bits >= 5) {
        text.write(BASE32.charAt((buffer >> (bits - 5)) & 31));
        bits -= 5;
      }
      buffer &= (1 << bits) - 1;
    }
    if (bits > 0) {
      text.write(BASE32.charAt((buffer << (5 - bits)) & 31));
    }
    while (text.size() % BASE32_GROUP != 0) {
      text.write('=');
    }
    return text.toString(StandardCharsets.US_ASCII);
  }
}
