package org.k3sjvm.containerd.config;

/** The two forms of containerd's configuration, which differ in where settings live. */
public enum Schema {
  /** containerd 1.x. */
  V2(2, "config.toml.tmpl", "config.toml.d"),
  /** containerd 2.x. */
  V3(3, "config-v3.toml.tmpl", "config-v3.toml.d");

  private final int number;
  private final String template;
  private final String dropIns;

  Schema(int number, String template, String dropIns) {
    this.number = number;
    this.template = template;
    this.dropIns = dropIns;
  }

  /** The value of {@code version}. */
  public int number() {
    return number;
  }

  /** The user's template of upstream's. */
  public String template() {
    return template;
  }

  /** The directory of the user's own pieces of configuration. */
  public String dropIns() {
    return dropIns;
  }
}
