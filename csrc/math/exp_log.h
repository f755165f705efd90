// Exponentials, logarithms, powers and hyperbolic functions.
//
// Polynomials are minimax fits made for Penlight (Remez exchange, coefficients rounded one after the other); the
// reductions are the textbook ones: e^x = 2^n e^r with |r| <= ln2/2, and log x = n ln2 + log m with m near 1.
#pragma once

#include "elementary.h"

namespace pl::math {

namespace detail {

// ln2 = high + low; the high part is short enough that n * high is exact for every exponent n.
template <class T>
inline constexpr T ln2_high = T(0x1.62e42feep-1);
template <>
inline constexpr float ln2_high<float> = 0.693359375f;
template <class T>
inline constexpr T ln2_low = T(0x1.a39ef35793c76p-33);
template <>
inline constexpr float ln2_low<float> = -2.12194440e-4f;

// (e^r - 1 - r) / r^2 for |r| <= ln2/2.
PL_FN float exp_tail(float r) {
  return polynomial(r, 4.999999404e-01f, 1.666651666e-01f, 4.166810587e-02f, 8.369188756e-03f, 1.383856172e-03f);
}
PL_FN double exp_tail(double r) {
  return polynomial(r, 5.00000000000001110e-01, 1.66666666666664076e-01, 4.16666666665250554e-02,
                    8.33333333345362588e-03, 1.38888889455807281e-03, 1.98412696675860065e-04, 2.48014904485691931e-05,
                    2.75573887563886002e-06, 2.76313938574566385e-07, 2.50774351110553895e-08);
}

// e^x = 2^n e^r.
template <class T>
struct ExpParts {
  T n;
  T r;
};
template <class T>
PL_FN ExpParts<T> reduce_exp(T x) {
  const T n = round_small(x * T(kLog2E));
  return {n, (x - n * ln2_high<T>)-n * ln2_low<T>};
}

// Arguments beyond these give infinity and zero; the selection keeps NaN.
template <class T>
PL_FN T clamp_exp(T x) {
  constexpr bool single = sizeof(T) == sizeof(float);
  constexpr T high = single ? T(90) : T(711);
  constexpr T low = single ? T(-105) : T(-747);
  return select(x > high, high, select(x < low, low, x));
}

// e^r - 1 and e^r for |r| <= ln2/2.
template <class T>
PL_FN T expm1_reduced(T r) {
  return exp_tail(r) * (r * r) + r;
}
template <class T>
PL_FN T exp_reduced(T r) {
  return (exp_tail(r) * r + T(1)) * r + T(1);
}

// e^x * 2^k for |x + k ln2| within the clamp or a little beyond, without overflow on the way.
template <class T>
PL_FN T exp_scaled(T x, T k) {
  const ExpParts<T> p = reduce_exp(x);
  return scale(exp_reduced(p.r), p.n + k);
}

// e^v to float's precision for |v| < 700, kept in double.
PL_FN double exp_for_float(double v) {
  const ExpParts<double> p = reduce_exp(v);
  const double q = polynomial(p.r, 1.0, 1.0, 0.5, 1.66666666666664076e-01, 4.16666666665250554e-02,
                              8.33333333345362588e-03, 1.38888889455807281e-03, 1.98412696675860065e-04);
  return q * power_of_two(p.n);
}

// x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for positive finite x.
template <class T>
struct LogParts {
  T e;
  T f;
};
template <class T>
PL_FN LogParts<T> reduce_log(T x) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  constexpr bool single = sizeof(T) == sizeof(float);
  constexpr T start = T(kSqrtHalf);
  const bool tiny = x < F::smallest_normal;
  const T lift = single ? T(0x1p24f) : T(0x1p54);
  const T drop = single ? T(24) : T(54);
  const Bits bits = to_bits(select(tiny, x * lift, x)) + (to_bits(T(1)) - to_bits(start));
  const T m = from_bits(Bits((bits & F::fraction) + to_bits(start)));
  // The biased exponent, put into the low bits of a number whose last place is 1.
  const T unit = T(Bits(1) << F::mantissa);
  const T e = from_bits(Bits((bits >> F::mantissa) | to_bits(unit))) - (unit + T(F::bias));
  return {select(tiny, e - drop, e), m - T(1)};
}

// log(1 + f) - f on the interval of reduce_log.
PL_FN float log1p_tail(float f) {
  const float p = polynomial(f, 3.333333135e-01f, -2.500081956e-01f, 2.000122964e-01f, -1.662336439e-01f,
                             1.420169920e-01f, -1.316005290e-01f, 1.276193112e-01f, -7.635267079e-02f);
  return (p * f - 0.5f) * (f * f);
}
PL_FN double log1p_tail(double f) {
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double r = z * polynomial(z, 6.66666666666673735e-01, 3.99999999993929489e-01, 2.85714287476745932e-01,
                                  2.22221979876599030e-01, 1.81835967814452021e-01, 1.53131732203982851e-01,
                                  1.48051577941710810e-01);
  const double half_square = 0.5 * f * f;
  return s * (half_square + r) - half_square;
}
// log of a positive normal double to float's precision.
PL_FN double log_for_float(double x) {
  const LogParts<double> p = reduce_log(x);
  const double s = p.f / (2.0 + p.f);
  const double z = s * s;
  const double r = z * polynomial(z, 6.66666656244260247e-01, 4.00003403739819130e-01, 2.85369559096405656e-01,
                                  2.35892492196804804e-01);
  return p.e * kLn2 + (s * r + 2.0 * s);
}

// log(1 + e) for 0 <= e <= 1.
PL_FN float log1p_unit(float e) {
  const float p =
      polynomial(e, 3.333309293e-01f, -2.499332875e-01f, 1.992646903e-01f, -1.622892022e-01f, 1.268083155e-01f,
                 -8.593633771e-02f, 4.431376234e-02f, -1.468956005e-02f, 2.277870895e-03f);
  return e + (p * e - 0.5f) * (e * e);
}
PL_FN double log1p_unit(double e) {
  // 2 artanh(e / (2 + e))
  const double s = e / (2.0 + e);
  const double z = s * s;
  return 2.0 * s + 2.0 * s * z *
                       polynomial(z, 3.33333333333333370e-01, 1.99999999999970313e-01, 1.42857142862485492e-01,
                                  1.11111110632198182e-01, 9.09091158059496390e-02, 7.69222652175681754e-02,
                                  6.66839345102894637e-02, 5.85807844059131957e-02, 5.48558693161711325e-02,
                                  3.49977832207024123e-02, 8.22945204604666330e-02);
}

// The logarithm's values outside the positive finite numbers.
template <class T>
PL_FN T log_specials(T x, T result) {
  return select(x > T(0), select(x < infinity<T>(), result, x), select(x == T(0), -infinity<T>(), nan<T>()));
}

// e ln2 + log(1 + f) + correction.
template <class T>
PL_FN T log_of(LogParts<T> p, T correction = T(0)) {
  return p.e * ln2_high<T> + (p.f + (p.e * ln2_low<T> + (log1p_tail(p.f) + correction)));
}

// (1 + f) = x 2^-e becomes log(x) in another base, whose 1/ln is high + low.
template <class T>
PL_FN T log_in_base(T f, T high, T low) {
  return f * high + (f * low + log1p_tail(f) * high);
}

// tanh on |x| < 0.6, as x + x^3 P(x^2).
PL_FN float tanh_tail(float z) {
  return polynomial(z, -3.333333135e-01f, 1.333322823e-01f, -5.394970998e-02f, 2.171766758e-02f, -8.221464232e-03f,
                    2.185303951e-03f);
}
PL_FN double tanh_tail(double z) {
  return polynomial(z, -3.33333333333333259e-01, 1.33333333333318649e-01, -5.39682539672584477e-02,
                    2.18694885025425417e-02, -8.86323486620663702e-03, 3.59211968860515029e-03,
                    -1.45576417972821258e-03, 5.89622403131862460e-04, -2.37512781860822585e-04,
                    9.24889801119942900e-05, -3.11777675256299491e-05, 6.50288725762893368e-06);
}

// sinh on |x| <= 1, as x + x^3 P(x^2).
PL_FN float sinh_tail(float z) {
  return polynomial(z, 1.666666716e-01f, 8.333310485e-03f, 1.984289556e-04f, 2.782213187e-06f);
}
PL_FN double sinh_tail(double z) {
  return polynomial(z, 1.66666666666666657e-01, 8.33333333333357261e-03, 1.98412698410611594e-04,
                    2.75573193100913698e-06, 2.50520894123593194e-08, 1.60613393923481796e-10, 7.50322470682894091e-13,
                    6.47749929690939933e-15);
}

}  // namespace detail

