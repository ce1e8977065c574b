package org.k3sjvm.kubelet.env;

import java.util.List;
import java.util.Map;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.kubelet.hosts.Resolver;
import org.k3sjvm.kubelet.translate.ConfigException;

/** Files of variables, references to them, and resolv.conf. */
public final class FuzzedVariables implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.text(
                "file of variables", text -> EnvFile.find(text, "KEY"), ConfigException.class)
            .seeds("# c\nA='b'\nKEY='more\nlines' # c\n", "KEY=''"),
        FuzzTarget.text(
                "reference to a variable", text -> Expansion.expand(text, Map.of("A", "$(A)$$")))
            .seeds("$(A) $$(A) $(B) $", "$($(A))"),
        FuzzTarget.text("resolver of a pod", Resolver::parse)
            .seeds("nameserver 10.0.0.1\nsearch a b. .\noptions ndots:5 edns0\n; c\n"));
  }
}
