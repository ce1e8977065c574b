package org.k3sjvm.integration.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The installed kubectl on a host of the lab.
 *
 * @param host where it runs
 * @param kubeconfig as the host sees it
 */
public record Kubectl(Host host, Path kubeconfig) {
  /** Runs {@code kubectl} with arguments, whatever comes of it. */
  public Result run(String... arguments) throws InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("kubectl", "--kubeconfig", kubeconfig.toString()));
    command.addAll(List.of(arguments));
    return host.run(command.toArray(String[]::new));
  }

  /** What it prints; a {@link LabException} when it fails. */
  public String text(String... arguments) throws InterruptedException {
    return run(arguments).text();
  }

  /** Applies YAML. */
  public void apply(String yaml) throws InterruptedException {
    Path file = host.home().resolve("apply-" + Integer.toHexString(yaml.hashCode()) + ".yaml");
    try {
      Files.writeString(file, yaml);
    } catch (IOException e) {
      throw new LabException("cannot write " + file, e);
    }
    text("apply", "-f", file.toString());
  }

  /** Waits until a JSON path of an object prints a value. */
  public void await(String object, String jsonPath, String value, Duration limit)
      throws InterruptedException {
    Await.until(
        object + " " + jsonPath + " is " + value,
        limit,
        () -> {
          String now = text("get", object, "-o", "jsonpath=" + jsonPath);
          if (!now.equals(value)) {
            throw new LabException(object + " " + jsonPath + " is '" + now + "'");
          }
          return true;
        });
  }
}
