package org.k3sjvm.kubelet.runtime;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerEvent;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.translate.Labels;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices what happens in the runtime: by its events where it has them, and by a look at everything
 * each second where it has not.
 */
public final class RuntimeWatch implements Service {
  private static final Logger log = LoggerFactory.getLogger(RuntimeWatch.class);

  /** Source: kubelet v1.36 genericPlegRelistPeriod. */
  private static final Duration POLL = Duration.ofSeconds(1);

  /** Events may be lost; a slow poll makes up for it. */
  private static final Duration POLL_WITH_EVENTS = Duration.ofSeconds(10);

  /** When to look after an exit. */
  private static final List<Duration> UNTIL_LISTED =
      List.of(Duration.ofMillis(20), Duration.ofMillis(200), Duration.ofSeconds(1));

  /** Who is told. */
  public interface Listener {
    /** Something of the pod changed since it was last looked at. */
    void changed(PodUid pod);

    /** Pods that the runtime has something of. */
    void present(Set<PodUid> pods);
  }

  private final ContainerRuntime runtime;
  private final RuntimeObserver observer;
  private final Listener listener;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private volatile boolean events;
  private volatile @Nullable Instant lastLook;

  public RuntimeWatch(
      ContainerRuntime runtime,
      RuntimeObserver observer,
      Listener listener,
      InstantSource clock,
      Sleeper sleeper) {
    this.runtime = runtime;
    this.observer = observer;
    this.listener = listener;
    this.clock = clock;
    this.sleeper = sleeper;
  }

  /** When everything was last looked at; the epoch before the first time. */
  public Instant lastLook() {
    Instant at = lastLook;
    return at == null ? Instant.EPOCH : at;
  }

  @Override
  public void run() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("runtime-watch")) {
      group.start("poll", this::poll);
      group.start(
          "events",
          () -> {
            follow(() -> runtime.containerEvents(this::on));
            follow(() -> runtime.exits(id -> exited(id, group)));
            log.atDebug().log("runtime has no events, polling");
          });
      group.await();
    }
  }

  private void poll() throws InterruptedException {
    boolean away = false;
    while (true) {
      try {
        look();
        away = false;
      } catch (CriException e) {
        if (!away) {
          log.atWarn().setCause(e).addKeyValue("retryIn", POLL).log("runtime does not answer");
        }
        away = true;
      }
      sleeper.sleep(events && !away ? POLL_WITH_EVENTS : POLL);
    }
  }

  /** Follows one kind of events; returns when the runtime does not have that kind. */
  private void follow(Events kind) throws InterruptedException {
    while (true) {
      try {
        events = true;
        kind.follow();
      } catch (CriException.Unimplemented e) {
        return;
      } catch (CriException e) {
        log.atDebug().setCause(e).log("runtime events ended");
      } finally {
        events = false;
      }
      sleeper.sleep(POLL);
    }
  }

  /**
   * Tells when the runtime's lists show the exit, which may take them a moment. Usually nothing is
   * left to tell: who stops a container looks at it afterwards anyway.
   */
  private void exited(String id, ServiceGroup group) {
    group.start(
        "exit",
        () -> {
          for (Duration wait : UNTIL_LISTED) {
            sleeper.sleep(wait);
            observer.aliveIn(id).ifPresent(listener::changed);
          }
        });
  }

  @FunctionalInterface
  private interface Events {
    void follow() throws InterruptedException;
  }

  private void on(ContainerEvent event) {
    Consumer<Map<String, String>> tell =
        labels -> {
          String uid = labels.get(Labels.POD_UID);
          if (uid != null && !uid.isEmpty()) {
            listener.changed(new PodUid(uid));
          }
        };
    if (event.sandbox().isPresent()) {
      tell.accept(event.sandbox().get().labels());
    } else {
      event.containers().stream().limit(1).forEach(c -> tell.accept(c.labels()));
    }
  }

  /** One look at everything. */
  void look() throws InterruptedException {
    Map<PodUid, Set<String>> marks = new HashMap<>();
    for (PodSandbox is : runtime.listPodSandboxes(SandboxFilter.ALL)) {
      add(marks, is.labels(), RuntimeObserver.mark(is));
    }
    for (Container is : runtime.listContainers(ContainerFilter.ALL)) {
      add(marks, is.labels(), RuntimeObserver.mark(is));
    }
    lastLook = clock.instant();
    marks.forEach(
        (uid, now) -> {
          if (!now.equals(observer.marks(uid))) {
            listener.changed(uid);
          }
        });
    observer.known().stream()
        .filter(uid -> !marks.containsKey(uid) && !observer.marks(uid).isEmpty())
        .forEach(listener::changed);
    listener.present(new HashSet<>(marks.keySet()));
  }

  private static void add(Map<PodUid, Set<String>> marks, Map<String, String> labels, String mark) {
    String uid = labels.get(Labels.POD_UID);
    if (uid != null && !uid.isEmpty()) {
      marks.computeIfAbsent(new PodUid(uid), _ -> new TreeSet<>()).add(mark);
    }
  }
}
