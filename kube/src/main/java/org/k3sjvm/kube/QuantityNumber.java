package org.k3sjvm.kube;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * Quantities as numbers that can be reckoned with. A quantity may be written with any exponent, and
 * a number of so many digits would fill the memory; beyond what Kubernetes tells apart, numbers are
 * cut to its largest, and raised to its smallest. Source: apimachinery v0.36 pkg/api/resource
 * quantity.go, ParseQuantity.
 */
public final class QuantityNumber {
  private static final BigDecimal LARGEST = BigDecimal.valueOf(Long.MAX_VALUE);
  private static final int SMALLEST_SCALE = 9; // a billionth
  private static final BigDecimal SMALLEST = BigDecimal.ONE.movePointLeft(SMALLEST_SCALE);
  private static final int LONGEST_TEXT = 128;
  private static final int LONGEST_EXPONENT = 2;

  private QuantityNumber() {}

  /**
   * The number.
   *
   * @throws IllegalArgumentException when it is no quantity
   */
  public static BigDecimal of(Quantity quantity) {
    String digits = quantity.getAmount();
    String unit = quantity.getFormat() == null ? "" : quantity.getFormat();
    if (digits == null || digits.length() + unit.length() > LONGEST_TEXT) {
      throw new IllegalArgumentException("not a quantity such as 100m or 1Gi: " + digits);
    }
    try {
      return unit.matches("[eE][+-]?[0-9]+")
          ? withExponent(new BigDecimal(digits), unit.substring(1))
          : bounded(quantity.getNumericalAmount());
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw new IllegalArgumentException("not a quantity such as 100m or 1Gi: " + digits + unit, e);
    }
  }

  private static BigDecimal withExponent(BigDecimal number, String exponent) {
    boolean negative = exponent.startsWith("-");
    String digits = exponent.replaceFirst("^[+-]?0*", "");
    if (digits.length() <= LONGEST_EXPONENT) {
      int power = digits.isEmpty() ? 0 : Integer.parseInt(digits);
      return bounded(number.scaleByPowerOfTen(negative ? -power : power));
    }
    BigDecimal end = negative ? SMALLEST : LARGEST;
    return number.signum() == 0 ? BigDecimal.ZERO : number.signum() < 0 ? end.negate() : end;
  }

  private static BigDecimal bounded(BigDecimal number) {
    if (number.compareTo(LARGEST) > 0) {
      return LARGEST;
    }
    if (number.compareTo(LARGEST.negate()) < 0) {
      return LARGEST.negate();
    }
    return number.scale() > SMALLEST_SCALE
        ? number.setScale(SMALLEST_SCALE, RoundingMode.UP)
        : number;
  }
}
