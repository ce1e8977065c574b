package org.k3sjvm.linux.wireguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.secret.Secret;

class KeysTest {
  /** Both from RFC 7748, 6.1. */
  @Test
  void findsThePublicKeyOfAPrivateOne() {
    assertThat(
            hex(
                key("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
                    .publicKey()))
        .isEqualTo("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  }

  @Test
  void makesKeysThatTheKernelKeepsAsTheyAre() {
    SecretKey key = SecretKey.generate(new SecureRandom());

    assertThat(key.clamped()).isEqualTo(key);
    assertThat(key.publicKey()).isNotEqualTo(SecretKey.generate(new SecureRandom()).publicKey());
  }

  @Test
  void hasOnePublicKeyWhateverTheBitsWithoutMeaning() {
    SecretKey loose = key("ff".repeat(32));

    assertThat(loose.clamped()).isNotEqualTo(loose);
    assertThat(loose.clamped().publicKey()).isEqualTo(loose.publicKey());
  }

  @Test
  void refusesWhatIsNoKeyWithoutSayingASecret() {
    assertThatThrownBy(() -> new PublicKey("abc=")).hasMessageContaining("abc=");
    assertThatThrownBy(() -> new PublicKey("!")).hasMessageContaining("is not base64");
    assertThatThrownBy(() -> new SecretKey(new Secret("c2VjcmV0")))
        .hasMessage("the secret key must be base64 of 32 bytes, not of 6");
    assertThat(SecretKey.generate(new SecureRandom()).toString()).contains("[redacted]");
  }

  private static SecretKey key(String hex) {
    return SecretKey.of(HexFormat.of().parseHex(hex));
  }

  private static String hex(PublicKey key) {
    return HexFormat.of().formatHex(key.bytes());
  }
}
