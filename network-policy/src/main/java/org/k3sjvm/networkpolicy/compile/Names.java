package org.k3sjvm.networkpolicy.compile;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/** Names of chains and sets by what they contain: another content has another name. */
final class Names {
  private static final int HASH_BYTES = 10; // two in 2^40 things would share a name

  private Names() {}

  static String of(String prefix, String content) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
      return prefix
          + "-"
          + new BigInteger(1, Arrays.copyOf(hash, HASH_BYTES)).toString(Character.MAX_RADIX);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
