package org.k3sjvm.cri.grpc;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerStats;
import org.k3sjvm.cri.CpuUsage;
import org.k3sjvm.cri.FilesystemUsage;
import org.k3sjvm.cri.ImageFsInfo;
import org.k3sjvm.cri.MemoryUsage;
import org.k3sjvm.cri.SwapUsage;
import org.k3sjvm.cri.proto.ImageFsInfoResponse;
import org.k3sjvm.cri.proto.UInt64Value;

/** What things take, as our records. */
final class StatsFromProto {
  private StatsFromProto() {}

  static ContainerStats container(org.k3sjvm.cri.proto.ContainerStats from) {
    return new ContainerStats(
        new ContainerId(from.getAttributes().getId()),
        StatesFromProto.metadata(from.getAttributes().getMetadata()),
        from.getAttributes().getLabelsMap(),
        from.hasCpu() ? Optional.of(cpu(from.getCpu())) : Optional.empty(),
        from.hasMemory() ? Optional.of(memory(from.getMemory())) : Optional.empty(),
        from.hasSwap() ? Optional.of(swap(from.getSwap())) : Optional.empty(),
        from.hasWritableLayer()
            ? Optional.of(filesystem(from.getWritableLayer()))
            : Optional.empty());
  }

  static ImageFsInfo imageFs(ImageFsInfoResponse from) {
    return new ImageFsInfo(
        filesystems(from.getImageFilesystemsList()),
        filesystems(from.getContainerFilesystemsList()));
  }

  private static List<FilesystemUsage> filesystems(
      List<org.k3sjvm.cri.proto.FilesystemUsage> from) {
    return from.stream().map(StatsFromProto::filesystem).toList();
  }

  private static FilesystemUsage filesystem(org.k3sjvm.cri.proto.FilesystemUsage from) {
    return new FilesystemUsage(
        StatesFromProto.instant(from.getTimestamp()),
        from.getFsId().getMountpoint(),
        number(from.hasUsedBytes(), from.getUsedBytes()),
        number(from.hasInodesUsed(), from.getInodesUsed()));
  }

  private static CpuUsage cpu(org.k3sjvm.cri.proto.CpuUsage from) {
    return new CpuUsage(
        StatesFromProto.instant(from.getTimestamp()),
        number(from.hasUsageCoreNanoSeconds(), from.getUsageCoreNanoSeconds()),
        number(from.hasUsageNanoCores(), from.getUsageNanoCores()));
  }

  private static MemoryUsage memory(org.k3sjvm.cri.proto.MemoryUsage from) {
    return new MemoryUsage(
        StatesFromProto.instant(from.getTimestamp()),
        number(from.hasWorkingSetBytes(), from.getWorkingSetBytes()),
        number(from.hasAvailableBytes(), from.getAvailableBytes()),
        number(from.hasUsageBytes(), from.getUsageBytes()),
        number(from.hasRssBytes(), from.getRssBytes()),
        number(from.hasPageFaults(), from.getPageFaults()),
        number(from.hasMajorPageFaults(), from.getMajorPageFaults()));
  }

  private static SwapUsage swap(org.k3sjvm.cri.proto.SwapUsage from) {
    return new SwapUsage(
        StatesFromProto.instant(from.getTimestamp()),
        number(from.hasSwapAvailableBytes(), from.getSwapAvailableBytes()),
        number(from.hasSwapUsageBytes(), from.getSwapUsageBytes()));
  }

  private static OptionalLong number(boolean present, UInt64Value value) {
    return present ? OptionalLong.of(value.getValue()) : OptionalLong.empty();
  }
}
