// Trigonometric functions and their inverses.
//
// The float ones are exact to the last range: |x| is multiplied by 1/(2 pi) in pieces so short that each product is
// exact in double, and whole turns drop out of each product. The double ones are the C library's.
#pragma once

#include "exp_log.h"

namespace pl::math {

namespace detail {

struct Quarter {
  double r;  // angle in [-pi/4, pi/4], good to float's last place even near its zeros
  UInt32 q;  // number of quarter turns modulo 4, in the low bits
};

// x * piece less its whole turns; exact for a float x and a 29-bit piece.
PL_FN double turn_fraction(double x, double piece) {
  const double product = x * piece;
  return product - round(product);
}

// A float a >= 0 as r + q * pi/2.
PL_FN Quarter reduce_quarter(float a) {
  const double x = double(a);
  // 1/(2 pi) = these five pieces + the tail.
  const double t0 = turn_fraction(x, 0x1.45f306e000000p-3);
  const double t1 = turn_fraction(x, -0x1.b1bbeac000000p-34);
  const double t2 = turn_fraction(x, -0x1.603d8a8000000p-62);
  const double t3 = turn_fraction(x, -0x1.7056590000000p-93);
  const double t4 = turn_fraction(x, -0x1.1f924ec000000p-121);
  // From the smallest up: the one rounding that counts is the last, and a sum near a zero of sin has none there.
  const double turns = t0 + (t1 + (t2 + (t3 + (t4 + x * 0x1.5993c439041fep-150))));
  const double shifted = turns * 4.0 + Format<double>::magic;
  const double quarters = shifted - Format<double>::magic;
  return {(turns - quarters * 0.25) * (2.0 * kPi), UInt32(to_bits(shifted))};
}

// sin and cos on [-pi/4, pi/4].
PL_FN float sin_quarter(float r) {
  const float z = r * r;
  return r + r * (z * polynomial(z, -1.666665524e-01f, 8.332189173e-03f, -1.951829036e-04f));
}
PL_FN float cos_quarter(float r) {
  const float z = r * r;
  return (1.0f - 0.5f * z) + z * z * polynomial(z, 4.166664556e-02f, -1.388730947e-03f, 2.443237099e-05f);
}
PL_FN double sin_quarter(double r) {
  const double z = r * r;
  return r + r * z *
                 polynomial(z, -1.66666666407978781e-01, 8.33332930494142497e-03, -1.98393123065912871e-04,
                            2.71812196814186482e-06);
}
PL_FN double cos_quarter(double r) {
  const double z = r * r;
  return 1.0 - 0.5 * z +
         z * z *
             polynomial(z, 4.16666666194910329e-02, -1.38888835000701666e-03, 2.47994601551011949e-05,
                        -2.72057543077498641e-07);
}

// sin of the quarter's angle + q quarter turns, times the given sign bit.
PL_FN float sin_of_quarter(float r, UInt32 q, UInt32 sign) {
  const float v = select((q & 1u) != 0u, cos_quarter(r), sin_quarter(r));
  return from_bits(to_bits(v) ^ ((q & 2u) << 30) ^ sign);
}

// asin on |s| <= 1/2 given z = s^2, as s + s^3 P(z).
PL_FN float asin_tail(float z) {
  return polynomial(z, 1.666665971e-01f, 7.500521839e-02f, 4.451338574e-02f, 3.183876351e-02f, 1.431760099e-02f,
                    3.768992051e-02f);
}

// atan on |t| <= 1 given z = t^2, as t + t^3 P(z).
PL_FN float atan_tail(float z) {
  return polynomial(z, -3.333329856e-01f, 1.999852955e-01f, -1.426404119e-01f, 1.095123217e-01f, -8.401111513e-02f,
                    5.792625993e-02f, -3.115526959e-02f, 1.090683322e-02f, -1.792766852e-03f);
}

PL_FN double asin_tail(double z) {
  return polynomial(z, 1.66666666666667601e-01, 7.49999999997080224e-02, 4.46428571746089325e-02,
                    3.03819427079334362e-02, 2.23722149832123775e-02, 1.73516120960183796e-02, 1.39808195423555531e-02,
                    1.13989204692357751e-02, 1.07802070401151508e-02, 3.70657839494760314e-03, 2.17070436168548889e-02,
                    -2.09985055813601794e-02, 3.26282842813306745e-02);
}
PL_FN double atan_tail(double z) {
  return polynomial(
      z, -3.33333333333330706e-01, 1.99999999999514427e-01, -1.42857142825741051e-01, 1.11111110069998464e-01,
      -9.09090700258942258e-02, 7.69227983529496007e-02, -6.66640402998903703e-02, 5.88052767713323557e-02,
      -5.25351804514961399e-02, 4.72232080475689167e-02, -4.21917597475281389e-02, 3.66418631496007799e-02,
      -2.99038009651552972e-02, 2.19848025541359467e-02, -1.39005289724982491e-02, 7.19649177036390478e-03,
      -2.88491749072223138e-03, 8.31323069239287937e-04, -1.52161435250883128e-04, 1.32251602519025542e-05);
}

}  // namespace detail

PL_FN float sin(float x) {
  const detail::Quarter p = detail::reduce_quarter(abs(x));
  return detail::sin_of_quarter(float(p.r), p.q, to_bits(x) & Format<float>::sign);
}
PL_FN float cos(float x) {
  const detail::Quarter p = detail::reduce_quarter(abs(x));
  return detail::sin_of_quarter(float(p.r), p.q + 1u, 0u);
}
PL_FN float tan(float x) {
  const detail::Quarter p = detail::reduce_quarter(abs(x));
  const double s = detail::sin_quarter(p.r);
  const double c = detail::cos_quarter(p.r);
  const bool odd = (p.q & 1u) != 0u;
  const float t = float(select(odd, -c, s) / select(odd, s, c));
  return from_bits(to_bits(t) ^ (to_bits(x) & Format<float>::sign));
}
PL_FN double sin(double x) { return PL_BUILTIN(sin)(x); }
PL_FN double cos(double x) { return PL_BUILTIN(cos)(x); }
PL_FN double tan(double x) { return PL_BUILTIN(tan)(x); }

namespace detail {

// pi/2 = high + low.
template <class T>
inline constexpr T half_pi_high = T(0x1.921fb54442d18p+0);
template <>
inline constexpr float half_pi_high<float> = 0x1.921fb6p+0f;
template <class T>
inline constexpr T half_pi_low = T(0x1.1a62633145c07p-54);
template <>
inline constexpr float half_pi_low<float> = -0x1.777a5cp-25f;

// asin s for |x| <= 1/2, where s = |x|; beyond, asin |x| = pi/2 - 2 asin(s) with s = sqrt((1 - |x|) / 2).
template <class T>
struct AsinParts {
  T s;
  T tail;  // asin(s) - s
};
template <class T>
PL_FN AsinParts<T> reduce_asin(T x) {
  const T a = abs(x);
  const T outer = (T(1) - a) * T(0.5);
  const T root = sqrt(outer);
  const T z = select(a > T(0.5), outer, a * a);
  const T s = select(a > T(0.5), root, a);
  return {s, s * (z * asin_tail(z))};
}

// atan(small / large) for 0 <= small <= large.
template <class T>
PL_FN T atan_ratio(T small, T large) {
  const T t = small / large;
  const T z = t * t;
  return t + t * (z * atan_tail(z));
}

}  // namespace detail

template <class T>
  requires is_float<T>
PL_FN T asin(T x) {
  const detail::AsinParts<T> p = detail::reduce_asin(x);
  const T outer = (detail::half_pi_high<T> - T(2) * p.s) - (T(2) * p.tail - detail::half_pi_low<T>);
  return copysign(select(abs(x) > T(0.5), outer, p.s + p.tail), x);
}
template <class T>
  requires is_float<T>
PL_FN T acos(T x) {
  const detail::AsinParts<T> p = detail::reduce_asin(x);
  const T right = T(2) * (p.s + p.tail);
  const T left = (T(2) * detail::half_pi_high<T> - T(2) * p.s) - T(2) * (p.tail - detail::half_pi_low<T>);
  const T inner = detail::half_pi_high<T> - (x + (copysign(p.tail, x) - detail::half_pi_low<T>));
  return select(x > T(0.5), right, select(x < T(-0.5), left, inner));
}
template <class T>
  requires is_float<T>
PL_FN T atan(T x) {
  const T a = abs(x);
  const bool steep = a > T(1);
  const T p = detail::atan_ratio(select(steep, T(1), a), select(steep, a, T(1)));
  return copysign(select(steep, detail::half_pi_high<T> - (p - detail::half_pi_low<T>), p), x);
}
template <class T>
  requires is_float<T>
PL_FN T atan2(T y, T x) {
  const T ax = abs(x);
  const T ay = abs(y);
  const bool steep = ay > ax;
  const T small = select(steep, ax, ay);
  const T large = select(steep, ay, ax);
  // Equal parts, zero and infinite ones among them, have the ratio 0 or 1.
  const bool equal = ax == ay;
  const T p = detail::atan_ratio(select(equal, select(ax == T(0), T(0), T(1)), small), select(equal, T(1), large));
  const T first = select(steep, detail::half_pi_high<T> - (p - detail::half_pi_low<T>), p);
  const T r = select(signbit(x), T(2) * detail::half_pi_high<T> - (first - T(2) * detail::half_pi_low<T>), first);
  return copysign(r, y);
}

// sin(pi x), with the whole periods removed first: exact zeros at the integers.
template <class T>
  requires is_float<T>
PL_FN T sin_pi(T x) {
  const T n = round(x);
  const T s = sin(T(kPi) * (x - n));
  const T half = T(0.5) * n;
  return select(half == round(half), s, -s);
}

// sin(pi x) / (pi x).
template <class T>
  requires is_float<T>
PL_FN T sinc(T x) {
  return select(x == T(0), T(1), sin_pi(x) / (T(kPi) * x));
}

}  // namespace pl::math
