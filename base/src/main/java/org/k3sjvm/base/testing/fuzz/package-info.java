/**
 * Random inputs for parsers of outside bytes, the same ones for the same seed. Open {@link
 * org.k3sjvm.base.testing.fuzz.FuzzTarget} first. Which parsers there are is said beside each of
 * them, in the tests of its module; {@code bench/fuzz.sh} runs all. The means are those of
 * libFuzzer and AFL, without their view of the code: mutations of valid samples, kept when the
 * answer is new.
 */
@NullMarked
package org.k3sjvm.base.testing.fuzz;

import org.jspecify.annotations.NullMarked;
