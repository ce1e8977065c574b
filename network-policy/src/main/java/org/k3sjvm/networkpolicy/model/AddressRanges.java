package org.k3sjvm.networkpolicy.model;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Packed;

/**
 * Addresses of one family, as ranges that neither overlap nor touch, in order.
 *
 * <p>nft would merge ranges itself, but it would merge an exception away with them.
 */
public record AddressRanges(boolean ipv6, List<Range> ranges) {

  /** Both ends included. */
  public record Range(BigInteger first, BigInteger last) {}

  public AddressRanges {
    ranges = List.copyOf(ranges);
  }

  public static AddressRanges none(boolean ipv6) {
    return new AddressRanges(ipv6, List.of());
  }

  public static AddressRanges of(Cidr cidr) {
    BigInteger first = new BigInteger(1, cidr.address().getAddress());
    int bits = (cidr.isIpv6() ? 128 : 32) - cidr.prefixLength();
    BigInteger last = first.add(BigInteger.ONE.shiftLeft(bits)).subtract(BigInteger.ONE);
    return new AddressRanges(cidr.isIpv6(), List.of(new Range(first, last)));
  }

  /**
   * From what {@link #toString} says.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static AddressRanges parse(boolean ipv6, String text) {
    List<Range> ranges = new ArrayList<>();
    for (String range : text.isEmpty() ? new String[0] : text.split(", ", -1)) {
      String[] ends = range.split("-", 2);
      ranges.add(new Range(number(ipv6, ends[0]), number(ipv6, ends[ends.length - 1])));
    }
    return new AddressRanges(ipv6, ranges);
  }

  private static BigInteger number(boolean ipv6, String text) {
    if (ipv6 != text.indexOf(':') >= 0) {
      throw new IllegalArgumentException("an address of the other version: " + text);
    }
    return new BigInteger(1, IpAddresses.parse(text).getAddress());
  }

  public AddressRanges and(AddressRanges more) {
    List<Range> all = new ArrayList<>(ranges);
    all.addAll(more.ranges);
    all.sort(Comparator.comparing(Range::first));
    List<Range> merged = new ArrayList<>();
    for (Range range : all) {
      Range before = merged.isEmpty() ? null : merged.getLast();
      if (before != null && range.first().compareTo(before.last().add(BigInteger.ONE)) <= 0) {
        merged.set(merged.size() - 1, new Range(before.first(), before.last().max(range.last())));
      } else {
        merged.add(range);
      }
    }
    return new AddressRanges(ipv6, merged);
  }

  public AddressRanges without(AddressRanges less) {
    List<Range> left = ranges;
    for (Range hole : less.ranges) {
      List<Range> next = new ArrayList<>();
      for (Range range : left) {
        if (hole.last().compareTo(range.first()) < 0 || hole.first().compareTo(range.last()) > 0) {
          next.add(range);
          continue;
        }
        if (hole.first().compareTo(range.first()) > 0) {
          next.add(new Range(range.first(), hole.first().subtract(BigInteger.ONE)));
        }
        if (hole.last().compareTo(range.last()) < 0) {
          next.add(new Range(hole.last().add(BigInteger.ONE), range.last()));
        }
      }
      left = next;
    }
    return new AddressRanges(ipv6, left);
  }

  public boolean contains(InetAddress address) {
    if (IpAddresses.isIpv6(address) != ipv6) {
      return false;
    }
    BigInteger number = new BigInteger(1, address.getAddress());
    return ranges.stream()
        .anyMatch(r -> r.first().compareTo(number) <= 0 && r.last().compareTo(number) >= 0);
  }

  public boolean isEmpty() {
    return ranges.isEmpty();
  }

  /** As elements of a set of addresses. */
  public List<Element> elements() {
    return ranges.stream()
        .map(
            r ->
                r.first().equals(r.last())
                    ? Element.of(Packed.ofBytes(bytes(r.first())))
                    : Element.interval(
                        Packed.ofBytes(bytes(r.first())), Packed.ofBytes(bytes(r.last()))))
        .toList();
  }

  /** {@code 10.0.0.0-10.0.0.255, 10.9.0.1}. */
  @Override
  public String toString() {
    return ranges.stream()
        .map(
            r ->
                IpAddresses.text(bytes(r.first()))
                    + (r.first().equals(r.last()) ? "" : "-" + IpAddresses.text(bytes(r.last()))))
        .collect(Collectors.joining(", "));
  }

  private byte[] bytes(BigInteger number) {
    byte[] address = new byte[ipv6 ? 16 : 4];
    byte[] digits = number.toByteArray(); // may have a leading zero for the sign
    int length = Math.min(digits.length, address.length);
    System.arraycopy(digits, digits.length - length, address, address.length - length, length);
    return address;
  }
}
