package org.k3sjvm.agent.config;

import java.util.Set;

/** The names of feature gates that upstream's kubelet knows. */
final class FeatureGates {
  /** Source: Kubernetes v1.36.3 pkg/features, apiserver and component-base features. */
  private static final String NAMES =
      """
      APIResponseCompression APIServerIdentity APIServerTracing APIServingWithRoutine
      AggregatedDiscoveryRemoveBetaType AllAlpha AllBeta AllowDNSOnlyNodeCSR
      AllowInsecureKubeletCertificateSigningRequests
      AllowOverwriteTerminationGracePeriodSeconds AllowParsingUserUIDFromCertAuth
      AllowServiceExternalIPs AllowUnsafeMalformedObjectDeletion
      AnonymousAuthConfigurableEndpoints AnyVolumeDataSource AuthorizeNodeWithSelectors
      AuthorizePodWebsocketUpgradeCreatePermission AuthorizeWithSelectors BtreeWatchCache
      CBORServingAndStorage CPUManagerPolicyAlphaOptions CPUManagerPolicyBetaOptions
      CPUManagerPolicyOptions CRDObservedGenerationTracking CRDValidationRatcheting
      CRIListStreaming CSIServiceAccountTokenSecrets CSIVolumeHealth
      ChangeContainerStatusOnKubeletRestart ClearingNominatedNodeNameAfterBinding
      CloudControllerManagerWatchBasedRoutesReconciliation CloudControllerManagerWebhook
      ClusterTrustBundle ClusterTrustBundleProjection ComponentFlagz ComponentStatusz
      ConcurrentWatchObjectDecode ConsistentListFromCache ConstrainedImpersonation
      ContainerCheckpoint ContainerRestartRules ContainerStopSignals ContextualLogging
      ControllerManagerReleaseLeaderElectionLockOnExit CoordinatedLeaderElection
      CrossNamespaceVolumeDataSource CustomCPUCFSQuotaPeriod CustomResourceFieldSelectors
      DRAAdminAccess DRAConsumableCapacity DRADeviceBindingConditions DRADeviceTaintRules
      DRADeviceTaints DRAExtendedResource DRAListTypeAttributes DRANodeAllocatableResources
      DRAPartitionableDevices DRAPrioritizedList DRAResourceClaimDeviceStatus
      DRAResourceClaimGranularStatusAuthorization DRAResourcePoolStatus
      DRASchedulerFilterTimeout DRAWorkloadResourceClaims DeclarativeValidation
      DeclarativeValidationBeta DeclarativeValidationTakeover
      DeploymentReplicaSetTerminatingReplicas DetectCacheInconsistency
      DisableAllocatorDualWrite DisableCPUQuotaWithExclusiveCPUs DisableNodeKubeProxyVersion
      DynamicResourceAllocation EnvFiles EventedPLEG ExecProbeTimeout
      ExtendWebSocketsToKubelet ExternalServiceAccountTokenSigner GangScheduling
      GenericWorkload GitRepoVolumeDriver GracefulNodeShutdown
      GracefulNodeShutdownBasedOnPodPriority HPAConfigurableTolerance HPAScaleToZero
      HostnameOverride ImageMaximumGCAge ImageVolume ImageVolumeWithDigest
      InPlacePodLevelResourcesVerticalScaling InPlacePodVerticalScaling
      InPlacePodVerticalScalingExclusiveCPUs InPlacePodVerticalScalingExclusiveMemory
      InPlacePodVerticalScalingInitContainers JobBackoffLimitPerIndex JobManagedBy
      JobPodReplacementPolicy JobSuccessPolicy KMSv1 KubeletCgroupDriverFromCRI
      KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletFineGrainedAuthz
      KubeletInUserNamespace KubeletPSI KubeletPodResourcesDynamicResources
      KubeletPodResourcesGet KubeletPodResourcesListUseActivePods
      KubeletRegistrationGetOnExistsOnly KubeletSeparateDiskGC
      KubeletServiceAccountTokenForCredentialProviders KubeletTracing ListFromCacheSnapshot
      LocalStorageCapacityIsolationFSQuotaMonitoring LogarithmicScaleDown LoggingAlphaOptions
      LoggingBetaOptions LoggingStableOptions ManifestBasedAdmissionControlConfig
      MatchLabelKeysInPodAffinity MatchLabelKeysInPodTopologySpread
      MatchLabelKeysInPodTopologySpreadSelectorMerge MaxUnavailableStatefulSet MemoryQoS
      MultiCIDRServiceAllocator MutableCSINodeAllocatableCount MutablePVNodeAffinity
      MutablePodResourcesForSuspendedJobs MutableSchedulingDirectivesForSuspendedJobs
      MutatingAdmissionPolicy MyFeature NFTablesProxyMode NativeHistograms
      NodeDeclaredFeatures NodeInclusionPolicyInPodTopologySpread NodeLogQuery NodeSwap
      NominatedNodeNameForExpectation OpenAPIEnums OpportunisticBatching
      OrderedNamespaceDeletion PLEGOnDemandRelist PersistentVolumeClaimUnusedSinceTime
      PodAndContainerStatsFromCRI PodCertificateRequest PodDeletionCost
      PodLevelResourceManagers PodLevelResources PodLifecycleSleepAction
      PodLifecycleSleepActionAllowZero PodLogsQuerySplitStreams PodObservedGenerationTracking
      PodReadyToStartContainersCondition PodSchedulingReadiness PodTopologyLabelsAdmission
      PodsAPI PortForwardWebsockets PreferSameTrafficDistribution
      PreventStaticPodAPIReferences ProcMountType QOSReserved RecoverVolumeExpansionFailure
      RecursiveReadOnlyMounts ReduceDefaultCrashLoopBackOffDecay RelaxedDNSSearchValidation
      RelaxedEnvironmentVariableValidation RelaxedServiceNameValidation
      ReloadKubeletServerCertificateFile RemoteRequestHeaderUID
      ResilientWatchCacheInitialization ResourceHealthStatus ResourceHealthStatusMessage
      RestartAllContainersOnContainerExits RetryGenerateName RotateKubeletServerCertificate
      RuntimeClassInImageCriApi SELinuxChangePolicy SELinuxMount SELinuxMountReadWriteOncePod
      SchedulerAsyncAPICalls SchedulerAsyncPreemption SchedulerPopFromBackoffQ
      SchedulerQueueingHints SeparateCacheWatchRPC SeparateTaintEvictionController
      ServiceAccountNodeAudienceRestriction ServiceAccountTokenJTI
      ServiceAccountTokenNodeBinding ServiceAccountTokenNodeBindingValidation
      ServiceAccountTokenPodNodeInfo ServiceCIDRStatusFieldWiping ShardedListAndWatch
      SidecarContainers SizeBasedListCostEstimate StaleControllerConsistencyDaemonSet
      StaleControllerConsistencyJob StaleControllerConsistencyReplicaSet
      StaleControllerConsistencyStatefulSet StatefulSetSemanticRevisionComparison
      StorageCapacityScoring StorageNamespaceIndex StorageVersionAPI StorageVersionHash
      StorageVersionMigrator StreamingCollectionEncodingToJSON
      StreamingCollectionEncodingToProtobuf StrictIPCIDRValidation
      StructuredAuthenticationConfiguration
      StructuredAuthenticationConfigurationEgressSelector
      StructuredAuthenticationConfigurationJWKSMetrics SupplementalGroupsPolicy
      TaintTolerationComparisonOperators TokenRequestServiceAccountUIDValidation
      TopologyAwareWorkloadScheduling TopologyManagerPolicyAlphaOptions
      TopologyManagerPolicyBetaOptions TopologyManagerPolicyOptions
      TranslateStreamCloseWebsocketRequests UnauthenticatedHTTP2DOSMitigation
      UnknownVersionInteroperabilityProxy UserNamespacesHostNetworkSupport
      UserNamespacesSupport VolumeAttributesClass VolumeLimitScaling
      WatchCacheInitializationPostStartHook WatchList WinDSR WinOverlay
      WindowsCPUAndMemoryAffinity WindowsGracefulNodeShutdown WindowsHostNetwork
      WorkloadAwarePreemption WorkloadWithJob
      """;

  private static final Set<String> KNOWN = Set.of(NAMES.strip().split("\\s+"));

  private FeatureGates() {}

  static boolean knows(String name) {
    return KNOWN.contains(name);
  }
}
