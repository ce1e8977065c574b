package org.k3sjvm.agent.config;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One setting of the kubelet.
 *
 * @param name of the flag, without dashes; {@code -} where only the file has it
 * @param path in KubeletConfiguration, steps separated by dots; a flag that no file has is its own
 *     path
 * @param acts whether this kubelet does something with it
 */
record KubeletFlag(String name, String path, Kind kind, boolean acts) {
  /** How a value is written. */
  enum Kind {
    BOOL,
    INT,
    DURATION,
    TEXT,
    PATH,
    /** Separated by commas. */
    LIST,
    /** {@code key=value} separated by commas. */
    MAP,
    /** {@code signal<amount} separated by commas. */
    THRESHOLDS,
    /** {@code key:value} separated by commas; keys may repeat. */
    HEADERS,
    /** {@code key=value:Effect} separated by commas. */
    TAINTS
  }

  /**
   * Flag, path, kind, and {@code acts} or what is said in its place. Source: kubelet v1.36
   * cmd/kubelet/app/options/options.go and staging/src/k8s.io/kubelet/config/v1beta1/types.go.
   */
  private static final String TABLE =
      """
      root-dir . PATH acts
      port port INT acts
      max-pods maxPods INT acts
      pods-per-core podsPerCore INT acts
      pod-max-pids podPidsLimit INT acts
      cgroup-driver cgroupDriver TEXT acts
      cgroup-root cgroupRoot TEXT acts
      cgroups-per-qos cgroupsPerQOS BOOL acts
      kube-reserved kubeReserved MAP acts
      system-reserved systemReserved MAP acts
      eviction-hard evictionHard THRESHOLDS acts
      register-with-taints registerWithTaints TAINTS acts
      provider-id providerID TEXT acts
      node-status-update-frequency nodeStatusUpdateFrequency DURATION acts
      - nodeStatusReportFrequency DURATION acts
      - nodeLeaseDurationSeconds INT acts
      cluster-dns clusterDNS LIST acts
      cluster-domain clusterDomain TEXT acts
      resolv-conf resolvConf PATH acts
      serialize-image-pulls serializeImagePulls BOOL acts
      max-parallel-image-pulls maxParallelImagePulls INT acts
      fail-swap-on failSwapOn BOOL acts
      sync-frequency syncFrequency DURATION -
      pod-manifest-path staticPodPath PATH acts
      file-check-frequency fileCheckFrequency DURATION acts
      http-check-frequency httpCheckFrequency DURATION acts
      manifest-url staticPodURL TEXT acts
      manifest-url-header staticPodURLHeader HEADERS acts
      registry-qps registryPullQPS INT acts
      registry-burst registryBurst INT acts
      event-qps eventRecordQPS INT -
      event-burst eventBurst INT -
      enforce-node-allocatable enforceNodeAllocatable LIST acts
      kube-reserved-cgroup kubeReservedCgroup TEXT acts
      system-reserved-cgroup systemReservedCgroup TEXT acts
      cpu-cfs-quota cpuCFSQuota BOOL acts
      cpu-cfs-quota-period cpuCFSQuotaPeriod DURATION acts
      - memorySwap.swapBehavior TEXT acts
      - singleProcessOOMKill BOOL acts
      seccomp-default seccompDefault BOOL acts
      allowed-unsafe-sysctls allowedUnsafeSysctls LIST acts
      - crashLoopBackOff.maxContainerRestartPeriod DURATION -
      node-status-max-images nodeStatusMaxImages INT acts
      feature-gates featureGates MAP acts
      address address TEXT -
      read-only-port readOnlyPort INT -
      healthz-port healthzPort INT -
      healthz-bind-address healthzBindAddress TEXT -
      hostname-override . TEXT -
      node-ip . TEXT -
      node-labels . MAP -
      cloud-provider . TEXT -
      cert-dir . PATH -
      kubeconfig . PATH -
      anonymous-auth authentication.anonymous.enabled BOOL -
      authentication-token-webhook authentication.webhook.enabled BOOL -
      authentication-token-webhook-cache-ttl authentication.webhook.cacheTTL DURATION -
      client-ca-file authentication.x509.clientCAFile PATH -
      authorization-mode authorization.mode TEXT -
      authorization-webhook-cache-authorized-ttl authorization.webhook.cacheAuthorizedTTL DURATION -
      authorization-webhook-cache-unauthorized-ttl authorization.webhook.cacheUnauthorizedTTL DURATION -
      tls-cert-file tlsCertFile PATH -
      tls-private-key-file tlsPrivateKeyFile PATH -
      rotate-server-certificates serverTLSBootstrap BOOL -
      tls-cipher-suites tlsCipherSuites LIST -
      tls-min-version tlsMinVersion TEXT -
      rotate-certificates rotateCertificates BOOL -
      enable-server enableServer BOOL -
      enable-debugging-handlers enableDebuggingHandlers BOOL -
      - enableSystemLogHandler BOOL -
      - enableSystemLogQuery BOOL -
      - enableProfilingHandler BOOL -
      - enableDebugFlagsHandler BOOL -
      contention-profiling enableContentionProfiling BOOL -
      oom-score-adj oomScoreAdj INT -
      volume-plugin-dir volumePluginDir PATH -
      streaming-connection-idle-timeout streamingConnectionIdleTimeout DURATION -
      minimum-image-ttl-duration imageMinimumGCAge DURATION -
      - imageMaximumGCAge DURATION -
      image-gc-high-threshold imageGCHighThresholdPercent INT -
      image-gc-low-threshold imageGCLowThresholdPercent INT -
      volume-stats-agg-period volumeStatsAggPeriod DURATION -
      kubelet-cgroups kubeletCgroups TEXT -
      system-cgroups systemCgroups TEXT -
      runtime-cgroups . TEXT -
      cpu-manager-policy cpuManagerPolicy TEXT -
      cpu-manager-policy-options cpuManagerPolicyOptions MAP -
      cpu-manager-reconcile-period cpuManagerReconcilePeriod DURATION -
      qos-reserved qosReserved MAP -
      topology-manager-policy topologyManagerPolicy TEXT -
      topology-manager-policy-options topologyManagerPolicyOptions MAP -
      topology-manager-scope topologyManagerScope TEXT -
      memory-manager-policy memoryManagerPolicy TEXT -
      reserved-memory reservedMemory TEXT -
      reserved-cpus reservedSystemCPUs TEXT -
      runtime-request-timeout runtimeRequestTimeout DURATION -
      hairpin-mode hairpinMode TEXT -
      pod-cidr podCIDR TEXT -
      enable-controller-attach-detach enableControllerAttachDetach BOOL -
      make-iptables-util-chains makeIPTablesUtilChains BOOL -
      container-log-max-size containerLogMaxSize TEXT -
      container-log-max-files containerLogMaxFiles INT -
      - containerLogMaxWorkers INT -
      - containerLogMonitorInterval DURATION -
      kernel-memcg-notification kernelMemcgNotification BOOL -
      local-storage-capacity-isolation localStorageCapacityIsolation BOOL -
      max-open-files maxOpenFiles INT -
      kube-api-content-type contentType TEXT -
      kube-api-qps kubeAPIQPS INT -
      kube-api-burst kubeAPIBurst INT -
      eviction-soft evictionSoft THRESHOLDS -
      eviction-soft-grace-period evictionSoftGracePeriod MAP -
      eviction-pressure-transition-period evictionPressureTransitionPeriod DURATION -
      eviction-max-pod-grace-period evictionMaxPodGracePeriod INT -
      eviction-minimum-reclaim evictionMinimumReclaim MAP -
      protect-kernel-defaults protectKernelDefaults BOOL acts
      register-node registerNode BOOL -
      container-runtime-endpoint containerRuntimeEndpoint TEXT -
      image-service-endpoint imageServiceEndpoint TEXT -
      image-credential-provider-config . PATH -
      image-credential-provider-bin-dir . PATH -
      fail-cgroupv1 failCgroupV1 BOOL -
      - memoryThrottlingFactor TEXT -
      - shutdownGracePeriod DURATION -
      - shutdownGracePeriodCriticalPods DURATION -
      - podLogsDir PATH -
      v logging.verbosity INT -
      vmodule logging.vmodule TEXT -
      logging-format logging.format TEXT -
      log-flush-frequency logging.flushFrequency TEXT -
      lock-file . PATH -
      exit-on-lock-contention . BOOL -
      maximum-dead-containers . INT -
      maximum-dead-containers-per-container . INT -
      minimum-container-ttl-duration . DURATION -
      """;

  /** Every setting that upstream knows. */
  static final List<KubeletFlag> ALL = TABLE.lines().map(KubeletFlag::row).toList();

  static final Map<String, KubeletFlag> BY_NAME =
      ALL.stream()
          .filter(flag -> !flag.name().equals("-"))
          .collect(Collectors.toUnmodifiableMap(KubeletFlag::name, Function.identity()));

  static final Map<String, KubeletFlag> BY_PATH =
      ALL.stream().collect(Collectors.toUnmodifiableMap(KubeletFlag::path, Function.identity()));

  private static KubeletFlag row(String line) {
    String[] words = line.split(" ", -1);
    String path = words[1].equals(".") ? words[0] : words[1];
    return new KubeletFlag(words[0], path, Kind.valueOf(words[2]), words[3].equals("acts"));
  }
}