// ---- Exponentials ----

template <class T>
  requires is_float<T>
PL_FN T exp(T x) {
  return detail::exp_scaled(detail::clamp_exp(x), T(0));
}

template <class T>
  requires is_float<T>
PL_FN T exp2(T x) {
  constexpr bool single = sizeof(T) == sizeof(float);
  constexpr T high = single ? T(129) : T(1025);
  constexpr T low = single ? T(-151) : T(-1080);
  x = select(x > high, high, select(x < low, low, x));
  const T n = round_small(x);
  const T r = x - n;
  T p;
  if constexpr (single) {
    p = polynomial(r, 6.931471825e-01f, 2.402264774e-01f, 5.550358817e-02f, 9.618476965e-03f, 1.339142327e-03f,
                   1.534166222e-04f);
  } else {
    p = polynomial(r, 6.93147180559945730e-01, 2.40226506959100999e-01, 5.55041086647877907e-02,
                   9.61812910760568955e-03, 1.33335581539931951e-03, 1.54035304438356182e-04, 1.52527269101187279e-05,
                   1.32154412769422932e-06, 1.01808247644575281e-07, 7.07285220706554674e-09, 4.05424294988446444e-10);
  }
  return scale(p * r + T(1), n);
}

template <class T>
  requires is_float<T>
