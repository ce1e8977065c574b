package org.k3sjvm.kubelet.runtime;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.k3sjvm.cri.ContainerStatus;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.kubelet.translate.ContainerConfigs;
import org.k3sjvm.kubelet.translate.Labels;

/**
 * What a container left as its termination message: the end of a file, or the end of its log.
 *
 * <p>Source: kubelet v1.36 kuberuntime_container.go, getTerminationMessage.
 */
final class LastWords {
  private static final int FILE_BYTES = 4096;
  private static final int LOG_BYTES = 2048;
  private static final int LOG_LINES = 80;
  private static final Set<String> STREAMS = Set.of("stdout", "stderr");

  /**
   * A line of the log has up to 16 KiB of text (containerd's), a time stamp, a stream and a tag.
   */
  private static final int READ_AHEAD = 20 * 1024;

  private LastWords() {}

  static String of(ContainerStatus status) {
    String path =
        status.annotations().getOrDefault(Labels.MESSAGE_PATH, ContainerConfigs.MESSAGE_PATH);
    String text =
        status.mounts().stream()
            .filter(m -> m.containerPath().equals(path))
            .map(Mount::hostPath)
            .findFirst()
            .map(file -> tail(Path.of(file), FILE_BYTES))
            .orElse("");
    boolean fallBack =
        "FallbackToLogsOnError".equals(status.annotations().get(Labels.MESSAGE_POLICY))
            && status.exitCode() != 0
            && !status.reason().equals("ContainerCannotRun");
    if (text.isEmpty() && fallBack && !status.logPath().isEmpty()) {
      text = logEnd(tail(Path.of(status.logPath()), READ_AHEAD));
    }
    if (status.message().isEmpty()) {
      return text;
    }
    return text.isEmpty() ? status.message() : status.message() + ": " + text;
  }

  /** The text of the last lines, without time stamp, stream and tags. */
  static String logEnd(String log) {
    List<String> lines = log.lines().toList();
    List<String> last = lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size());
    StringBuilder text = new StringBuilder();
    for (String line : last) {
      String[] parts = line.split(" ", 4);
      if (parts.length == 4 && STREAMS.contains(parts[1])) {
        text.append(parts[3]).append(parts[2].startsWith("P") ? "" : "\n");
      }
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    int from = Math.max(0, bytes.length - LOG_BYTES);
    return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
  }

  private static String tail(Path file, int bytes) {
    if (!Files.isRegularFile(file)) {
      return "";
    }
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      long from = Math.max(0, in.length() - bytes);
      in.seek(from);
      byte[] content = new byte[(int) (in.length() - from)];
      in.readFully(content);
      return new String(content, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "Error on reading termination log " + file + ": " + e.getMessage();
    }
  }
}
