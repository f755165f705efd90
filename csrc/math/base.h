// Ground of the scalar mathematics: function markers, bit patterns, rounding, polynomials and numeric properties.
//
// Functions here are templates over the compute types (float, double, int64, Complex). The fast ones hold no branch, no
// table and no library call for float, so that a loop `out[i] = f(a[i])` is vectorised by the compiler, and the same
// text serves as device code. Each is inlined into its caller or has internal linkage: a translation unit built for
// AVX-512 exports no copy of it.
#pragma once

#if defined(__CUDACC_RTC__)
#define PL_FN __device__ __forceinline__
#define PL_SLOW_FN static __device__
#define PL_BUILTIN(name) ::name
#else
#define PL_FN inline __attribute__((always_inline))
// For scalar code with branches, too large to be copied into every loop.
#define PL_SLOW_FN static inline
#define PL_BUILTIN(name) __builtin_##name
#endif

namespace pl::math {

using Int32 = int;
using Int64 = long long;
using UInt32 = unsigned int;
using UInt64 = unsigned long long;

// ---- Types ----

template <class T>
inline constexpr bool is_float = false;
template <>
inline constexpr bool is_float<float> = true;
template <>
inline constexpr bool is_float<double> = true;

template <class T>
inline constexpr bool is_int = false;
template <>
inline constexpr bool is_int<bool> = true;
template <>
inline constexpr bool is_int<signed char> = true;
template <>
inline constexpr bool is_int<unsigned char> = true;
template <>
inline constexpr bool is_int<short> = true;
template <>
inline constexpr bool is_int<unsigned short> = true;
template <>
inline constexpr bool is_int<int> = true;
template <>
inline constexpr bool is_int<unsigned int> = true;
template <>
inline constexpr bool is_int<long> = true;
template <>
inline constexpr bool is_int<unsigned long> = true;
template <>
inline constexpr bool is_int<long long> = true;
template <>
inline constexpr bool is_int<unsigned long long> = true;

// The layout of a binary floating-point type.
template <class T>
struct Format;

template <>
struct Format<float> {
  using Bits = UInt32;
  static constexpr int mantissa = 23;
  static constexpr int bias = 127;
  static constexpr Bits sign = 0x80000000u;
  static constexpr Bits fraction = 0x007fffffu;
  // Adding and subtracting it rounds |x| < 2^22 to an integer; the sum's low bits hold that integer.
  static constexpr float magic = 0x1.8p23f;
  static constexpr float smallest_normal = 0x1p-126f;
  static constexpr float max = 0x1.fffffep127f;
};

template <>
struct Format<double> {
  using Bits = UInt64;
  static constexpr int mantissa = 52;
  static constexpr int bias = 1023;
  static constexpr Bits sign = 0x8000000000000000u;
  static constexpr Bits fraction = 0x000fffffffffffffu;
  static constexpr double magic = 0x1.8p52;
  static constexpr double smallest_normal = 0x1p-1022;
  static constexpr double max = 0x1.fffffffffffffp1023;
};

// ---- Bit patterns ----

#if defined(__CUDACC_RTC__)
PL_FN UInt32 to_bits(float x) { return __float_as_uint(x); }
PL_FN UInt64 to_bits(double x) { return UInt64(__double_as_longlong(x)); }
PL_FN float from_bits(UInt32 b) { return __uint_as_float(b); }
PL_FN double from_bits(UInt64 b) { return __longlong_as_double(Int64(b)); }
#else
PL_FN UInt32 to_bits(float x) { return __builtin_bit_cast(UInt32, x); }
PL_FN UInt64 to_bits(double x) { return __builtin_bit_cast(UInt64, x); }
PL_FN float from_bits(UInt32 b) { return __builtin_bit_cast(float, b); }
PL_FN double from_bits(UInt64 b) { return __builtin_bit_cast(double, b); }
#endif

// ---- Constants ----

template <class T>
PL_FN T infinity() {
  using Bits = typename Format<T>::Bits;
  return from_bits(Bits(~Format<T>::sign & ~Format<T>::fraction));
}
// A quiet NaN.
template <class T>
PL_FN T nan() {
  using Bits = typename Format<T>::Bits;
  return from_bits(Bits(~Format<T>::sign & ~(Format<T>::fraction >> 1)));
}

inline constexpr double kPi = 0x1.921fb54442d18p+1;
inline constexpr double kLn2 = 0x1.62e42fefa39efp-1;
inline constexpr double kLog2E = 0x1.71547652b82fep+0;
inline constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;

// ---- Conversion and choice ----

template <class To, class From>
PL_FN To cast(From x) {
  return static_cast<To>(x);
}

template <class T>
PL_FN T select(bool condition, T a, T b) {
  return condition ? a : b;
}

// ---- Basic operations with one machine instruction ----

PL_FN float fma(float a, float b, float c) { return PL_BUILTIN(fmaf)(a, b, c); }
PL_FN double fma(double a, double b, double c) { return PL_BUILTIN(fma)(a, b, c); }
PL_FN float sqrt(float x) { return PL_BUILTIN(sqrtf)(x); }
PL_FN double sqrt(double x) { return PL_BUILTIN(sqrt)(x); }
PL_FN float floor(float x) { return PL_BUILTIN(floorf)(x); }
PL_FN double floor(double x) { return PL_BUILTIN(floor)(x); }
PL_FN float ceil(float x) { return PL_BUILTIN(ceilf)(x); }
PL_FN double ceil(double x) { return PL_BUILTIN(ceil)(x); }
PL_FN float trunc(float x) { return PL_BUILTIN(truncf)(x); }
PL_FN double trunc(double x) { return PL_BUILTIN(trunc)(x); }
// Halves go to the even neighbour.
PL_FN float round(float x) { return PL_BUILTIN(rintf)(x); }
PL_FN double round(double x) { return PL_BUILTIN(rint)(x); }
PL_FN float copysign(float x, float s) { return PL_BUILTIN(copysignf)(x, s); }
PL_FN double copysign(double x, double s) { return PL_BUILTIN(copysign)(x, s); }

template <class T>
  requires is_float<T>
PL_FN T frac(T x) {
  return x - trunc(x);
}

template <class T>
PL_FN T abs(T x) {
  if constexpr (sizeof(T) == sizeof(float) && is_float<T>) {
    return PL_BUILTIN(fabsf)(x);
  } else if constexpr (is_float<T>) {
    return PL_BUILTIN(fabs)(x);
  } else {
    // Negated as unsigned: the least integer has no positive counterpart and maps to itself.
    return x < T(0) ? T(UInt64(0) - UInt64(x)) : x;
  }
}

template <class T>
PL_FN bool signbit(T x) {
  if constexpr (is_float<T>) {
    return (to_bits(x) & Format<T>::sign) != 0;
  } else {
    return x < T(0);
  }
}

// Rounds |x| < 2^22 (float) or 2^51 (double) to the nearest integer.
template <class T>
PL_FN T round_small(T x) {
  return (x + Format<T>::magic) - Format<T>::magic;
}

// 2^n for an integer n whose result is a normal number.
template <class T>
PL_FN T power_of_two(T n) {
  return from_bits(to_bits(n + (Format<T>::magic + T(Format<T>::bias))) << Format<T>::mantissa);
}

// p * 2^n for an integer n: in two steps, so that results beyond the normal numbers come out right.
template <class T>
PL_FN T scale(T p, T n) {
  T half = round_small(n * T(0.5));
  return p * power_of_two(half) * power_of_two(n - half);
}

// ---- Polynomials ----

// c0 + c1 x + c2 x^2 + ...
template <class T>
PL_FN T polynomial(T, T c0) {
  return c0;
}
template <class T, class... C>
PL_FN T polynomial(T x, T c0, C... c) {
  return x * polynomial(x, T(c)...) + c0;
}

}  // namespace pl::math
