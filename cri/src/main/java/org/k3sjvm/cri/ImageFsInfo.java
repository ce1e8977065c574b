package org.k3sjvm.cri;

import java.util.List;

/** Where images and containers' writable layers lie and how much they take; may be empty. */
public record ImageFsInfo(
    List<FilesystemUsage> imageFilesystems, List<FilesystemUsage> containerFilesystems) {

  public ImageFsInfo {
    imageFilesystems = List.copyOf(imageFilesystems);
    containerFilesystems = List.copyOf(containerFilesystems);
  }
}
