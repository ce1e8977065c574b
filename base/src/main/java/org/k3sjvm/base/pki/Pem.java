package org.k3sjvm.base.pki;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * PEM text to blocks and back, in the canonical form of RFC 7468: 64 columns, one newline at each
 * end.
 */
public final class Pem {
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";
  private static final Base64.Encoder BASE64 = Base64.getMimeEncoder(64, new byte[] {'\n'});

  private Pem() {}

  /**
   * One block.
   *
   * @param type the label, such as {@code CERTIFICATE}
   * @param der the decoded bytes; not copied
   */
  public record Block(String type, @SuppressWarnings("ArrayRecordComponent") byte[] der) {
    public boolean isPrivateKey() {
      return type.contains("PRIVATE KEY");
    }

    /** This block as PEM text, ending in a newline. */
    public String text() {
      return "-----BEGIN "
          + type
          + "-----\n"
          + BASE64.encodeToString(der)
          + "\n-----END "
          + type
          + "-----\n";
    }
  }

  /**
   * The blocks in order; text around them is skipped, a block that does not decode is left out.
   * Each character is looked at a few times at most: the text may come from anybody.
   */
  public static List<Block> parse(String text) {
    List<Block> blocks = new ArrayList<>();
    int begin = text.indexOf(BEGIN);
    while (begin >= 0) {
      int label = begin + BEGIN.length();
      int labelEnd = skip(text, label, Pem::isOfLabel);
      int next = labelEnd;
      if (labelEnd > label && text.startsWith(DASHES, labelEnd)) {
        String type = text.substring(label, labelEnd);
        int body = labelEnd + DASHES.length();
        int bodyEnd = skip(text, body, Pem::isOfBody);
        String end = END + type + DASHES;
        if (text.startsWith(end, bodyEnd)) {
          decode(text.substring(body, bodyEnd)).ifPresent(der -> blocks.add(new Block(type, der)));
          next = bodyEnd + end.length();
        }
      }
      begin = text.indexOf(BEGIN, next);
    }
    return List.copyOf(blocks);
  }

  private static int skip(String text, int from, IntPredicate what) {
    int at = from;
    while (at < text.length() && what.test(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static boolean isOfLabel(int c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
  }

  private static boolean isOfBody(int c) {
    return (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z')
        || (c >= '0' && c <= '9')
        || c == '+'
        || c == '/'
        || c == '='
        || c == ' '
        || (c >= '\t' && c <= '\r');
  }

  private static Optional<byte[]> decode(String base64) {
    try {
      return Optional.of(
          Base64.getMimeDecoder().decode(base64.getBytes(StandardCharsets.US_ASCII)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
