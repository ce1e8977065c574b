package org.k3sjvm.kubelet.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.image.ProviderAccounts;

/** Service accounts as the API server has them. */
public final class KubeAccounts implements ProviderAccounts {
  private final KubeApi api;

  public KubeAccounts(KubeApi api) {
    this.api = api;
  }

  @Override
  public Optional<Account> find(String namespace, String name) throws InterruptedException {
    return api.find(Resources.SERVICE_ACCOUNTS, new ObjectName(namespace, name))
        .map(
            account -> {
              Map<String, String> annotations = account.getMetadata().getAnnotations();
              return new Account(
                  account.getMetadata().getUid(), annotations == null ? Map.of() : annotations);
            });
  }

  @Override
  public Secret token(TokenOrder order) throws InterruptedException {
    ObjectNode body =
        KubeJson.newObject()
            .put("apiVersion", "authentication.k8s.io/v1")
            .put("kind", "TokenRequest");
    body.putObject("metadata").put("uid", order.accountUid());
    ObjectNode spec = body.putObject("spec");
    spec.putArray("audiences").add(order.audience());
    spec.putObject("boundObjectRef")
        .put("apiVersion", "v1")
        .put("kind", "Pod")
        .put("name", order.podName())
        .put("uid", order.podUid());
    String path =
        Resources.SERVICE_ACCOUNTS.path(new ObjectName(order.namespace(), order.account()))
            + "/token";
    JsonNode answer = api.post(path, body);
    String token = answer.at("/status/token").asText();
    if (token.isEmpty()) {
      throw new KubeException.Unavailable("post to " + path, "the answer has no token", null);
    }
    return new Secret(token);
  }
}
