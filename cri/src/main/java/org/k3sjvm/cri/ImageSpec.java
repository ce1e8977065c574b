package org.k3sjvm.cri;

import java.util.Map;

/**
 * An image as it is asked for.
 *
 * @param image a reference ({@code docker.io/library/busybox:1}) or the runtime's id
 * @param userSpecifiedImage the pod's own words; empty when the same
 * @param runtimeHandler whose snapshot is meant; empty for the default
 * @param imageRef what the runtime reported for the image; empty when unknown
 */
public record ImageSpec(
    String image,
    Map<String, String> annotations,
    String userSpecifiedImage,
    String runtimeHandler,
    String imageRef) {

  public ImageSpec {
    annotations = Map.copyOf(annotations);
  }

  /** Only the reference. */
  public static ImageSpec of(String image) {
    return new ImageSpec(image, Map.of(), "", "", "");
  }

  /** The runtime's reference beside the pod's own words. */
  public static ImageSpec of(String image, String userSpecifiedImage) {
    return new ImageSpec(image, Map.of(), userSpecifiedImage, "", "");
  }
}
