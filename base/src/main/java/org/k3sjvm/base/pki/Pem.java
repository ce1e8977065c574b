package org.k3sjvm.base.pki;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PEM text to blocks and back, in the canonical form of RFC 7468: 64 columns, one newline at each
 * end.
 */
public final class Pem {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----\\s*([A-Za-z0-9+/=\\s]*?)-----END \\1-----");
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

  /** The blocks in order; text around them is skipped, a block that does not decode is left out. */
  public static List<Block> parse(String text) {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(text);
    while (matcher.find()) {
      decode(matcher.group(2)).ifPresent(der -> blocks.add(new Block(matcher.group(1), der)));
    }
    return List.copyOf(blocks);
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
