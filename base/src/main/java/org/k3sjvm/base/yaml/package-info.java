/**
 * YAML that users write. {@link org.k3sjvm.base.yaml.PlainYaml} is all of it. What the values mean
 * is left to who asks for them. The format is that of YAML 1.1 as SnakeYAML reads it.
 */
@NullMarked
package org.k3sjvm.base.yaml;

import org.jspecify.annotations.NullMarked;
