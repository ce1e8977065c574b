package org.k3sjvm.containerd.registry;

import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.containerd.ContainerdException;
import org.k3sjvm.containerd.config.ContainerdVersion;

/** What users write of registries, and what containerd says of itself. */
public final class FuzzedRegistries implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.file(
                "registries.yaml",
                "registries.yaml",
                RegistriesFile::read,
                ContainerdException.BadConfiguration.class)
            .seeds(
                """
                mirrors:
                  docker.io:
                    endpoint:
                      - "https://mirror.example:5000"
                    rewrite:
                      "^library/(.*)": "mirror/$1"
                  "*": {endpoint: [http://10.0.0.1/v2]}
                configs:
                  "mirror.example:5000":
                    auth: {username: u, password: p}
                    tls: {ca_file: /a, cert_file: /b, key_file: /c, insecure_skip_verify: true}
                """),
        FuzzTarget.text("endpoint of a registry", Endpoint::parse)
            .seeds(
                "https://mirror.example:5000/v2", "docker.io", "localhost:5000/path", "[::1]:80"),
        FuzzTarget.text(
                "version of containerd", ContainerdVersion::parse, IllegalArgumentException.class)
            .seeds("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+b1\n")
            .seeds("containerd containerd.io v2.1.4 abcdef"));
  }
}
