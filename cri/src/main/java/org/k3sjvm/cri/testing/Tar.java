package org.k3sjvm.cri.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes a tar archive in the POSIX ustar form, times all zero, so that bytes repeat. */
final class Tar implements AutoCloseable {
  private static final int BLOCK = 512;
  private static final int NAME_LIMIT = 100;

  private final OutputStream out;

  Tar(OutputStream out) {
    this.out = out;
  }

  Tar directory(String name, int mode) throws IOException {
    header(name.endsWith("/") ? name : name + "/", mode, 0, '5', "");
    return this;
  }

  Tar file(String name, int mode, byte[] content) throws IOException {
    header(name, mode, content.length, '0', "");
    out.write(content);
    out.write(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
    return this;
  }

  Tar symlink(String name, String target) throws IOException {
    header(name, 0777, 0, '2', target);
    return this;
  }

  @Override
  public void close() throws IOException {
    out.write(new byte[2 * BLOCK]);
    out.close();
  }

  private void header(String name, int mode, long size, char type, String link) throws IOException {
    if (name.length() > NAME_LIMIT || link.length() > NAME_LIMIT) {
      throw new IllegalArgumentException("too long for this simple archive: " + name);
    }
    ByteArrayOutputStream block = new ByteArrayOutputStream(BLOCK);
    text(block, name, 100);
    octal(block, mode, 8);
    octal(block, 0, 8);
    octal(block, 0, 8);
    octal(block, size, 12);
    octal(block, 0, 12);
    text(block, " ".repeat(8), 8);
    block.write(type);
    text(block, link, 100);
    text(block, "ustar\0" + "00", 8);
    byte[] bytes = Arrays.copyOf(block.toByteArray(), BLOCK);
    int sum = 0;
    for (byte b : bytes) {
      sum += b & 0xff;
    }
    byte[] digits = "%06o\0 ".formatted(sum).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(digits, 0, bytes, 148, digits.length);
    out.write(bytes);
  }

  private static void text(ByteArrayOutputStream block, String text, int width) {
    block.writeBytes(Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), width));
  }

  private static void octal(ByteArrayOutputStream block, long value, int width) {
    text(block, ("%0" + (width - 1) + "o").formatted(value), width);
  }
}
