package org.k3sjvm.kube.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectList;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.kube.Watch;

/** What is kept, and what is answered from it. */
@Timeout(30)
class RememberingApiTest extends RememberingRig {
  @Test
  void whatWasReadIsAnsweredWhileNoServerDoes() throws Exception {
    Pod pod = create(pod("web"));
    Secret secret = create(secret("web"));
    api.get(Resources.PODS, WEB);
    api.getCached(Resources.SECRETS, WEB);
    restart();
    silent();

    assertThat(api.get(Resources.PODS, WEB)).isEqualTo(pod);
    assertThat(api.getCached(Resources.PODS, WEB)).isEqualTo(pod);
    assertThat(api.find(Resources.PODS, WEB)).contains(pod);
    assertThat(api.get(Resources.SECRETS, WEB)).isEqualTo(secret);
  }

  @Test
  void whatWasNotReadIsUnavailable() throws Exception {
    create(pod("web"));
    create(pod("db"));
    api.get(Resources.PODS, WEB);
    silent();

    assertThatThrownBy(() -> api.get(Resources.PODS, DB)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.get(Resources.SECRETS, WEB)).isSameAs(unavailable);
  }

  @Test
  void whatAServerSaysIsNotThereIsForgotten() throws Exception {
    create(pod("web"));
    api.get(Resources.PODS, WEB);
    restart();
    server.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT);

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB))
        .isInstanceOf(KubeException.NotFound.class);
    restart();
    silent();

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
  }

  @Test
  void aRefusalIsNeverAnsweredFromMemory() throws Exception {
    create(pod("web"));
    api.list(Resources.PODS, ListRequest.newest(Selection.ALL));
    api.get(Resources.PODS, WEB);
    api.post(TOKENS_OF_WEB, tokenRequest("uid1", "api", 3600));
    restart();

    for (KubeException refusal :
        List.of(
            new KubeException.Forbidden("ask", "not yours"),
            new KubeException.Unauthorized("ask", "who are you"),
            new KubeException.Throttled("ask", "slow", Duration.ZERO),
            new KubeException.Invalid("ask", "what"))) {
      line.fails(refusal);
      assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(refusal);
      assertThatThrownBy(() -> api.getCached(Resources.PODS, WEB)).isSameAs(refusal);
      assertThatThrownBy(() -> api.list(Resources.PODS, ListRequest.newest(Selection.ALL)))
          .isSameAs(refusal);
      assertThatThrownBy(() -> api.post(TOKENS_OF_WEB, tokenRequest("uid1", "api", 3600)))
          .isSameAs(refusal);
    }
    silent();
    assertThat(api.get(Resources.PODS, WEB)).as("a refusal forgets nothing").isNotNull();
  }

  @Test
  void otherResourcesAreNeverKept() throws Exception {
    Namespace namespace =
        server.create(
            Resources.NAMESPACES,
            new NamespaceBuilder().withNewMetadata().withName("a").endMetadata().build());
    ObjectName name = ObjectName.of(namespace);
    api.get(Resources.NAMESPACES, name);
    api.list(Resources.NAMESPACES, ListRequest.newest(Selection.ALL));
    try (Watch<Namespace> watch = api.watch(Resources.NAMESPACES, everything())) {
      watch.next();
    }
    restart();
    silent();

    assertThatThrownBy(() -> api.get(Resources.NAMESPACES, name)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.getCached(Resources.NAMESPACES, name)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.list(Resources.NAMESPACES, ListRequest.newest(Selection.ALL)))
        .isSameAs(unavailable);
    assertThat(memory.recallAll("namespaces")).isEmpty();
  }

  @Test
  void writesAreNeverAnsweredNorKept() {
    silent();
    Patch patch = new Patch.Merge(KubeJson.newObject());

    assertThatThrownBy(() -> api.create(Resources.PODS, pod("web"))).isSameAs(unavailable);
    assertThatThrownBy(() -> api.update(Resources.PODS, pod("web"))).isSameAs(unavailable);
    assertThatThrownBy(() -> api.patch(Resources.PODS, WEB, patch)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.patchStatus(Resources.PODS, WEB, patch)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT))
        .isSameAs(unavailable);
    assertThatThrownBy(() -> api.watch(Resources.PODS, everything())).isSameAs(unavailable);
    assertThatThrownBy(() -> api.getText("/readyz")).isSameAs(unavailable);
    assertThat(memory.recallAll("pods")).isEmpty();
  }

  @Test
  void aListFromMemorySaysSo() throws Exception {
    create(pod("web"));
    create(pod("db"));
    assertThat(list(Selection.ALL).remembered()).isFalse();
    restart();
    silent();

    ObjectList<Pod> list = list(Selection.ALL);

    assertThat(list.remembered()).isTrue();
    assertThat(list.continueToken()).isEmpty();
    assertThat(names(list)).containsExactly("db", "web");
  }

  @Test
  void aListOfOneNameIsAnsweredWithThatOne() throws Exception {
    create(pod("web"));
    create(pod("db"));
    list(Selection.ALL);
    silent();

    assertThat(names(list(Selection.named(WEB)))).containsExactly("web");
    assertThatThrownBy(() -> list(Selection.named(new ObjectName("default", "cache"))))
        .isSameAs(unavailable);
  }

  @Test
  void aListOfOneNameForgetsThatOneAlone() throws Exception {
    create(pod("web"));
    create(pod("db"));
    list(Selection.ALL);
    server.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT);

    list(Selection.named(WEB));
    list(Selection.named(DB));

    silent();
    assertThat(names(list(Selection.ALL))).containsExactly("db");
  }

  @Test
  void anEmptyMemoryIsNoEmptyList() throws Exception {
    list(Selection.ALL);
    restart();
    silent();

    assertThatThrownBy(() -> list(Selection.ALL)).isSameAs(unavailable);
  }

  @Test
  void aWholeListForgetsWhatIsGone() throws Exception {
    create(pod("web"));
    create(pod("db"));
    create(secret("web"));
    list(Selection.ALL);
    api.get(Resources.SECRETS, WEB);
    server.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT);

    list(Selection.ALL);

    restart();
    silent();
    assertThat(names(list(Selection.ALL))).containsExactly("db");
    assertThat(api.get(Resources.SECRETS, WEB)).isNotNull();
  }

  @Test
  void aPageOfAListForgetsNothing() throws Exception {
    for (String name : List.of("a", "b", "c")) {
      create(pod(name));
    }
    list(Selection.ALL);

    ObjectList<Pod> first = api.list(Resources.PODS, new ListRequest(Selection.ALL, "", 2, ""));
    assertThat(names(first)).containsExactly("a", "b");
    ObjectList<Pod> last =
        api.list(Resources.PODS, new ListRequest(Selection.ALL, "", 2, first.continueToken()));
    assertThat(names(last)).containsExactly("c");

    silent();
    assertThat(names(list(Selection.ALL))).containsExactly("a", "b", "c");
  }

  @Test
  void anObjectWithoutANameCostsNothingElse() throws Exception {
    Pod nameless = new Pod();
    Pod empty = pod("");
    line.says(new ObjectList<>(List.of(nameless, empty, pod("web")), "5", ""));
    assertThat(list(Selection.ALL).items()).hasSize(3);

    silent();
    assertThat(names(list(Selection.ALL))).containsExactly("web");
  }

  @Test
  void theEventsOfAWatchAreKept() throws Exception {
    create(pod("web"));
    try (Watch<Pod> watch = api.watch(Resources.PODS, everything())) {
      watch.next();
      create(pod("db"));
      watch.next();
      server.patch(Resources.PODS, DB, label("tier", "back"));
      watch.next();
      server.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT);
      watch.next();
      server.cluster().bookmark();
      watch.next();
    }
    restart();
    silent();

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
    assertThat(api.get(Resources.PODS, DB).getMetadata().getLabels()).containsEntry("tier", "back");
  }

  @Test
  void whatACallerDoesToItsObjectIsNotRemembered() throws Exception {
    create(pod("web"));
    Pod mine = api.get(Resources.PODS, WEB);
    mine.getSpec().setNodeName("another");
    restart();
    silent();

    Pod known = api.get(Resources.PODS, WEB);
    assertThat(known.getSpec().getNodeName()).isNull();
    known.getSpec().setNodeName("another");
    assertThat(api.get(Resources.PODS, WEB).getSpec().getNodeName()).isNull();
  }

  @Test
  void whatFitsTheClassNoLongerIsNoAnswer() {
    memory.keep(Key.of(Resources.PODS, WEB), "1", () -> "{\"spec\": 5}");
    memory.keep(Key.of(Resources.PODS, DB), "1", () -> "no JSON");
    silent();

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
    assertThatThrownBy(() -> list(Selection.ALL)).isSameAs(unavailable);
  }

  @Test
  void aTokenIsRememberedForItsPodAudienceAndDuration() throws Exception {
    String first = token(tokenRequest("uid1", "api", 3600));
    String second = token(tokenRequest("uid1", "vault", 3600));
    String third = token(tokenRequest("uid1", "api", 600));
    String fourth = token(tokenRequest("uid2", "api", 3600));
    restart();
    silent();

    assertThat(token(tokenRequest("uid1", "api", 3600))).isEqualTo(first);
    assertThat(token(tokenRequest("uid1", "vault", 3600))).isEqualTo(second);
    assertThat(token(tokenRequest("uid1", "api", 600))).isEqualTo(third);
    assertThat(token(tokenRequest("uid2", "api", 3600))).isEqualTo(fourth);
    assertThat(List.of(first, second, third, fourth)).doesNotHaveDuplicates();
    assertThatThrownBy(() -> token(tokenRequest("uid3", "api", 3600))).isSameAs(unavailable);
    assertThatThrownBy(
            () ->
                api.post(
                    "/api/v1/namespaces/default/serviceaccounts/db/token",
                    tokenRequest("uid1", "api", 3600)))
        .isSameAs(unavailable);
  }

  @Test
  void aTokenIsWrittenAgainAfterTwelveHoursOnly() throws Exception {
    String first = token(tokenRequest("uid1", "api", 3600));
    memory.writeChanges();
    time.advance(Duration.ofHours(12).minusSeconds(1));
    assertThat(token(tokenRequest("uid1", "api", 3600))).isNotEqualTo(first);
    restart();
    assertThat(tokenWithoutServer()).isEqualTo(first);

    time.advance(Duration.ofSeconds(1));
    String later = token(tokenRequest("uid1", "api", 3600));
    restart();
    assertThat(tokenWithoutServer()).isEqualTo(later).isNotEqualTo(first);
  }

  @Test
  void aTokenThatIsBoundToNoPodIsNotKept() throws Exception {
    JsonNode unbound = KubeJson.read("{\"spec\":{\"audiences\":[\"api\"]}}", JsonNode.class);
    token(unbound);
    silent();

    assertThatThrownBy(() -> token(unbound)).isSameAs(unavailable);
    assertThat(memory.recallAll(Key.TOKENS)).isEmpty();
  }

  @Test
  void reviewsAreNeverAnsweredFromMemory() throws Exception {
    for (String path :
        List.of(
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            "/apis/authentication.k8s.io/v1/tokenreviews",
            "/api/v1/namespaces/default/pods/web/token",
            "/api/v1/namespaces/default/pods/web/eviction")) {
      JsonNode body = tokenRequest("uid1", "api", 3600);
      server.answer(path, review -> review);
      line.answers();
      api.post(path, body);
      silent();

      assertThatThrownBy(() -> api.post(path, body)).as(path).isSameAs(unavailable);
    }
    assertThat(memory.recallAll(Key.TOKENS)).isEmpty();
  }
}
