package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.ClusterTrustBundleProjection;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Selection;

/**
 * Certificates of authorities from ClusterTrustBundles. They are always asked for as a list, since
 * a list that is not found tells a cluster without this API from one without this object. Source:
 * kubelet v1.36 pkg/kubelet/clustertrustbundle; the API page of ClusterTrustBundle.
 */
final class TrustBundles {
  private static final String CERTIFICATE = "CERTIFICATE";

  /** The newest first. */
  private static final List<Resource<GenericKubernetesResource>> VERSIONS =
      List.of(version("v1beta1"), version("v1alpha1"));

  private final KubeApi api;

  TrustBundles(KubeApi api) {
    this.api = api;
  }

  /**
   * The certificates as PEM text, each once, in an order that depends on them alone; empty when
   * none is found and none needs to be.
   */
  String certificates(ClusterTrustBundleProjection wanted) throws InterruptedException {
    String name = wanted.getName();
    String signer = wanted.getSignerName();
    List<GenericKubernetesResource> found;
    if (name != null) {
      found = list(Selection.byField("metadata.name=" + name));
    } else if (signer == null) {
      throw new VolumeException(
          "ClusterTrustBundle projection requires either name or signerName to be set");
    } else if (wanted.getLabelSelector() == null) {
      found = List.of(); // no selector selects nothing, an empty one everything
    } else {
      String labels = text(wanted.getLabelSelector());
      found = list(new Selection("", "spec.signerName=" + signer, labels));
    }
    if (found.isEmpty() && !Boolean.TRUE.equals(wanted.getOptional())) {
      throw new VolumeException(
          name == null
              ? "combination of signerName and labelSelector matched zero ClusterTrustBundles"
              : "ClusterTrustBundle \"" + name + "\" not found");
    }
    return normalize(found);
  }

  private List<GenericKubernetesResource> list(Selection selection) throws InterruptedException {
    for (Resource<GenericKubernetesResource> version : VERSIONS) {
      try {
        return api.list(version, ListRequest.newest(selection)).items();
      } catch (KubeException.NotFound _) {
        // not served in this version
      } catch (KubeException e) {
        throw new VolumeException("failed to list ClusterTrustBundles: " + e.statusMessage(), e);
      }
    }
    throw new VolumeException(
        "the cluster does not serve ClusterTrustBundles; start its API server with"
            + " --feature-gates=ClusterTrustBundle=true,ClusterTrustBundleProjection=true"
            + " --runtime-config=certificates.k8s.io/v1beta1=true");
  }

  private static String normalize(List<GenericKubernetesResource> bundles) {
    TreeSet<byte[]> certificates = new TreeSet<>(Arrays::compareUnsigned);
    for (GenericKubernetesResource bundle : bundles) {
      String text = Objects.toString(bundle.get("spec", "trustBundle"), "");
      Pem.parse(text).stream()
          .filter(block -> block.type().equals(CERTIFICATE))
          .map(Pem.Block::der)
          .forEach(certificates::add);
    }
    StringBuilder text = new StringBuilder();
    certificates.forEach(der -> text.append(new Pem.Block(CERTIFICATE, der).text()));
    return text.toString();
  }

  /** A selector as a request has it. */
  private static String text(LabelSelector selector) {
    List<String> parts = new ArrayList<>();
    Map<String, String> equal = selector.getMatchLabels();
    new TreeMap<>(equal == null ? Map.of() : equal)
        .forEach((label, value) -> parts.add(label + "=" + value));
    PodFacts.orEmpty(selector.getMatchExpressions()).forEach(one -> parts.add(text(one)));
    return String.join(",", parts);
  }

  private static String text(LabelSelectorRequirement requirement) {
    String label = requirement.getKey();
    String values = "(" + String.join(",", PodFacts.orEmpty(requirement.getValues())) + ")";
    return switch (orEmpty(requirement.getOperator())) {
      case "In" -> label + " in " + values;
      case "NotIn" -> label + " notin " + values;
      case "Exists" -> label;
      case "DoesNotExist" -> "!" + label;
      default ->
          throw new VolumeException(
              "\"" + requirement.getOperator() + "\" is not a valid label selector operator");
    };
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static Resource<GenericKubernetesResource> version(String version) {
    return new Resource<>(
        "certificates.k8s.io/" + version,
        "clustertrustbundles",
        "ClusterTrustBundle",
        GenericKubernetesResource.class,
        false);
  }
}
