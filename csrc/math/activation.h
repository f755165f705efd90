// Activation functions and other compositions, written so that no intermediate result overflows or cancels.
#pragma once

#include "erf.h"

namespace pl::math {

namespace detail {

// Below this the logistic function of x is smaller than any number, even multiplied by x.
template <class T>
inline constexpr T logistic_vanishes = sizeof(T) == sizeof(float) ? T(-110) : T(-752);

// numerator / (1 + e^-(x + low)), for x not below the vanishing point. With e^-x = 2^n (1 + m) the denominator is
// rounded once; on the left, where 2^n would overflow, it is lowered by a power of two, and the quotient after it.
template <class T>
PL_FN T logistic(T numerator, T x, T low = T(0)) {
  constexpr bool single = sizeof(T) == sizeof(float);
  constexpr T drop = single ? T(32) : T(64);
  constexpr T saturated = single ? T(60) : T(80);
  const T one = select(x < T(0), single ? T(0x1p-32) : T(0x1p-64), T(1));
  const ExpParts<T> p = reduce_exp(-select(x > saturated, saturated, x));
  const T s = power_of_two(select(x < T(0), p.n - drop, p.n));
  return numerator / (s + (s * expm1_reduced(p.r - low) + one)) * one;
}

// log(1 + e^-d) for d >= 0.
template <class T>
PL_FN T softplus_tail(T d) {
  return log1p_unit(exp(-d));
}

}  // namespace detail

template <class T>
  requires is_float<T>
PL_FN T sigmoid(T x) {
  constexpr T edge = detail::logistic_vanishes<T>;
  return detail::logistic(T(1), select(x < edge, edge, x));
}

// log(1 / (1 + e^-x)).
template <class T>
  requires is_float<T>
PL_FN T log_sigmoid(T x) {
  return select(x < T(0), x, T(0)) - detail::softplus_tail(abs(x));
}

// log(1 + e^(beta x)) / beta; the identity where beta x > threshold.
template <class T>
  requires is_float<T>
PL_FN T softplus(T x, T beta, T threshold) {
  const T z = x * beta;
  const T soft = select(z > T(0), z, T(0)) + detail::softplus_tail(abs(z));
  return select(z > threshold, x, soft / beta);
}

// x * sigmoid(x).
template <class T>
  requires is_float<T>
PL_FN T silu(T x) {
  constexpr T edge = detail::logistic_vanishes<T>;
  return select(x < edge, T(-0.0), detail::logistic(x, select(x < edge, edge, x)));
}

// x * tanh(log(1 + e^x)), where the tanh is w / (w + 2) with w = e^2x + 2 e^x.
PL_FN float mish(float x) {
  const double d = double(select(x > 20.0f, 20.0f, select(x < -120.0f, -120.0f, x)));
  const double e = detail::exp_for_float(d);
  const double w = e * (e + 2.0);
  return select(x > 20.0f, x, select(x < -120.0f, -0.0f, float(d * w / (w + 2.0))));
}
PL_FN double mish(double x) {
  // e^x and w are raised by 2^54 until x has been multiplied in: what they are for x near -745 has few digits.
  const double lifted = detail::exp_scaled(select(x > 20.0, 20.0, select(x < -752.0, -752.0, x)), 54.0);
  const double w = lifted * (lifted * 0x1p-54) + 2.0 * lifted;
  const double r = x * (w / (w * 0x1p-54 + 2.0)) * 0x1p-54;
  return select(x > 20.0, x, select(x < -752.0, -0.0, r));
}

// x / 2 * (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x^3), as x / (1 + e^-2u) with 2u = x (linear + cubic x^2).
PL_FN float gelu_tanh(float x) {
  const double d = double(x);
  const double v = d * (0x1.9884533d43651p+0 + 0x1.2444f2a4d8b4bp-4 * d * d);
  const double e = detail::exp_for_float(select(v > 200.0, -200.0, select(v < -200.0, 200.0, -v)));
  return float(d / (1.0 + e));
}
PL_FN double gelu_tanh(double x) {
  // With the rounding errors of 2u beside it: as |2u| nears 745, each of its last places weighs a thousand of the
  // result's.
  const double linear = 0x1.9884533d43651p+0;
  const double linear_low = -0x1.cbc0d30ebfd15p-54;
  const double factor = 0x1.2444f2a4d8b4bp-4;
  const double factor_low = -0x1.6c843a29d1c70p-61;
  const double c = select(x > 22.0, 22.0, select(x < -22.0, -22.0, x));
  const double square = c * c;
  const double cubic = factor * square;
  const double cubic_low = fma(factor, square, -cubic) + factor * fma(c, c, -square) + factor_low * square;
  const double sum = linear + cubic;
  const double part = sum - cubic;
  const double sum_low = (linear - part) + (cubic - (sum - part)) + (cubic_low + linear_low);
  const double v = c * sum;
  const double v_low = fma(c, sum, -v) + c * sum_low;
  constexpr double edge = detail::logistic_vanishes<double>;
  return select(v < edge, -0.0, detail::logistic(x, select(v < edge, edge, v), v_low));
}

// x log y, with 0 log(anything but NaN) = 0.
template <class T>
  requires is_float<T>
PL_FN T xlogy(T x, T y) {
  return select(y != y, y, select(x == T(0), T(0), x * log(y)));
}
template <class T>
  requires is_float<T>
PL_FN T xlog1py(T x, T y) {
  return select(y != y, y, select(x == T(0), T(0), x * log1p(y)));
}

// log(e^a + e^b). In double also for float: where the result is near 0 its terms cancel.
template <class T>
  requires is_float<T>
PL_FN T logaddexp(T a, T b) {
  const double high = double(maximum(a, b));
  const double r = high + detail::log1p_unit(exp(double(minimum(a, b)) - high));
  return select(isinf(a) & (a == b), a, T(r));
}
// log2(2^a + 2^b).
template <class T>
  requires is_float<T>
PL_FN T logaddexp2(T a, T b) {
  const double high = double(maximum(a, b));
  const double r = high + kLog2E * detail::log1p_unit(exp2(double(minimum(a, b)) - high));
  return select(isinf(a) & (a == b), a, T(r));
}

// From a towards b by the fraction w, from the nearer end: exact at both.
template <class T>
  requires is_float<T>
PL_FN T lerp(T a, T b, T w) {
  return select(abs(w) < T(0.5), a + w * (b - a), b - (b - a) * (T(1) - w));
}

// x = mantissa * 2^exponent with 0.5 <= |mantissa| < 1; 0, infinities and NaN are their own mantissa with exponent 0.
template <class T>
  requires is_float<T>
PL_FN T frexp_exponent(T x) {
  constexpr int mantissa = Format<T>::mantissa;
  const T lifted = abs(x) < Format<T>::smallest_normal ? x * T(Int64(1) << mantissa) : x;
  const int lift = abs(x) < Format<T>::smallest_normal ? mantissa : 0;
  const int biased = int((to_bits(lifted) & ~Format<T>::sign) >> mantissa);
  return x == T(0) || !isfinite(x) ? T(0) : T(biased - lift - Format<T>::bias + 1);
}
template <class T>
  requires is_float<T>
PL_FN T frexp_mantissa(T x) {
  return x == T(0) || !isfinite(x) ? x : ldexp(x, -frexp_exponent(x));
}

// -x log x; 0 at 0, -infinity below.
template <class T>
  requires is_float<T>
PL_FN T entr(T x) {
  return select(x > T(0), -x * log(x), select(x == T(0), T(0), select(x < T(0), -infinity<T>(), x)));
}

// log(x / (1 - x)) with x first clamped to [eps, 1 - eps]; eps < 0 leaves it.
template <class T>
  requires is_float<T>
PL_FN T logit(T x, T eps) {
  const T c = select(eps < T(0), x, select(x < eps, eps, select(x > T(1) - eps, T(1) - eps, x)));
  if constexpr (sizeof(T) == sizeof(float)) {
    const double odds = double(c) / (1.0 - double(c));
    return T(detail::log_specials(odds, detail::log_for_float(odds)));
  } else {
    // Near 1/2, where the logarithm is near 0, from the distance to 1/2.
    const T near = log1p((T(2) * c - T(1)) / (T(1) - c));
    return select(abs(c - T(0.5)) < T(0.25), near, log(c / (T(1) - c)));
  }
}

}  // namespace pl::math
