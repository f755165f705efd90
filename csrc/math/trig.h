// Trigonometric functions and their inverses, for arguments of any size.
//
// An angle is multiplied by 1/(2 pi) and whole turns are dropped before anything is rounded (Payne and Hanek's idea).
// For float the constant comes in pieces so short that each product is exact in double; for double, as three numbers
// out of a table, starting at the first digits that do not make whole turns.
#pragma once

#include "exp_log.h"

namespace pl::math {

namespace detail {

struct FloatQuarter {
  double r;  // angle in [-pi/4, pi/4], good to float's last place even near its zeros
  UInt32 q;  // number of quarter turns modulo 4, in the low bits
};

// x * piece less its whole turns; exact for a float x and a 29-bit piece.
PL_FN double turn_fraction(double x, double piece) {
  const double product = x * piece;
  return product - round(product);
}

// A float a >= 0 as r + q * pi/2.
PL_FN FloatQuarter reduce_quarter(float a) {
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
PL_FN double sin_quarter_for_float(double r) {
  const double z = r * r;
  return r + r * z *
                 polynomial(z, -1.66666666407978781e-01, 8.33332930494142497e-03, -1.98393123065912871e-04,
                            2.71812196814186482e-06);
}
PL_FN double cos_quarter_for_float(double r) {
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

// sin(r + low) and cos(r + low).
PL_FN double sin_quarter(double r, double low) {
  const double z = r * r;
  const double p =
      polynomial(z, -1.66666666666666657e-01, 8.33333333333332107e-03, -1.98412698412540282e-04,
                 2.75573192136599764e-06, -2.50521047752725261e-08, 1.60583494473104003e-10, -7.57785355662794450e-13);
  return r + (r * z * p + low * (1.0 - 0.5 * z));
}
PL_FN double cos_quarter(double r, double low) {
  const double z = r * r;
  const double p = polynomial(z, 4.16666666666665880e-02, -1.38888888888722361e-03, 2.48015872883278241e-05,
                              -2.75573140246965777e-07, 2.08756794104221612e-09, -1.13574064691557781e-11);
  const double head = 1.0 - 0.5 * z;
  return head + (((1.0 - head) - 0.5 * z) + (z * z * p - r * low));
}

#if !defined(__CUDACC_RTC__)
// The digits of 1/(2 pi) from the 16k-th binary place on, as the sum of three numbers, times 2^16k.
static constexpr double turn_digits[][3] = {{0x1.45f306dc9c883p-3, -0x1.6b01ec5417056p-57, -0x1.6447e493ad4cep-111},
                                            {0x1.836e4e44152a0p-2, -0x1.ec54170565912p-57, 0x1.b6c52b3278872p-115},
                                            {0x1.27220a94fe13bp-1, -0x1.05c1596447e49p-55, -0x1.d6a66c3bc6fbep-110},
                                            {0x1.529fc2757d1f5p-6, 0x1.a6ee06db14acdp-61, -0x1.8778df7c035d4p-115},
                                            {0x1.fc2757d1f534ep-2, -0x1.1f924eb53361ep-57, 0x1.c820ff28b1d5fp-113},
                                            {0x1.abe8fa9a6ee07p-1, -0x1.275a99b0ef1bfp-56, 0x1.fe5163abdebbcp-114},
                                            {0x1.f534ddc0db629p-2, 0x1.664f10e4107f9p-56, 0x1.163abdebbc562p-110},
                                            {0x1.bb81b6c52b328p-3, -0x1.de37df00d74e3p-57, 0x1.7bd778ac36e49p-111},
                                            {0x1.b6c52b3278872p-3, 0x1.07f9458eaf7afp-60, -0x1.d4f246dc8e2dfp-117},
                                            {0x1.4acc9e21c8210p-1, -0x1.ae9c5421443aap-58, 0x1.b7246e3a424ddp-114},
                                            {0x1.3c439041fe516p-2, 0x1.d5ef5de2b0db9p-57, 0x1.1b8e909374b80p-112},
                                            {0x1.c820ff28b1d5fp-1, -0x1.443a9e48db91cp-58, -0x1.6f6c8b47fe6dbp-112},
                                            {0x1.fe5163abdebbcp-2, 0x1.586dc91b8e909p-56, 0x1.ba5c00c925dd4p-111},
                                            {0x1.63abdebbc561bp-2, 0x1.c91b8e909374cp-56, -0x1.ff9b6d115f62ep-110},
                                            {0x1.ef5de2b0db923p-1, 0x1.c74849ba5c00dp-55, -0x1.b688afb1736f2p-109},
                                            {0x1.e2b0db92371d2p-1, 0x1.26e9700324977p-57, 0x1.413a32439fc3cp-111},
                                            {0x1.b7246e3a424ddp-2, 0x1.700324977504fp-57, -0x1.cdbc603c429c7p-111},
                                            {0x1.b8e909374b802p-4, -0x1.b6d115f62e6dep-58, -0x1.80f10a71a76b3p-113},
                                            {0x1.2126e97003249p-1, 0x1.dd413a32439fcp-55, 0x1.deb1cb129a73fp-110},
                                            {0x1.d2e006492eea1p-2, -0x1.8b9b78c078854p-56, 0x1.cb129a73ee882p-110},
                                            {0x1.924bba8274648p-8, 0x1.cfe1deb1cb12ap-62, -0x1.63045df7282b4p-116},
                                            {0x1.2eea09d1921d0p-2, -0x1.e214e34ed658cp-58, -0x1.177dca0ad144cp-114},
                                            {0x1.04e8c90e7f0efp-1, 0x1.63962534e7dd1p-55, 0x1.1afa975da2427p-113},
                                            {0x1.921cfe1deb1cbp-2, 0x1.29a73ee88235fp-58, 0x1.4baed1213a672p-112},
                                            {0x1.fc3bd63962535p-3, -0x1.822efb9415a29p-59, 0x1.a24274ce38136p-113},
                                            {0x1.eb1cb129a73efp-2, -0x1.df7282b4512eep-56, 0x1.3a671c09ad17ep-112},
                                            {0x1.62534e7dd1047p-3, -0x1.0568a25dbd8b3p-57, -0x1.c7eca5d040df6p-113},
                                            {0x1.a73ee88235f53p-2, -0x1.44bb7b16638fep-58, 0x1.ad17df904e647p-112},
                                            {0x1.74411afa975dap-1, 0x1.213a671c09ad1p-56, 0x1.f7e413991d63ap-110},
                                            {0x1.1afa975da2427p-1, 0x1.338e04d68befdp-55, -0x1.f633714e33e56p-109},
                                            {0x1.2ebb4484e99c7p-2, 0x1.35a2fbf209cc9p-61, -0x1.4e33e566305b2p-117},
                                            {0x1.a24274ce38136p-1, -0x1.741037d8cdc54p-55, 0x1.cc1a99cfa4e42p-109},
                                            {0x1.d338e04d68bf0p-3, -0x1.bec66e29c67cbp-58, 0x1.9cfa4e422fc5ep-113},
                                            {0x1.c09ad17df904ep-4, 0x1.91d639835339fp-58, 0x1.272117e2ef7e5p-112},
                                            {0x1.5a2fbf209cc8fp-1, -0x1.38cf9598c16c7p-55, 0x1.17e2ef7e4a0ecp-112},
                                            {0x1.bf209cc8eb1ccp-1, 0x1.a99cfa4e422fcp-57, 0x1.77bf250763ff1p-111},
                                            {0x1.3991d63983534p-2, -0x1.82d8dee81d108p-56, -0x1.b5f13801da001p-112},
                                            {0x1.d639835339f4ap-2, -0x1.bdd03a21036bep-57, -0x1.3801da00087eap-112},
                                            {0x1.835339f49c846p-2, -0x1.d1081b5f13802p-60, 0x1.2fffbc0b301fep-115},
                                            {0x1.9cfa4e422fc5ep-1, -0x1.036be27003b40p-57, -0x1.0fd33f8086877p-117},
                                            {0x1.3908bf177bf25p-3, 0x1.d8ffc4bffef03p-61, -0x1.9fc04343b9d29p-116},
                                            {0x1.7e2ef7e4a0ec8p-4, -0x1.da00087e99fc0p-64, -0x1.0d0ee74a5f593p-118},
                                            {0x1.defc941d8ffc5p-1, -0x1.00043f4cfe022p-55, 0x1.788c5ad053690p-109},
                                            {0x1.283b1ff897ffep-2, -0x1.fa67f010d0ee7p-58, -0x1.297d64b824b26p-112},
                                            {0x1.8ffc4bffef02dp-1, -0x1.fc04343b9d298p-56, 0x1.4da3eda6cfd9ep-111},
                                            {0x1.2fffbc0b301fep-3, -0x1.a1dce94beb25cp-59, -0x1.25930261b069fp-115},
                                            {0x1.ef02cc07f7979p-1, -0x1.ce94beb25c126p-55, 0x1.b3f6793e584dcp-109},
                                            {0x1.980fef2f118b6p-2, -0x1.7d64b824b2605p-56, 0x1.e4f96136e9e8cp-111},
                                            {0x1.f79788c5ad053p-1, 0x1.a3eda6cfd9e50p-55, -0x1.a7b24585ce04dp-109},
                                            {0x1.88c5ad05368fbp-1, 0x1.a6cfd9e4f9613p-55, 0x1.ba7a31fb34f30p-109},
                                            {0x1.ad05368fb69b4p-1, -0x1.30d834f648b0cp-58, 0x1.8fd9a797fa8b6p-112},
                                            {0x1.368fb69b3f679p-1, 0x1.f2c26dd3d18fep-56, -0x1.961a015d28ad8p-110},
                                            {0x1.b69b3f6793e58p-1, 0x1.36e9e8c7ecd3dp-55, -0x1.00ae9456c229cp-109},
                                            {0x1.3f6793e584dbap-1, 0x1.e8c7ecd3cbfd4p-55, 0x1.6ba93dd63f5f3p-109},
                                            {0x1.93e584dba7a32p-1, -0x1.32c3402ba515bp-59, -0x1.14e050683a131p-116},
                                            {0x1.84dba7a31fb35p-1, -0x1.a015d28ad8454p-58, 0x1.faf97c5ecf41dp-112},
                                            {0x1.a7a31fb34f2ffp-1, 0x1.45aea4f758fd8p-55, -0x1.a0e84c2f8c608p-110},
                                            {0x1.1fb34f2ff516cp-1, -0x1.5b08a7028341dp-55, -0x1.30be31821d6b6p-112},
                                            {0x1.4f2ff516ba93ep-1, -0x1.4e050683a130cp-56, 0x1.ce7de294a4baap-112},
                                            {0x1.f516ba93dd63fp-1, 0x1.7cbe2f67a0e74p-55, -0x1.0eb5ada2b2809p-111},
                                            {0x1.7527bac7ebe5fp-2, 0x1.7b3d0739f78a5p-58, 0x1.497535fdafd89p-113}};

struct DoubleQuarter {
  double r;  // angle in [-pi/4, pi/4]
  double low;
  UInt64 q;  // number of quarter turns modulo 4, in the low bits
};

// The rounded sum of two numbers and its error (Knuth).
struct Sum {
  double value;
  double error;
};
PL_FN Sum two_sum(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

// A double a >= 0 as r + low + q * pi/2.
PL_FN DoubleQuarter reduce_quarter(double a) {
  const UInt64 bits = to_bits(a);
  const UInt64 exponent = bits >> 52;
  // Where the last place of a is 2^16k or more, 16k places of 1/(2 pi) make whole turns; a is divided by 2^16k.
  const UInt64 k = (exponent < 1075u ? UInt64(0) : exponent - 1075u) >> 4;
  const double x = from_bits(bits - (k << 56));
  const double p0 = x * turn_digits[k][0];
  const double e0 = fma(x, turn_digits[k][0], -p0);
  const double p1 = x * turn_digits[k][1];
  const double e1 = fma(x, turn_digits[k][1], -p1);
  const double t0 = p0 - round(p0);
  const double t1 = e0 - round(e0);
  const double t2 = p1 - round(p1);
  const double shifted = (t0 + t1 + t2) * 4.0 + Format<double>::magic;
  const double quarters = shifted - Format<double>::magic;
  const Sum first = two_sum(t0 - 0.25 * quarters, t1);
  const Sum second = two_sum(first.value, t2);
  const double rest = (first.error + second.error) + (e1 + x * turn_digits[k][2]);
  const double turns = second.value + rest;
  const double turns_low = rest - (turns - second.value);
  // 2 pi = high + low.
  const double high = 0x1.921fb54442d18p+2;
  const double low = 0x1.1a62633145c07p-52;
  const double r = turns * high;
  return {r, fma(turns, high, -r) + (turns * low + turns_low * high), to_bits(shifted)};
}

PL_FN double sin_of_quarter(DoubleQuarter p, UInt64 q, UInt64 sign) {
  const double v = select((q & 1u) != 0u, cos_quarter(p.r, p.low), sin_quarter(p.r, p.low));
  return from_bits(to_bits(v) ^ ((q & 2u) << 62) ^ sign);
}
#endif

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
  const detail::FloatQuarter p = detail::reduce_quarter(abs(x));
  return detail::sin_of_quarter(float(p.r), p.q, to_bits(x) & Format<float>::sign);
}
PL_FN float cos(float x) {
  const detail::FloatQuarter p = detail::reduce_quarter(abs(x));
  return detail::sin_of_quarter(float(p.r), p.q + 1u, 0u);
}
PL_FN float tan(float x) {
  const detail::FloatQuarter p = detail::reduce_quarter(abs(x));
  const double s = detail::sin_quarter_for_float(p.r);
  const double c = detail::cos_quarter_for_float(p.r);
  const bool odd = (p.q & 1u) != 0u;
  const float t = float(select(odd, -c, s) / select(odd, s, c));
  return from_bits(to_bits(t) ^ (to_bits(x) & Format<float>::sign));
}

#if defined(__CUDACC_RTC__)
PL_FN double sin(double x) { return ::sin(x); }
PL_FN double cos(double x) { return ::cos(x); }
PL_FN double tan(double x) { return ::tan(x); }
#else
PL_FN double sin(double x) {
  const double a = abs(x);
  const detail::DoubleQuarter p = detail::reduce_quarter(a);
  const double r = detail::sin_of_quarter(p, p.q, to_bits(x) & Format<double>::sign);
  return select(a < 0x1p-27, x, select(a < infinity<double>(), r, nan<double>()));
}
PL_FN double cos(double x) {
  const double a = abs(x);
  const detail::DoubleQuarter p = detail::reduce_quarter(a);
  return select(a < infinity<double>(), detail::sin_of_quarter(p, p.q + 1u, 0u), nan<double>());
}
PL_FN double tan(double x) {
  const double a = abs(x);
  const detail::DoubleQuarter p = detail::reduce_quarter(a);
  const double s = detail::sin_quarter(p.r, p.low);
  const double c = detail::cos_quarter(p.r, p.low);
  const bool odd = (p.q & 1u) != 0u;
  const double t = select(odd, -c, s) / select(odd, s, c);
  const double r = from_bits(to_bits(t) ^ (to_bits(x) & Format<double>::sign));
  return select(a < 0x1p-27, x, select(a < infinity<double>(), r, nan<double>()));
}
#endif

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
