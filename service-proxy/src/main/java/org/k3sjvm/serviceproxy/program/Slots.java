package org.k3sjvm.serviceproxy.program;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.k3sjvm.linux.filter.Packed;

/**
 * Endpoints in numbered places, of which a random number takes one. No place is empty. Immutable
 * and small: the bytes of all endpoints in a row.
 */
public final class Slots {
  public static final Slots EMPTY = new Slots(new byte[0], 0);

  /** Up to here there is a chain for each number of endpoints. */
  public static final int EXACT = 64;

  private static final int MANY = 256;
  private static final int SLOTS_OF_MANY = 2_048;

  /** Beyond, endpoints are left out. */
  public static final int MOST = 16_384;

  /** The numbers of slots that there are chains for, beside 1 to {@link #EXACT}. */
  public static final List<Integer> LARGE = List.of(SLOTS_OF_MANY, MOST);

  private final byte[] bytes;
  private final int width;

  private Slots(byte[] bytes, int width) {
    this.bytes = bytes;
    this.width = width;
  }

  /** Who was in a slot stays there where that can be; the last move into the holes. */
  public static Slots of(Slots previous, List<Packed> wanted) {
    if (wanted.isEmpty()) {
      return EMPTY;
    }
    int count = Math.min(wanted.size(), MOST);
    Set<Packed> rest = new LinkedHashSet<>(wanted.subList(0, count));
    Packed[] places = new Packed[count];
    for (int i = 0; i < Math.min(count, previous.count()); i++) {
      Packed there = previous.at(i);
      if (rest.remove(there)) {
        places[i] = there;
      }
    }
    Iterator<Packed> others = rest.iterator();
    int width = wanted.getFirst().length();
    byte[] bytes = new byte[count * width];
    for (int i = 0; i < count; i++) {
      Packed there = places[i] == null ? others.next() : places[i];
      System.arraycopy(there.bytes(), 0, bytes, i * width, width);
    }
    return new Slots(bytes, width);
  }

  /** How many endpoints. */
  public int count() {
    return width == 0 ? 0 : bytes.length / width;
  }

  /**
   * How many slots. With few endpoints each has one; with more they have several, and some have one
   * more than others: at most by a seventh.
   */
  public int size() {
    int count = count();
    return count <= EXACT ? count : count <= MANY ? SLOTS_OF_MANY : MOST;
  }

  /** Who is in a slot. */
  public Packed slot(int slot) {
    return at(slot % count());
  }

  public boolean isEmpty() {
    return bytes.length == 0;
  }

  public Set<Packed> endpoints() {
    Set<Packed> all = new HashSet<>();
    for (int i = 0; i < count(); i++) {
      all.add(at(i));
    }
    return all;
  }

  private Packed at(int index) {
    return Packed.ofBytes(Arrays.copyOfRange(bytes, index * width, (index + 1) * width));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Slots that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return endpoints().toString();
  }
}