PL_FN T expm1(T x) {
  const detail::ExpParts<T> p = detail::reduce_exp(detail::clamp_exp(x));
  const T m = detail::expm1_reduced(p.r);
  // 2^n (1 + m) - 1, at half size: 2^n itself may overflow where the result does not. Below -100 it counts for nothing.
  const T half = power_of_two(select(p.n < T(-100), T(-100), p.n) - T(1));
  const T result = T(2) * (half * m + (half - T(0.5)));
  const T beyond = sizeof(T) == sizeof(float) ? T(89) : T(710);
  // Where x^2 counts for nothing the result is x, the sign of its zero and the last digit of a subnormal number
  // included.
  const T tiny = sizeof(T) == sizeof(float) ? T(1e-8) : T(1e-17);
  return select(abs(x) < tiny, x, select(x > beyond, infinity<T>(), result));
}

// ---- Logarithms ----

template <class T>
  requires is_float<T>
PL_FN T log(T x) {
  return detail::log_specials(x, detail::log_of(detail::reduce_log(x)));
}

template <class T>
  requires is_float<T>
PL_FN T log2(T x) {
  const detail::LogParts<T> p = detail::reduce_log(x);
  constexpr T high = T(kLog2E);
  constexpr T low = sizeof(T) == sizeof(float) ? T(kLog2E - double(high)) : T(0x1.777d0ffda0d24p-56);
  return detail::log_specials(x, p.e + detail::log_in_base(p.f, high, low));
}

template <class T>
  requires is_float<T>
PL_FN T log10(T x) {
  if constexpr (sizeof(T) == sizeof(float)) {
    // In double, so that powers of ten come out exact.
    return detail::log_specials(x, T(detail::log_for_float(double(x)) * 0x1.bcb7b1526e50ep-2));
  } else {
    const detail::LogParts<T> p = detail::reduce_log(x);
    const T m = detail::log_in_base(p.f, T(0x1.bcb7b1526e50ep-2), T(0x1.95355baaafad3p-57));
    return detail::log_specials(x, p.e * T(0x1.34413509f79ffp-2) + (p.e * T(-0x1.9dc1da994fd21p-59) + m));
  }
}

