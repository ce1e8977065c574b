package org.k3sjvm.flannel.lease;

import java.util.List;
import java.util.Map;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.flannel.files.NetConf;

/** What an administrator writes for flannel, and what other nodes say of themselves. */
public final class FuzzedFlannel implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.text("flannel-conf", NetConf::read, IllegalArgumentException.class)
            .seeds(
                "{\"Network\":\"10.42.0.0/16\",\"EnableIPv6\":true,\"EnableIPv4\":true,\"IPv6Network\":"
                    + "\"2001:db8:42::/56\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":7,\"Port\":4789,"
                    + "\"MTU\":1400,\"GBP\":true,\"Learning\":false,\"DirectRouting\":true}}",
                "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}"),
        FuzzTarget.text("annotations of a peer", FuzzedFlannel::annotations)
            .seeds("{\"VNI\":1,\"VtepMAC\":\"02:11:22:33:44:55\"}\n10.0.0.1", "null\n2001:db8::1"));
  }

  private static void annotations(String text) {
    int line = text.indexOf('\n');
    for (Family family : Family.values()) {
      Map<String, String> annotations =
          Map.of(
              family.backendDataAnnotation(),
              line < 0 ? text : text.substring(0, line),
              family.publicIpAnnotation(),
              text.substring(line + 1));
      var _ = FlannelAnnotations.mac(annotations, family);
      var _ = FlannelAnnotations.vni(annotations, family);
      var _ = FlannelAnnotations.publicIp(annotations, family);
    }
  }
}
