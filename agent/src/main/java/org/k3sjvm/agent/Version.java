package org.k3sjvm.agent;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * What this program calls itself.
 *
 * @param version a Kubernetes version, {@code v1.NN.P+k3sjvm…}: the API server compares a kubelet's
 *     version with its own
 * @param commit eight hex digits, or {@code unknown} for a build outside git
 */
public record Version(String version, String commit) {
  /** The version of this build. */
  public static Version current() {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      if (in == null) {
        throw new IllegalStateException("version.properties is missing from the agent's jar");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read version.properties from the agent's jar", e);
    }
    return new Version(
        properties.getProperty("version", "v0.0.0"), properties.getProperty("commit", "unknown"));
  }

  /** {@code v1.34.0+k3sjvm1 (0a1b2c3d)}, as upstream shows it in its log. */
  @Override
  public String toString() {
    return version + " (" + commit + ")";
  }
}
