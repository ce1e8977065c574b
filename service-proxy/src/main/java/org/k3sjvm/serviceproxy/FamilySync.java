package org.k3sjvm.serviceproxy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.linux.filter.TableState;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.program.Chains;
import org.k3sjvm.serviceproxy.program.Delta;
import org.k3sjvm.serviceproxy.program.PortProgram;
import org.k3sjvm.serviceproxy.program.Programs;
import org.k3sjvm.serviceproxy.program.ServiceSet;
import org.k3sjvm.serviceproxy.rules.AffinityRules;
import org.k3sjvm.serviceproxy.rules.RuleSettings;
import org.k3sjvm.serviceproxy.rules.SetText;
import org.k3sjvm.serviceproxy.rules.Skeleton;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One family's table: makes the kernel hold what {@link Programs} wants. It trusts what it has
 * written until the kernel or a look says otherwise; then it reads everything and writes what
 * differs. Maps in use are never emptied. One thread only.
 */
final class FamilySync {
  private static final Logger log = LoggerFactory.getLogger(FamilySync.class);

  private final Family family;
  private final RuleSettings settings;
  private final Skeleton skeleton;
  private final ProxyHost host;
  private final Programs programs;

  private boolean trusted;
  private Optional<TableState> state = Optional.empty();
  private int generation;
  private String affinityScript = "";
  private AffinityRules affinity;
  private boolean staleAffinity;

  /** Whether the table has been written, or compared with what is wanted, by this proxy. */
  private boolean ours;

  private boolean left;

  FamilySync(Family family, RuleSettings settings, ProxyHost host) {
    this.family = family;
    this.settings = settings;
    this.skeleton = Skeleton.of(family, settings);
    this.host = host;
    this.programs = new Programs(family);
    this.affinity = AffinityRules.of(family, settings, List.of());
  }

  Family family() {
    return family;
  }

  Programs programs() {
    return programs;
  }

  /** Makes the next {@link #change} look at everything. */
  void distrust() {
    trusted = false;
  }

  /**
   * Takes changes and puts them into the kernel.
   *
   * @param former whether they are merely remembered. A table that a former proxy made is newer: it
   *     is then left as it is
   * @return whether everything was looked at
   * @throws LinuxException when the kernel refused; the next call looks at everything
   */
  boolean change(Collection<Programs.Change> changes, boolean former) throws InterruptedException {
    boolean affinityTouched =
        changes.stream().anyMatch(c -> hasAffinity(c.before()) || hasAffinity(c.after()));
    Delta delta = programs.change(changes);
    left = former && !ours && serves();
    if (left) {
      return false;
    }
    if (!trusted) {
      full();
      return true;
    }
    trusted = false;
    if (affinityTouched) {
      writeAffinity();
    }
    commit(delta);
    removeStaleAffinity();
    trusted = true;
    return false;
  }

  /** Whether the last change was not carried out, as a former proxy's table still serves. */
  boolean left() {
    return left;
  }

  /** Tables of proxies that ended before they had written one in whole serve nothing. */
  private boolean serves() {
    return host.elements().sets(family.table()).contains(ServiceSet.SERVICE_IPS.setName())
        && !host.elements().list(ServiceSet.SERVICE_IPS.in(family)).isEmpty();
  }

  /** Whether somebody else has touched our table since we did; costs one message when not. */
  boolean looksTouched() {
    if (left) {
      return !serves();
    }
    if (!trusted || host.elements().generation() == generation) {
      return false;
    }
    Optional<TableState> now = host.elements().state(family.table());
    if (!now.equals(state)) {
      log.atWarn().addKeyValue("table", family.table()).log("somebody changed our rules");
      return true;
    }
    int differing = differences().size();
    if (differing > 0) {
      log.atWarn()
          .addKeyValue("table", family.table())
          .addKeyValue("elements", differing)
          .log("somebody changed our sets");
      return true;
    }
    generation = host.elements().generation();
    return false;
  }

