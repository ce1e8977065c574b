package org.k3sjvm.flannel.backend;

import java.net.InetAddress;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.uplink.Uplink;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.VxlanSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The device {@code flannel.1} or {@code flannel-v6.1}: made, mended, and left when we stop. */
public final class VxlanDevice {
  private static final Logger log = LoggerFactory.getLogger(VxlanDevice.class);

  /** Outer IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14; also asked for with IPv6, as upstream. */
  public static final int OVERHEAD_BYTES = 50;

  /** What an IPv6 device needs: the outer header is 20 bytes longer, and the kernel insists. */
  private static final int OVERHEAD_V6_BYTES = 70;

  private final HostNetwork network;
  private final Sysctls sysctls;
  private final RandomGenerator random;
  private final Family family;
  private final VxlanOptions options;

  public VxlanDevice(
      HostNetwork network,
      Sysctls sysctls,
      RandomGenerator random,
      Family family,
      VxlanOptions options) {
    this.options = options;
    this.network = network;
    this.sysctls = sysctls;
    this.random = random;
    this.family = family;
  }

  public String name() {
    return (family.isIpv6() ? "flannel-v6." : "flannel.") + options.vni();
  }

  /**
   * Makes the device what it should be; one that is as it should be is left alone, with its MAC
   * address.
   *
   * @param uplink carries it
   * @param subnet pods of this node
   * @param clusterNetwork pods of all nodes
   * @param announced the MAC address that peers know, for a device that must be made
   * @return as it is now, with the MAC address to announce
   * @throws LinuxException when the kernel refuses
   */
  public Link ensure(
      Uplink uplink, Cidr subnet, Cidr clusterNetwork, Optional<MacAddress> announced) {
    InetAddress local = uplink.addresses().get(family);
    if (local == null) {
      throw new IllegalArgumentException("the uplink has no " + family + " address");
    }
    VxlanSettings wanted =
        new VxlanSettings(
            options.vni(),
            uplink.link().index(),
            Optional.of(local),
            Optional.empty(),
            options.port(),
            options.learning(),
            options.gbp());
    int mtuBytes = mtuBytes(uplink);
    Link link = present(wanted, mtuBytes, announced);
    DeviceAddress.ensure(network, link, subnet, clusterNetwork);
    if (!link.up()) {
      network.setUp(link.index());
    }
    return network
        .link(name())
        .orElseThrow(
            () ->
                new LinuxException.NotFound(
                    "interface " + name() + " went away while it was set up", 0));
  }

  /** What fits into the tunnel. */
  public int mtuBytes(Uplink uplink) {
    return options.uplinkMtuBytes().orElse(uplink.link().mtuBytes()) - OVERHEAD_BYTES;
  }

  /** Removes the device of an earlier backend; one of another kind is not ours and stays. */
  public void remove() {
    network
        .link(name())
        .filter(this::hasOurVni)
        .ifPresent(link -> network.deleteLink(link.index()));
  }

  private Link present(VxlanSettings wanted, int mtuBytes, Optional<MacAddress> announced) {
    Optional<Link> found = network.link(name());
    if (found.isPresent() && isCompatible(found.get(), wanted)) {
      return mended(found.get(), mtuBytes);
    }
    if (found.isPresent()) {
      log.atWarn()
          .addKeyValue("link", name())
          .addKeyValue("found", found.get())
          .log("an interface of another make has our name, replacing it");
      network.deleteLink(found.get().index());
    }
    MacAddress mac = announced.orElseGet(() -> MacAddress.random(random));
    try {
      network.createVxlan(name(), mac, mtuBytes, wanted);
    } catch (LinuxException.AlreadyExists e) {
      throw new LinuxException.Failed(
          e.getMessage() + "; " + holder().orElse("look at ip -d link show type vxlan"), e);
    }
    try {
      sysctls.ensure("net/ipv6/conf/" + name() + "/accept_ra", "0");
    } catch (LinuxException e) {
      log.atDebug().addKeyValue("reason", e.getMessage()).log("accept_ra was left as it is");
    }
    log.atInfo()
        .addKeyValue("link", name())
        .addKeyValue("mac", mac)
        .addKeyValue("mtu", mtuBytes)
        .addKeyValue("local", wanted.local().map(InetAddress::getHostAddress).orElse(""))
        .log("VXLAN interface created");
    return network
        .link(name())
        .orElseThrow(() -> new LinuxException.NotFound("interface " + name() + " went away", 0));
  }

  /**
   * MTU, learning and MAC are no reason to make it anew. Source: flannel v0.28, vxlanLinksIncompat.
   */
  private static boolean isCompatible(Link link, VxlanSettings wanted) {
    return link.vxlan()
        .filter(
            found ->
                found.vni() == wanted.vni()
                    && (found.lowerLink() == 0 || found.lowerLink() == wanted.lowerLink())
                    && (found.local().isEmpty() || found.local().equals(wanted.local()))
                    && found.group().isEmpty()
                    && (wanted.port() == 0 || found.port() == wanted.port())
                    && found.gbp() == wanted.gbp())
        .isPresent();
  }

  private Link mended(Link link, int mtuBytes) {
    int possible = family.isIpv6() ? mtuBytes + OVERHEAD_BYTES - OVERHEAD_V6_BYTES : mtuBytes;
    boolean mtuFits = link.mtuBytes() == mtuBytes || link.mtuBytes() == possible;
    if (!mtuFits) {
      network.setMtu(link.index(), possible);
    }
    if (link.vxlan().filter(found -> found.learning() != options.learning()).isPresent()) {
      network.setLearning(link.index(), options.learning());
    }
    return link;
  }

  private Optional<String> holder() {
    return network.links().stream()
        .filter(this::hasOurVni)
        .findFirst()
        .map(
            link ->
                "interface "
                    + link.name()
                    + " has VXLAN "
                    + options.vni()
                    + " on that port: remove it");
  }

  private boolean hasOurVni(Link link) {
    return link.vxlan().filter(vxlan -> vxlan.vni() == options.vni()).isPresent();
  }
}
