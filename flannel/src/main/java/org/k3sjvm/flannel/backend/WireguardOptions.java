package org.k3sjvm.flannel.backend;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.wireguard.SecretKey;

/**
 * What an administrator may say of WireGuard. Source: flannel v0.28 pkg/backend/wireguard,
 * RegisterNetwork.
 *
 * @param mode how many interfaces, and over which family they send
 * @param listenPort UDP, of the interface of IPv4 or of both families
 * @param listenPortV6 of the interface of IPv6
 * @param uplinkMtuBytes to reckon with in place of the interface's
 * @param preshared of all nodes; empty for none
 * @param keepaliveSeconds between packets that only keep NAT open; 0 for none
 */
public record WireguardOptions(
    Mode mode,
    int listenPort,
    int listenPortV6,
    OptionalInt uplinkMtuBytes,
    Optional<SecretKey> preshared,
    int keepaliveSeconds) {
  /** How many interfaces there are, and over which family packets travel. */
  public enum Mode {
    /** One for each family of pods, which travel over addresses of the same family. */
    SEPARATE,
    /** One for both, over the family that most likely reaches the peer. */
    AUTO,
    /** One for both, over IPv4. */
    IPV4,
    /** One for both, over IPv6. */
    IPV6;

    /**
     * The mode of that name.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static Mode of(String text) {
      return Arrays.stream(values())
          .filter(mode -> mode.text().equals(text))
          .findFirst()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "Mode must be "
                          + Arrays.stream(values())
                              .map(Mode::text)
                              .collect(Collectors.joining(", "))
                          + ", not "
                          + text));
    }

    private String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Outer IPv6 40, UDP 8, type 4, key index 4, nonce 8, tag 16. */
  public static final int OVERHEAD_BYTES = 80;

  public static final int DEFAULT_PORT = 51_820;
  public static final int DEFAULT_PORT_V6 = 51_821;
  private static final int HIGHEST_PORT = 65_535;
  private static final int LONGEST_KEEPALIVE = 65_535;
  private static final int LOWEST_MTU = 1280 + OVERHEAD_BYTES; // IPv6 asks for 1280

  /** Those of every K3s cluster. Source: k3s v1.36.3 pkg/agent/flannel/setup.go. */
  public static final WireguardOptions DEFAULT =
      new WireguardOptions(
          Mode.SEPARATE, DEFAULT_PORT, DEFAULT_PORT_V6, OptionalInt.empty(), Optional.empty(), 25);

  public WireguardOptions {
    check("ListenPort", listenPort, 1, HIGHEST_PORT);
    check("ListenPortV6", listenPortV6, 1, HIGHEST_PORT);
    check("PersistentKeepaliveInterval", keepaliveSeconds, 0, LONGEST_KEEPALIVE);
    if (uplinkMtuBytes.isPresent() && uplinkMtuBytes.getAsInt() < LOWEST_MTU) {
      throw new IllegalArgumentException(
          "MTU must be at least " + LOWEST_MTU + ", not " + uplinkMtuBytes.getAsInt());
    }
    if (mode == Mode.SEPARATE && listenPort == listenPortV6) {
      throw new IllegalArgumentException(
          "ListenPort and ListenPortV6 must differ, as each interface has its own, not "
              + listenPort);
    }
  }

  /** The port on which this node hears a family's peers. */
  public int port(Family family) {
    return mode == Mode.SEPARATE && family.isIpv6() ? listenPortV6 : listenPort;
  }

  private static void check(String name, int value, int lowest, int highest) {
    if (value < lowest || value > highest) {
      throw new IllegalArgumentException(
          name + " must be " + lowest + " to " + highest + ", not " + value);
    }
  }
}