  private void full() throws InterruptedException {
    affinity = affinityRules();
    Optional<TableState> now = host.elements().state(family.table());
    boolean known = state.isEmpty() || state.equals(now);
    if (now.isEmpty()) {
      host.filter().apply(skeleton.script() + affinity.script());
      affinityScript = affinity.script();
    } else if (!known || !skeleton.fits(now.get(), host.elements().sets(family.table()))) {
      host.filter().apply(replacement());
      affinityScript = affinity.script();
      log.atInfo().addKeyValue("table", family.table()).log("service rules replaced");
    } else {
      affinityScript = "";
      staleAffinity = true;
      writeAffinity();
    }
    commit(differences());
    removeStaleAffinity();
    state = host.elements().state(family.table());
    trusted = true;
    ours = true;
  }

  /** In one transaction with all elements, so that no packet meets a table without them. */
  private String replacement() {
    Map<ServiceSet, StringBuilder> texts = new EnumMap<>(ServiceSet.class);
    Set<ElementKey> written = new HashSet<>();
    programs.elements(
        (set, element) -> {
          if (written.add(new ElementKey(set, element.first()))) {
            texts
                .computeIfAbsent(set, _ -> new StringBuilder())
                .append(SetText.element(set, family, element))
                .append(",\n");
          }
        });
    StringBuilder script = new StringBuilder();
    script.append("delete table ").append(family.table()).append('\n');
    script.append(skeleton.script()).append(affinity.script());
    texts.forEach(
        (set, text) ->
            script
                .append("add element ")
                .append(set.in(family))
                .append(" {\n")
                .append(text)
                .append("}\n"));
    return script.toString();
  }

  private record ElementKey(ServiceSet set, Packed key) {}

  private Delta differences() {
    Delta delta = new Delta(family);
    for (ServiceSet set : ServiceSet.values()) {
      for (Element element : host.elements().list(set.in(family))) {
        delta.present(set, element);
      }
    }
    programs.elements(delta::wanted);
    return delta;
  }

  private void commit(Delta delta) {
    for (List<ElementChange> transaction : delta.transactions()) {
      host.elements().commit(transaction);
    }
    generation = host.elements().generation();
  }

  private static boolean hasAffinity(List<PortProgram> programs) {
    return programs.stream().anyMatch(program -> program.affinity().isPresent());
  }

  private AffinityRules affinityRules() {
    List<PortProgram> all = new ArrayList<>();
    programs.forEach(
        (_, of) -> of.stream().filter(p -> p.affinity().isPresent()).forEach(all::add));
    return AffinityRules.of(family, settings, all);
  }

  private void writeAffinity() throws InterruptedException {
    affinity = affinityRules();
    String script = affinity.script();
    if (!script.equals(affinityScript)) {
      if (!script.isEmpty()) {
        host.filter().apply(script);
      }
      affinityScript = script;
      staleAffinity = true;
      state = host.elements().state(family.table());
    }
  }

  /**
   * Chains that no element leads to any more. Kernels before 6.2 need a moment until they see that;
   * then a later round does it.
   */
  private void removeStaleAffinity() throws InterruptedException {
    if (!staleAffinity) {
      return;
    }
    Set<String> chains = new HashSet<>(affinityNames(now().rules().keySet()));
    chains.removeAll(affinity.chains());
    Set<String> sets = new HashSet<>(affinityNames(host.elements().sets(family.table())));
    sets.removeAll(affinity.sets());
    if (!chains.isEmpty() || !sets.isEmpty()) {
      try {
        host.filter().apply(AffinityRules.removal(family, chains, sets));
      } catch (LinuxException e) {
        log.atDebug()
            .addKeyValue("chains", chains)
            .addKeyValue("reason", e.getMessage())
            .log("chains of services are still in use, trying again later");
        return;
      }
    }
    staleAffinity = false;
    state = host.elements().state(family.table());
    generation = host.elements().generation();
  }

  private TableState now() {
    return host.elements().state(family.table()).orElseGet(() -> new TableState(Map.of(), 0));
  }

  private static List<String> affinityNames(Set<String> names) {
    return names.stream().filter(name -> name.startsWith(Chains.AFFINITY)).toList();
  }
}
