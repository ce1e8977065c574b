package org.k3sjvm.linux.filter;

/**
 * An element of a set or a map.
 *
 * @param first its key, or the lowest
 * @param last the highest key, itself meant; {@code first} unless there are many
 * @param extent how many keys it stands for
 * @param value what a map gives for it; {@link Value.None} in sets
 */
public record Element(Packed first, Packed last, Extent extent, Value value) {
  /** How many keys an element stands for. */
  public enum Extent {
    /** One. */
    POINT,
    /** All from the first to the last, in a set with {@code flags interval} and one part. */
    INTERVAL,
    /** All whose every part lies between: a set with {@code flags interval} and several parts. */
    BOX
  }

  /** What belongs to a key. */
  public sealed interface Value {
    /** Nothing: the element of a set. */
    record None() implements Value {}

    /** The value of a map, such as an address and a port. */
    record Data(Packed packed) implements Value {}

    /** What becomes of the packet. */
    record Verdict(Kind kind, String chain) implements Value {}

    /** Verdicts; {@code code} is that of linux/netfilter.h and nf_tables.h. */
    enum Kind {
      DROP(0),
      ACCEPT(1),
      CONTINUE(-1),
      JUMP(-3),
      GOTO(-4),
      RETURN(-5);

      private final int code;

      Kind(int code) {
        this.code = code;
      }

      public int code() {
        return code;
      }
    }
  }

  private static final Value NONE = new Value.None();

  public static Element of(Packed key) {
    return of(key, NONE);
  }

  public static Element of(Packed key, Value value) {
    return new Element(key, key, Extent.POINT, value);
  }

  public static Element interval(Packed first, Packed last) {
    return new Element(first, last, Extent.INTERVAL, NONE);
  }

  public static Element box(Packed first, Packed last) {
    return new Element(first, last, Extent.BOX, NONE);
  }

  /** The same keys with a value. */
  public Element withValue(Value other) {
    return new Element(first, last, extent, other);
  }

  public static Value data(Packed packed) {
    return new Value.Data(packed);
  }

  public static Value drop() {
    return new Value.Verdict(Value.Kind.DROP, "");
  }

  public static Value accept() {
    return new Value.Verdict(Value.Kind.ACCEPT, "");
  }

  public static Value jumpTo(String chain) {
    return new Value.Verdict(Value.Kind.JUMP, chain);
  }

  public static Value goTo(String chain) {
    return new Value.Verdict(Value.Kind.GOTO, chain);
  }
}
