package org.k3sjvm.cli;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which code encrypts. The virtual machine's quick compiler does not use the processor's
 * instructions for AES, so ciphers, signatures and digests are those of AWS-LC, whose native
 * library lies beside the program. Where that cannot be loaded they are the JDK's, and peers are
 * asked for ChaCha20 first, the fastest of them (docs/adr/0004-jvm-settings.md).
 */
final class Ciphers {
  private static final Logger log = LoggerFactory.getLogger(Ciphers.class);

  /** Takes the library from {@code java.library.path}, in place of copying it to {@code /tmp}. */
  private static final String BESIDE = "com.amazon.corretto.crypto.provider.useExternalLib";

  private static final String CHACHA20_FIRST =
      String.join(
          ",",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");

  private Ciphers() {}

  /** Call before the first use of TLS; what the user set in the properties stays. */
  static void choose() {
    System.setProperty(BESIDE, "true");
    AmazonCorrettoCryptoProvider.install();
    Throwable fault = AmazonCorrettoCryptoProvider.INSTANCE.getLoadingError();
    if (fault != null) {
      log.atInfo()
          .addKeyValue("libraryPath", System.getProperty("java.library.path"))
          .addKeyValue("reason", fault.getMessage())
          .log("encrypting with the JDK's code, which is slower");
      for (String side : new String[] {"client", "server"}) {
        String property = "jdk.tls." + side + ".cipherSuites";
        System.setProperty(property, System.getProperty(property, CHACHA20_FIRST));
      }
    }
  }
}
