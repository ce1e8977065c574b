package org.k3sjvm.nodepassword;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.SCrypt;
import org.k3sjvm.base.secret.Secret;

/**
 * What a server keeps of a node password: {@code $1:salt in hex:log2 N:r:p:key in base64}. Only the
 * parameters that servers write are accepted, so a planted hash can ask for no more than 32 MiB and
 * a fraction of a second. Source: k3s v1.36.3 pkg/authenticator/hash/scrypt.go.
 */
public final class PasswordHash {
  private static final int LOG_N = 15;
  private static final int R = 8;
  private static final int P = 1;
  private static final int SALT_BYTES = 8;
  private static final int KEY_BYTES = 64;
  private static final Pattern FORM =
      Pattern.compile("\\$1:([0-9a-f]{16}):15:8:1:([A-Za-z0-9+/]{86})");

  private final byte[] salt;
  private final byte[] key;

  private PasswordHash(byte[] salt, byte[] key) {
    this.salt = salt;
    this.key = key;
  }

  /** Hashes a password under a fresh salt; takes tens of milliseconds and 32 MiB. */
  public static PasswordHash of(Secret password, RandomGenerator random) {
    byte[] salt = new byte[SALT_BYTES];
    random.nextBytes(salt);
    return new PasswordHash(salt, derive(password, salt));
  }

  /** Reads a stored hash; empty when the text is none that a server writes. */
  public static Optional<PasswordHash> parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    try {
      byte[] key = Base64.getDecoder().decode(matcher.group(2));
      return Optional.of(new PasswordHash(HexFormat.of().parseHex(matcher.group(1)), key));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether this is the password that was hashed; compares in constant time. */
  public boolean matches(Secret password) {
    return MessageDigest.isEqual(key, derive(password, salt));
  }

  /** The stored form. */
  public String text() {
    return "$1:%s:%d:%d:%d:%s"
        .formatted(
            HexFormat.of().formatHex(salt),
            LOG_N,
            R,
            P,
            Base64.getEncoder().withoutPadding().encodeToString(key));
  }

  @Override
  public String toString() {
    return "PasswordHash[redacted]";
  }

  private static byte[] derive(Secret password, byte[] salt) {
    return SCrypt.generate(
        password.reveal().getBytes(StandardCharsets.UTF_8), salt, 1 << LOG_N, R, P, KEY_BYTES);
  }
}