template <class T>
  requires is_float<T>
PL_FN T log1p(T x) {
  const T u = T(1) + x;
  const T e = detail::reduce_log(select(u > T(1), u, select(u > T(0), u, T(1)))).e;
  // f = (1 + x) 2^-e - 1 and what its rounding lost; at a quarter of 2^-e, which itself may be too small for a normal
  // number.
  const T s = power_of_two(T(2) - e);
  const T scaled = T(0.25) * x * s;
  const T offset = T(0.25) * s - T(1);
  const T f = scaled + offset;
  const T lost = scaled - (f - offset);
  const T result = detail::log_of(detail::LogParts<T>{e, f}, lost * (T(1) - f));
  const T negligible = sizeof(T) == sizeof(float) ? T(1e-8) : T(1e-17);
  return select(abs(x) < negligible, x, detail::log_specials(u, result));
}

// ---- Powers ----

namespace detail {

// C's pow on the special arguments, given |x|^y for the others.
template <class T>
PL_FN T pow_specials(T x, T y, T magnitude) {
  const bool integer = trunc(y) == y;
  const T half = T(0.5) * y;
  const bool odd = integer & (trunc(half) != half);
  const T sign = select(odd & signbit(x), T(-1), T(1));
  T r = copysign(magnitude, sign);
  r = select((x < T(0)) & !integer & isfinite(x), nan<T>(), r);
  r = select((x == T(1)) | (y == T(0)), T(1), r);
  return select((x == T(-1)) & isinf(y), T(1), r);
}

// The unevaluated sum of two doubles, about twice as precise as one.
struct Pair {
  double high;
  double low;
};

// log(x) for positive finite x, relative error about 2^-64: 2 artanh(s) = 2s (1 + s^2/3 + s^4 R(s^2)) + e ln2 with s =
// f / (2 + f).
PL_FN Pair log_pair(double x) {
  const LogParts<double> p = reduce_log(x);
  const double d = 2.0 + p.f;
  const double d_low = p.f - (d - 2.0);
  const double inverse = 1.0 / d;
  const double s = p.f * inverse;
  const double s_low = (fma(-s, d, p.f) - s * d_low) * inverse;
  const double z = s * s;
  const double z_low = fma(s, s, -z) + 2.0 * s * s_low;
  const double third = 0x1.5555555555555p-2;
  const double third_low = 0x1.5555555555555p-56;
  const double w = z * third;
  const double r =
      z * z *
      polynomial(z, 2.00000000000011308e-01, 1.42857142850488034e-01, 1.11111112601433387e-01, 9.09089216710343845e-02,
                 7.69337944793052203e-02, 6.62839011432468928e-02, 6.59834328593509323e-02);
  const double w_low = fma(z, third, -w) + (z * third_low + z_low * third) + r;
  const double twice = 2.0 * s;
  const double cubic = twice * w;
  const double cubic_low = fma(twice, w, -cubic) + (twice * w_low + 2.0 * s_low * (1.0 + w));
  // ln2 to 95 binary places; its head times any exponent is exact.
  const double head = p.e * 0x1.62e42fefa3800p-1;
  const double sum = head + twice;
  const double sum_low = twice - (sum - head);
  const double total = sum + cubic;
  const double total_low = cubic - (total - sum);
  return {total, total_low + (sum_low + (cubic_low + p.e * 0x1.ef35793c76730p-45))};
}

}  // namespace detail

