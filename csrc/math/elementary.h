// Comparison, choice, signs and rounding for every compute type.
#pragma once

#include "complex.h"

namespace pl::math {

// ---- Rounding: integers are their own ----

template <class T>
  requires is_int<T>
PL_FN T floor(T x) {
  return x;
}
template <class T>
  requires is_int<T>
PL_FN T ceil(T x) {
  return x;
}
template <class T>
  requires is_int<T>
PL_FN T trunc(T x) {
  return x;
}
template <class T>
  requires is_int<T>
PL_FN T round(T x) {
  return x;
}

// ---- Classification ----

template <class T>
PL_FN bool isnan(T x) {
  return x != x;
}
template <class T>
PL_FN bool isinf(T x) {
  if constexpr (is_float<T>) {
    return abs(x) == infinity<T>();
  } else {
    return false;
  }
}
template <class T>
PL_FN bool isfinite(T x) {
  if constexpr (is_float<T>) {
    return abs(x) < infinity<T>();
  } else {
    return true;
  }
}
template <class T>
PL_FN bool isnan(Complex<T> z) {
  return isnan(z.re) | isnan(z.im);
}
template <class T>
PL_FN bool isinf(Complex<T> z) {
  return isinf(z.re) | isinf(z.im);
}
template <class T>
PL_FN bool isfinite(Complex<T> z) {
  return isfinite(z.re) & isfinite(z.im);
}
template <class T>
  requires is_float<T>
PL_FN bool isposinf(T x) {
  return x == infinity<T>();
}
template <class T>
  requires is_float<T>
PL_FN bool isneginf(T x) {
  return x == -infinity<T>();
}

// ---- Signs ----

template <class T>
PL_FN T neg(T x) {
  if constexpr (is_int<T>) {
    return T(UInt64(0) - UInt64(x));  // the least integer wraps to itself
  } else {
    return -x;
  }
}

// -1, 0 or 1; NaN gives 0, as in PyTorch.
template <class T>
  requires(!is_complex<T>)
PL_FN T sign(T x) {
  return T(x > T(0)) - T(x < T(0));
}
template <class T>
  requires(!is_complex<T>)
PL_FN T sgn(T x) {
  return sign(x);
}

template <class T>
  requires is_int<T>
PL_FN double copysign(T x, T s) {
  return copysign(double(x), double(s));
}

// ---- Extremes ----

// A NaN on either side is the result.
template <class T>
PL_FN T maximum(T a, T b) {
  return select(a != a, a, select(a > b, a, b));
}
template <class T>
PL_FN T minimum(T a, T b) {
  return select(a != a, a, select(a < b, a, b));
}
// A NaN gives way to a number.
template <class T>
PL_FN T fmax(T a, T b) {
  return select(b != b, a, select(a > b, a, b));
}
template <class T>
PL_FN T fmin(T a, T b) {
  return select(b != b, a, select(a < b, a, b));
}
// NaN in any argument is the result; where the bounds cross, the upper one is.
template <class T>
PL_FN T clamp(T x, T low, T high) {
  return minimum(maximum(x, low), high);
}
template <class T>
PL_FN T clamp_min(T x, T low) {
  return maximum(x, low);
}
template <class T>
PL_FN T clamp_max(T x, T high) {
  return minimum(x, high);
}

// ---- Simple arithmetic ----

template <class T>
PL_FN T square(T x) {
  if constexpr (is_int<T>) {
    return T(UInt64(x) * UInt64(x));  // wraps
  } else {
    return x * x;
  }
}
template <class T>
PL_FN T reciprocal(T x) {
  return T(1) / x;
}
template <class T>
  requires is_float<T>
PL_FN T rsqrt(T x) {
  return T(1) / sqrt(x);
}
template <class T>
PL_FN T deg2rad(T x) {
  return x * T(kPi / 180.0);
}
template <class T>
PL_FN T rad2deg(T x) {
  return x * T(180.0 / kPi);
}

// 0 for x < 0, `at_zero` for x = 0, 1 for x > 0; NaN counts as positive, as in PyTorch.
template <class T>
PL_FN T heaviside(T x, T at_zero) {
  return select(x == T(0), at_zero, T(!(x < T(0))));
}

// The next representable number after x towards y.
template <class T>
  requires is_float<T>
PL_FN T nextafter(T x, T y) {
  using Bits = typename Format<T>::Bits;
  const Bits bits = to_bits(x);
  const bool away = (x < y) == (x > T(0));
  const T stepped = from_bits(Bits(bits + (away ? Bits(1) : ~Bits(0))));
  const T from_zero = copysign(from_bits(Bits(1)), y);
  const T moved = select(x == T(0), from_zero, stepped);
  return select((x != x) | (y != y), x + y, select(x == y, y, moved));
}

template <class T>
  requires is_float<T>
PL_FN T hypot(T a, T b) {
  T r;
  if constexpr (sizeof(T) == sizeof(float)) {
    r = T(sqrt(double(a) * double(a) + double(b) * double(b)));
  } else {
    // Scaled to the middle of the range: the squares neither overflow nor vanish.
    const T large = fmax(abs(a), abs(b));
    const T up = select(large > T(0x1p500), T(0x1p-600), select(large < T(0x1p-500), T(0x1p600), T(1)));
    const T down = select(large > T(0x1p500), T(0x1p600), select(large < T(0x1p-500), T(0x1p-600), T(1)));
    const T x = a * up;
    const T y = b * up;
    r = sqrt(x * x + y * y) * down;
  }
  return select(isinf(a) | isinf(b), infinity<T>(), r);
}

}  // namespace pl::math
