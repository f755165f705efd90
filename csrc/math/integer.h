// Integer arithmetic, and the division family for integers and floats with Python's and PyTorch's signs.
#pragma once

#include "elementary.h"

namespace pl::math {

// ---- Division ----
//
// Integer division by zero is an error that the caller raises before; here it gives 0, and the least integer divided by
// -1 wraps, so that no argument traps.

namespace detail {

template <class T>
PL_FN T safe_divisor(T a, T b) {
  const bool wraps = (b == T(-1)) & (T(-1) < T(0)) & (a == neg(a));
  return select((b == T(0)) | wraps, T(1), b);
}

}  // namespace detail

template <class T>
PL_FN T trunc_divide(T a, T b) {
  if constexpr (is_int<T>) {
    return select(b == T(0), T(0), T(a / detail::safe_divisor(a, b)));
  } else {
    return trunc(a / b);
  }
}

namespace detail {

// |a| mod |b|, exact: in double, 28 bits of the quotient a step, every product being shorter than a double's 53 bits.
// The steps' quotients are rounded to nearest, so that the rest may end up negative.
PL_FN float fmod_magnitude(float a, float b) {
  const double divisor = double(b);
  const double inverse = 1.0 / divisor;
  double rest = double(a);
  // A float's quotient has at most 277 bits.
  double step = 0x1p252;
  double unstep = 0x1p-252;
  for (int k = 0; k < 10; ++k) {
    rest = fma(-round(rest * (inverse * unstep)), divisor * step, rest);
    step *= 0x1p-28;
    unstep *= 0x1p28;
  }
  return float(select(rest < 0.0, rest + divisor, rest));
}

}  // namespace detail

// The remainder with the sign of the dividend (C's).
template <class T>
PL_FN T fmod(T a, T b) {
  if constexpr (is_int<T>) {
    return T(a % detail::safe_divisor(a, b));
  } else if constexpr (sizeof(T) == sizeof(float)) {
    const T r = copysign(detail::fmod_magnitude(abs(a), abs(b)), a);
    return select(isinf(b) & isfinite(a), a, r);
  } else {
    const T quotient = abs(a / b);
    // Within 2^50 the truncated quotient is off by at most one and the product's rest is exact.
    if (quotient < T(0x1p50)) {
      const T d = abs(b);
      const T rest = fma(-trunc(quotient), d, abs(a));
      const T fixed = rest < T(0) ? rest + d : rest >= d ? rest - d : rest;
      return d == infinity<T>() ? a : copysign(fixed, a);
    }
    return PL_BUILTIN(fmod)(a, b);
  }
}

// The remainder with the sign of the divisor (Python's).
template <class T>
PL_FN T remainder(T a, T b) {
  const T m = fmod(a, b);
  return select((m != T(0)) & ((b < T(0)) != (m < T(0))), T(m + b), m);
}

template <class T>
PL_FN T floor_divide(T a, T b) {
  if constexpr (is_int<T>) {
    const T q = trunc_divide(a, b);
    const T m = fmod(a, b);
    return T(q - T((m != T(0)) & ((b < T(0)) != (m < T(0)))));
  } else {
    // As Python and PyTorch: a quotient that agrees with the remainder, (a - m) / b being an integer but for its
    // rounding.
    const T m = fmod(a, b);
    const T adjust = select((m != T(0)) & ((b < T(0)) != (m < T(0))), T(1), T(0));
    const T exact = (a - m) / b - adjust;
    const T whole = floor(exact);
    const T nearest = whole + select(exact - whole > T(0.5), T(1), T(0));
    // The sign of a zero is the quotient's; that of any other result is too.
    const T quotient = a / b;
    return select(b == T(0), quotient, copysign(nearest, quotient));
  }
}

// ---- Powers ----

// By repeated squaring, wrapping; a negative exponent gives the truncated reciprocal: 1 for 1, +-1 for -1, otherwise 0.
template <class T>
  requires is_int<T>
PL_FN T pow(T base, T exponent) {
  if (exponent < T(0)) {
    if (base == T(1)) return T(1);
    if (base == T(-1)) return (exponent & T(1)) ? T(-1) : T(1);
    return T(0);
  }
  UInt64 result = 1;
  UInt64 factor = UInt64(base);
  for (UInt64 e = UInt64(exponent); e != 0; e >>= 1) {
    if (e & 1) result *= factor;
    factor *= factor;
  }
  return T(result);
}

// ---- Number theory ----

template <class T>
  requires is_int<T>
PL_FN T gcd(T a, T b) {
  // Unsigned: the least integer has a magnitude there.
  UInt64 x = a < T(0) ? UInt64(0) - UInt64(a) : UInt64(a);
  UInt64 y = b < T(0) ? UInt64(0) - UInt64(b) : UInt64(b);
  while (x != 0) {
    const UInt64 r = y % x;
    y = x;
    x = r;
  }
  return T(y);
}

template <class T>
  requires is_int<T>
PL_FN T lcm(T a, T b) {
  const T g = gcd(a, b);
  return g == T(0) ? T(0) : abs(T(UInt64(trunc_divide(a, g)) * UInt64(b)));
}

// ---- Bits ----

template <class T>
  requires is_int<T>
PL_FN T bitwise_and(T a, T b) {
  return T(a & b);
}
template <class T>
  requires is_int<T>
PL_FN T bitwise_or(T a, T b) {
  return T(a | b);
}
template <class T>
  requires is_int<T>
PL_FN T bitwise_xor(T a, T b) {
  return T(a ^ b);
}
template <class T>
  requires is_int<T>
PL_FN T bitwise_not(T a) {
  return T(~a);
}
PL_FN bool bitwise_not(bool a) { return !a; }

// A shift by less than nothing or by the whole width moves everything out: 0, or the sign to the right.
template <class T>
  requires is_int<T>
PL_FN T bitwise_left_shift(T a, T n, int width = int(8 * sizeof(T))) {
  const bool out = (n < T(0)) | (UInt64(n) >= UInt64(width));
  return select(out, T(0), T(UInt64(a) << (UInt64(n) & 63)));
}
template <class T>
  requires is_int<T>
PL_FN T bitwise_right_shift(T a, T n, int width = int(8 * sizeof(T))) {
  const bool out = (n < T(0)) | (UInt64(n) >= UInt64(width));
  const int last = int(8 * sizeof(T)) - 1;
  return T(a >> select(out, last, int(UInt64(n) & UInt64(last))));
}

}  // namespace pl::math
