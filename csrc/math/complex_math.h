// Elementary functions of a complex number. Branch cuts and signed zeros follow C's Annex G, and so PyTorch's.
#pragma once

#include "activation.h"

namespace pl::math {

namespace detail {

template <class T>
PL_FN Complex<T> times_i(Complex<T> z) {
  return {-z.im, z.re};
}
template <class T>
PL_FN Complex<T> over_i(Complex<T> z) {
  return {z.im, -z.re};
}

// a^2 as a rounded value and its error.
PL_FN double square_error(double a, double rounded) { return fma(a, a, -rounded); }
PL_FN double rounded_square(double a) {
#if defined(__CUDACC_RTC__)
  return __dmul_rn(a, a);
#else
  return a * a;
#endif
}

// x^2 + y^2 - 1 for |x| >= |y| and a sum near 1, where plain arithmetic would cancel.
PL_FN double norm_minus_one(double x, double y) {
  const double xx = rounded_square(x);
  const double yy = rounded_square(y);
  return ((xx - 1.0) + yy) + (square_error(x, xx) + square_error(y, yy));
}

// e^(x/2), finite: a factor of an exponential that overflows by itself or meets a zero.
PL_FN double sqrt_exp(double x) { return exp(select(x > 1418.0, 709.0, 0.5 * x)); }

// e^x (cos y, sin y) for finite y, where e^x alone may overflow.
PL_SLOW_FN Complex<double> polar_exp(double x, double y) {
  const double s = sin(y);
  const double c = cos(y);
  if (x < 709.0) {
    const double e = exp(x);
    return {e * c, e * s};
  }
  const double e = sqrt_exp(x);
  return {e * c * e, e * s * e};
}

}  // namespace detail

// Each function in double.
namespace complex128 {

PL_SLOW_FN Complex<double> exp(Complex<double> z) {
  if (z.im == 0.0) return {math::exp(z.re), z.im};
  if (isfinite(z.im)) {
    if (z.re == -infinity<double>()) return {copysign(0.0, math::cos(z.im)), copysign(0.0, math::sin(z.im))};
    return detail::polar_exp(z.re, z.im);
  }
  if (z.re == -infinity<double>()) return {0.0, copysign(0.0, z.im)};
  if (z.re == infinity<double>()) return {infinity<double>(), nan<double>()};
  return {nan<double>(), nan<double>()};
}

PL_SLOW_FN Complex<double> log(Complex<double> z) {
  const double x = math::abs(z.re);
  const double y = math::abs(z.im);
  const double large = maximum(x, y);
  const double small = minimum(x, y);
  const double angle = atan2(z.im, z.re);
  if (large > 0.5 && large < 1.5) {
    const double r = detail::norm_minus_one(large, small);
    if (r > -0.5) return {0.5 * math::log1p(r), angle};
  }
  // Halved where the modulus itself would overflow.
  if (large > 1e300) return {math::log(hypot(0.5 * x, 0.5 * y)) + kLn2, angle};
  if (large < 1e-300) return {math::log(hypot(0x1p100 * x, 0x1p100 * y)) - 100 * kLn2, angle};
  return {math::log(hypot(x, y)), angle};
}

PL_SLOW_FN Complex<double> log1p(Complex<double> z) {
  const double angle = atan2(z.im, z.re + 1.0);
  if (hypot(z.re, z.im) < 0.5) {
    const double r = z.re * (2.0 + z.re) + z.im * z.im;
    return {r == 0.0 ? z.re : 0.5 * math::log1p(r), angle};
  }
  return {math::log(hypot(z.re + 1.0, z.im)), angle};
}

PL_SLOW_FN Complex<double> expm1(Complex<double> z) {
  const double s = math::sin(0.5 * z.im);
  const double real = math::expm1(z.re) * math::cos(z.im) - 2.0 * s * s;
  return {real, math::exp(z.re) * math::sin(z.im)};
}

PL_SLOW_FN Complex<double> sqrt(Complex<double> z) {
  if (isinf(z.im)) return {infinity<double>(), z.im};
  if (z.re == infinity<double>()) return {z.re, isnan(z.im) ? z.im : copysign(0.0, z.im)};
  if (z.re == -infinity<double>()) {
    return {isnan(z.im) ? z.im : 0.0, isnan(z.im) ? infinity<double>() : copysign(infinity<double>(), z.im)};
  }
  if (z.re == 0.0 && z.im == 0.0) return {0.0, z.im};
  // Scaled by an even power of two into the middle of the range.
  const double large = fmax(math::abs(z.re), math::abs(z.im));
  const bool huge = large > 1e300;
  const bool tiny = large < 1e-290;
  const double up = huge ? 0x1p-4 : tiny ? 0x1p120 : 1.0;
  const double down = huge ? 0x1p2 : tiny ? 0x1p-60 : 1.0;
  const double x = z.re * up;
  const double y = z.im * up;
  const double t = math::sqrt(0.5 * (math::abs(x) + hypot(x, y)));
  const double other = 0.5 * math::abs(y) / t;
  const double real = z.re >= 0.0 ? t : other;
  const double imaginary = z.re >= 0.0 ? other : t;
  return {real * down, copysign(imaginary * down, z.im)};
}

PL_SLOW_FN Complex<double> sinh(Complex<double> z) {
  if (!isfinite(z.re) || !isfinite(z.im)) {
    if (z.im == 0.0) return z;
    if (z.re == 0.0) return {copysign(0.0, z.re), nan<double>()};
    if (isinf(z.re) && isfinite(z.im)) return {z.re * math::cos(z.im), infinity<double>() * math::sin(z.im)};
    if (isinf(z.re)) return {z.re, nan<double>()};
    return {nan<double>(), nan<double>()};
  }
  if (math::abs(z.re) < 709.0) {
    return {math::sinh(z.re) * math::cos(z.im), math::cosh(z.re) * math::sin(z.im)};
  }
  const double e = detail::sqrt_exp(math::abs(z.re));
  const double c = 0.5 * e * math::cos(z.im) * e;
  return {copysign(1.0, z.re) * c, 0.5 * e * math::sin(z.im) * e};
}

PL_SLOW_FN Complex<double> cosh(Complex<double> z) {
  if (!isfinite(z.re) || !isfinite(z.im)) {
    if (z.im == 0.0) return {math::abs(z.re), isnan(z.re) ? z.im : z.im * copysign(1.0, z.re)};
    if (z.re == 0.0) return {nan<double>(), 0.0};
    if (isinf(z.re) && isfinite(z.im)) return {math::abs(z.re) * math::cos(z.im), z.re * math::sin(z.im)};
    if (isinf(z.re)) return {infinity<double>(), nan<double>()};
    return {nan<double>(), nan<double>()};
  }
  if (math::abs(z.re) < 709.0) {
    return {math::cosh(z.re) * math::cos(z.im), math::sinh(z.re) * math::sin(z.im)};
  }
  const double e = detail::sqrt_exp(math::abs(z.re));
  const double s = 0.5 * e * math::sin(z.im) * e;
  return {0.5 * e * math::cos(z.im) * e, copysign(1.0, z.re) * s};
}

// Kahan, "Branch cuts for complex elementary functions" (1987).
PL_SLOW_FN Complex<double> tanh(Complex<double> z) {
  if (isinf(z.re)) {
    const double zero = isfinite(z.im) ? math::sin(2.0 * z.im) : 1.0;
    return {copysign(1.0, z.re), copysign(0.0, z.im == 0.0 ? z.im : zero)};
  }
  if (isnan(z.re)) return {z.re, z.im == 0.0 ? z.im : nan<double>()};
  if (!isfinite(z.im)) return {z.re == 0.0 ? z.re : nan<double>(), nan<double>()};
  if (math::abs(z.re) > 22.0) {
    const double e = math::exp(-math::abs(z.re));
    return {copysign(1.0, z.re), 4.0 * math::sin(z.im) * math::cos(z.im) * e * e};
  }
  const double t = math::tan(z.im);
  const double beta = 1.0 + t * t;
  const double s = math::sinh(z.re);
  const double rho = math::sqrt(1.0 + s * s);
  const double denominator = 1.0 + beta * s * s;
  return {beta * rho * s / denominator, t / denominator};
}

PL_SLOW_FN Complex<double> asin(Complex<double> z) {
  if (isinf(z)) return {atan2(z.re, math::abs(z.im)), copysign(infinity<double>(), z.im)};
  if (isnan(z)) return {z.re == 0.0 ? z.re : nan<double>(), nan<double>()};
  const Complex<double> minus = sqrt(Complex<double>(1.0 - z.re, -z.im));
  const Complex<double> plus = sqrt(Complex<double>(1.0 + z.re, z.im));
  const double real = atan2(z.re, minus.re * plus.re - minus.im * plus.im);
  return {real, math::asinh(minus.re * plus.im - minus.im * plus.re)};
}

PL_SLOW_FN Complex<double> acos(Complex<double> z) {
  if (isinf(z)) return {atan2(math::abs(z.im), z.re), copysign(infinity<double>(), -z.im)};
  if (isnan(z)) return {z.re == 0.0 ? 0.5 * kPi : nan<double>(), nan<double>()};
  const Complex<double> minus = sqrt(Complex<double>(1.0 - z.re, -z.im));
  const Complex<double> plus = sqrt(Complex<double>(1.0 + z.re, z.im));
  return {2.0 * atan2(minus.re, plus.re), math::asinh(plus.re * minus.im - plus.im * minus.re)};
}

PL_SLOW_FN Complex<double> acosh(Complex<double> z) {
  if (isinf(z)) return {infinity<double>(), atan2(z.im, z.re)};
  if (isnan(z)) return {nan<double>(), z.re == 0.0 ? 0.5 * kPi : nan<double>()};
  const Complex<double> minus = sqrt(Complex<double>(z.re - 1.0, z.im));
  const Complex<double> plus = sqrt(Complex<double>(z.re + 1.0, z.im));
  return {math::asinh(minus.re * plus.re + minus.im * plus.im), 2.0 * atan2(minus.im, plus.re)};
}

PL_SLOW_FN Complex<double> atanh(Complex<double> z) {
  const double x = z.re;
  const double y = z.im;
  if (isnan(x) || isnan(y)) {
    if (isinf(y)) return {copysign(0.0, x), copysign(0.5 * kPi, y)};
    if (isinf(x) || x == 0.0) return {copysign(0.0, x), y};
    return {nan<double>(), nan<double>()};
  }
  if (fmax(math::abs(x), math::abs(y)) > 1e150) {
    const double inverse = isinf(x) || isinf(y) ? copysign(0.0, x) : (Complex<double>(1.0) / z).re;
    return {inverse, copysign(0.5 * kPi, y)};
  }
  const double a = math::abs(x);
  if (a == 1.0 && math::abs(y) < 1e-100) {
    return {copysign(0.5 * (kLn2 - math::log(math::abs(y))), x), copysign(y == 0.0 ? 0.0 : 0.25 * kPi, y)};
  }
  const double real = 0.25 * math::log1p(4.0 * a / ((1.0 - a) * (1.0 - a) + y * y));
  return {copysign(real, x), 0.5 * atan2(2.0 * y, (1.0 - a) * (1.0 + a) - y * y)};
}

}  // namespace complex128

template <class T>
PL_FN T abs(Complex<T> z) {
  return hypot(z.re, z.im);
}
template <class T>
PL_FN T angle(Complex<T> z) {
  return atan2(z.im, z.re);
}
// 0 or pi; NaN stays.
template <class T>
  requires is_float<T>
PL_FN T angle(T x) {
  return select(x < T(0), T(kPi), select(x != x, x, T(0)));
}
template <class T>
PL_FN Complex<T> polar(T modulus, T argument) {
  return {modulus * cos(argument), modulus * sin(argument)};
}

// Every function is computed in double; a complex float is a rounded complex double.
#define PL_COMPLEX_FUNCTION(name)                            \
  template <class T>                                         \
  PL_FN Complex<T> name(Complex<T> z) {                      \
    return Complex<T>(complex128::name(Complex<double>(z))); \
  }
PL_COMPLEX_FUNCTION(exp)
PL_COMPLEX_FUNCTION(expm1)
PL_COMPLEX_FUNCTION(log)
PL_COMPLEX_FUNCTION(log1p)
PL_COMPLEX_FUNCTION(sqrt)
PL_COMPLEX_FUNCTION(sinh)
PL_COMPLEX_FUNCTION(cosh)
PL_COMPLEX_FUNCTION(tanh)
PL_COMPLEX_FUNCTION(asin)
PL_COMPLEX_FUNCTION(acos)
PL_COMPLEX_FUNCTION(acosh)
PL_COMPLEX_FUNCTION(atanh)
#undef PL_COMPLEX_FUNCTION

template <class T>
PL_FN Complex<T> exp2(Complex<T> z) {
  return exp(Complex<T>(z.re * T(kLn2), z.im * T(kLn2)));
}
template <class T>
PL_FN Complex<T> log2(Complex<T> z) {
  const Complex<T> l = log(z);
  return {l.re * T(kLog2E), l.im * T(kLog2E)};
}
template <class T>
PL_FN Complex<T> log10(Complex<T> z) {
  const Complex<T> l = log(z);
  return {l.re * T(0x1.bcb7b1526e50ep-2), l.im * T(0x1.bcb7b1526e50ep-2)};
}

// The circular functions are the hyperbolic ones of iz.
template <class T>
PL_FN Complex<T> sin(Complex<T> z) {
  return detail::over_i(sinh(detail::times_i(z)));
}
template <class T>
PL_FN Complex<T> cos(Complex<T> z) {
  return cosh(detail::times_i(z));
}
template <class T>
PL_FN Complex<T> tan(Complex<T> z) {
  return detail::over_i(tanh(detail::times_i(z)));
}
template <class T>
PL_FN Complex<T> asinh(Complex<T> z) {
  return detail::over_i(asin(detail::times_i(z)));
}
template <class T>
PL_FN Complex<T> atan(Complex<T> z) {
  return detail::over_i(atanh(detail::times_i(z)));
}

// e^(y log x), and 1 for y = 0.
template <class T>
PL_FN Complex<T> pow(Complex<T> x, Complex<T> y) {
  return y == Complex<T>(T(0)) ? Complex<T>(T(1)) : exp(y * log(x));
}
template <class T>
PL_FN Complex<T> rsqrt(Complex<T> z) {
  return Complex<T>(T(1)) / sqrt(z);
}
template <class T>
PL_FN Complex<T> sigmoid(Complex<T> z) {
  return Complex<T>(T(1)) / (Complex<T>(T(1)) + exp(-z));
}
template <class T>
PL_FN Complex<T> silu(Complex<T> z) {
  return z * sigmoid(z);
}
template <class T>
PL_FN Complex<T> ldexp(Complex<T> x, Complex<T> y) {
  return x * exp2(y);
}
template <class T>
PL_FN Complex<T> lerp(Complex<T> a, Complex<T> b, Complex<T> w) {
  return w.re * w.re + w.im * w.im < T(0.25) ? a + w * (b - a) : b - (b - a) * (Complex<T>(T(1)) - w);
}
template <class T>
PL_FN Complex<T> sinc(Complex<T> z) {
  const Complex<T> scaled(T(kPi) * z.re, T(kPi) * z.im);
  return z == Complex<T>(T(0)) ? Complex<T>(T(1)) : sin(scaled) / scaled;
}
// log(e^a + e^b) from the operand with the larger real part.
template <class T>
PL_FN Complex<T> logaddexp(Complex<T> a, Complex<T> b) {
  const Complex<T> low = a.re < b.re || isnan(a.re) || isnan(a.im) ? a : b;
  const Complex<T> high = a.re < b.re || isnan(a.re) || isnan(a.im) ? b : a;
  if (isnan(low.re) || isnan(low.im)) return {nan<T>(), nan<T>()};
  if (isinf(low.re) && low.re == high.re) return low.re < T(0) ? low : log(exp(low) + exp(high));
  return high + log1p(exp(low - high));
}
// z / |z|, and 0 at 0.
template <class T>
PL_FN Complex<T> sgn(Complex<T> z) {
  const T modulus = abs(z);
  return modulus == T(0) ? Complex<T>(T(0)) : Complex<T>(z.re / modulus, z.im / modulus);
}

}  // namespace pl::math