PL_FN float pow(float x, float y) {
  const double a = abs(double(x));
  const double l = detail::log_for_float(select(a > 0.0, a, 1.0));
  // |x| = 0 and infinity have a logarithm of -+inf; a product with a finite y beyond the clamp over- or underflows
  // float all the same.
  const double lx = select(a == 0.0, -infinity<double>(), select(a < infinity<double>(), l, a));
  const double v = lx * double(y);
  const double c = select(v > 200.0, 200.0, select(v < -200.0, -200.0, v));
  return detail::pow_specials(x, y, float(detail::exp_for_float(c)));
}
PL_FN double pow(double x, double y) {
  const double a = abs(x);
  const detail::Pair l = detail::log_pair(select(a > 0.0, a, 1.0));
  const double high = select(a == 0.0, -infinity<double>(), select(a < infinity<double>(), l.high, a));
  const double v = high * y;
  const double v_low = fma(high, y, -v) + l.low * y;
  detail::ExpParts<double> p = detail::reduce_exp(detail::clamp_exp(v));
  p.r += select(abs(v) < 750.0, v_low, 0.0);
  return detail::pow_specials(x, y, scale(detail::exp_reduced(p.r), p.n));
}

// x * 2^y. In three factors, each of them in range.
template <class T>
  requires is_float<T>
PL_FN T ldexp(T x, T y) {
  constexpr T most = sizeof(T) == sizeof(float) ? T(300) : T(2200);
  const T power = select(y > most, most, select(y < -most, -most, y));
  const T n = round_small(power);
  const T third = round_small(n * T(1.0 / 3.0));
  const T rest = n - third - third;
  const T r = x * exp2(power - n) * power_of_two(third) * power_of_two(third) * power_of_two(rest);
  return select(y != y, y, r);
}

// ---- Hyperbolic functions ----

template <class T>
  requires is_float<T>
PL_FN T sinh(T x) {
  const T a = abs(x);
  const T half = detail::exp_scaled(detail::clamp_exp(a), T(-1));
  const T z = x * x;
  return select(a < T(1), x + x * (z * detail::sinh_tail(z)), copysign(half - T(0.25) / half, x));
}

template <class T>
  requires is_float<T>
PL_FN T cosh(T x) {
  const T half = detail::exp_scaled(detail::clamp_exp(abs(x)), T(-1));
  return half + T(0.25) / half;
}

template <class T>
  requires is_float<T>
PL_FN T tanh(T x) {
  const T a = abs(x);
  const T z = x * x;
  const T large = T(1) - T(2) / (exp(a + a) + T(1));
  return select(a < T(0.6), x + x * (z * detail::tanh_tail(z)), copysign(large, x));
}

PL_FN float asinh(float x) {
  const double a = abs(double(x));
  const double l = detail::log_for_float(a + sqrt(a * a + 1.0));
  const float r = select(a < 1e-3, float(a - a * a * a * (1.0 / 6.0)), float(l));
  return copysign(select(a < infinity<double>(), r, float(a)), x);
}
PL_FN double asinh(double x) {
  const double a = abs(x);
  // log(a + sqrt(a^2 + 1)); for large a that is log(2a).
  const bool large = a > 0x1p28;
  const double square = a * a;
  const double near = a + square / (1.0 + sqrt(square + 1.0));
  return copysign(log1p(select(large, a - 1.0, near)) + select(large, kLn2, 0.0), x);
}

PL_FN float acosh(float x) {
  const double a = double(x);
  const float r = float(detail::log_for_float(a + sqrt((a - 1.0) * (a + 1.0))));
  return select(x >= 1.0f, select(x < infinity<float>(), r, x), nan<float>());
}
PL_FN double acosh(double x) {
  const bool large = x > 0x1p28;
  const double t = x - 1.0;
  const double r = log1p(select(large, t, t + sqrt(t * (x + 1.0)))) + select(large, kLn2, 0.0);
  return select(x >= 1.0, r, nan<double>());
}

PL_FN float atanh(float x) {
  const double a = double(x);
  const float l = float(0.5 * detail::log_for_float((1.0 + a) / (1.0 - a)));
  const float r = select(abs(a) < 1e-3, float(a + a * a * a * (1.0 / 3.0)), l);
  const float edge = select(abs(x) == 1.0f, copysign(infinity<float>(), x), nan<float>());
  return select(abs(x) < 1.0f, r, edge);
}
PL_FN double atanh(double x) {
  const double a = abs(x);
  return copysign(0.5 * log1p(2.0 * a / (1.0 - a)), x);
}

}  // namespace pl::math
