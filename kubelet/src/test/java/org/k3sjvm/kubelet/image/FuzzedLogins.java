package org.k3sjvm.kubelet.image;

import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** Logins to registries, and names of images. */
public final class FuzzedLogins implements FuzzTargets {
  private static final String LOGINS =
      "{\"a.example\":{\"auth\":\"dTpw\",\"email\":\"e\"},\"https://b/v1\":{\"username\":\"u\","
          + "\"password\":\"p\",\"identitytoken\":\"t\"}}";

  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.text("docker config", DockerConfigs::read, IllegalArgumentException.class)
            .seeds("{\"auths\":" + LOGINS + "}"),
        FuzzTarget.text(
                "old docker config", DockerConfigs::readLegacy, IllegalArgumentException.class)
            .seeds(LOGINS),
        FuzzTarget.text("image of a container", FuzzedLogins::name, IllegalArgumentException.class)
            .seeds(
                "busybox", "a.example:5000/b/c:1.2@sha256:" + "0a".repeat(32), "localhost/a-b__c")
            .words("/", "a/", "__", "-", ".", "@sha256:", ":latest"),
        FuzzTarget.text("place of a registry", Registry::parse)
            .seeds("https://a.example:5000/v1/", "*.b.example/c", "a"));
  }

  private static void name(String text) {
    ImageName name = ImageName.parse(text);
    var _ = name.tagged();
    var _ = name.defaultPolicy();
  }
}
