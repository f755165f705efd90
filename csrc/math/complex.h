// Complex numbers: a plain pair with arithmetic, laid out as PyTorch's and NumPy's.
#pragma once

#include "base.h"

namespace pl {

template <class T>
struct Complex {
  T re{};
  T im{};

  Complex() = default;
  PL_FN constexpr Complex(T real, T imaginary = T(0)) : re(real), im(imaginary) {}
  template <class U>
  PL_FN explicit constexpr Complex(Complex<U> z) : re(T(z.re)), im(T(z.im)) {}

  PL_FN Complex& operator+=(Complex b) { return *this = *this + b; }
  PL_FN Complex& operator-=(Complex b) { return *this = *this - b; }
  PL_FN Complex& operator*=(Complex b) { return *this = *this * b; }
  PL_FN Complex& operator/=(Complex b) { return *this = *this / b; }

  // Friends, so that a real operand converts.
  PL_FN friend Complex operator+(Complex a) { return a; }
  PL_FN friend Complex operator-(Complex a) { return {-a.re, -a.im}; }
  PL_FN friend Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
  PL_FN friend Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
  PL_FN friend Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  // Scaled by the larger part of the divisor (Smith), so that nothing overflows on the way; PyTorch's order of
  // operations.
  PL_FN friend Complex operator/(Complex a, Complex b) {
    const bool by_real = math::abs(b.re) >= math::abs(b.im);
    const T large = by_real ? b.re : b.im;
    const T small = by_real ? b.im : b.re;
    const T ratio = small / large;
    const T inverse = T(1) / (large + small * ratio);
    const T real = by_real ? a.re + a.im * ratio : a.re * ratio + a.im;
    const T imaginary = by_real ? a.im - a.re * ratio : a.im * ratio - a.re;
    const bool by_zero = (b.re == T(0)) & (b.im == T(0));
    const T zero = math::abs(large);
    return {by_zero ? a.re / zero : real * inverse, by_zero ? a.im / zero : imaginary * inverse};
  }
  PL_FN friend bool operator==(Complex a, Complex b) { return (a.re == b.re) & (a.im == b.im); }
  PL_FN friend bool operator!=(Complex a, Complex b) { return (a.re != b.re) | (a.im != b.im); }
};

namespace math {

template <class T>
inline constexpr bool is_complex = false;
template <class T>
inline constexpr bool is_complex<Complex<T>> = true;

template <class T>
PL_FN T real(Complex<T> z) {
  return z.re;
}
template <class T>
PL_FN T imag(Complex<T> z) {
  return z.im;
}
template <class T>
PL_FN Complex<T> conj(Complex<T> z) {
  return {z.re, -z.im};
}
template <class T>
  requires(!is_complex<T>)
PL_FN T real(T x) {
  return x;
}
template <class T>
  requires(!is_complex<T>)
PL_FN T imag(T) {
  return T(0);
}
template <class T>
  requires(!is_complex<T>)
PL_FN T conj(T x) {
  return x;
}

}  // namespace math
}  // namespace pl
