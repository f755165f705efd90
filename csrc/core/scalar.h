// A Python number: bool, int, float or complex.
#pragma once
#include <cstdint>
#include "core/dtype.h"

namespace pl {

struct Scalar {
  enum Kind : uint8_t { Bool, Int, Float, Cplx } kind = Int;
  union {
    int64_t i;
    double d;
  };
  double im = 0;

  Scalar() : i(0) {}
  Scalar(bool v) : kind(Bool), i(v) {}
  Scalar(int v) : kind(Int), i(v) {}
  Scalar(int64_t v) : kind(Int), i(v) {}
  Scalar(double v) : kind(Float), d(v) {}
  Scalar(double re, double imag) : kind(Cplx), d(re), im(imag) {}

  bool is_integral() const { return kind <= Int; }
  bool is_complex() const { return kind == Cplx; }
  double to_double() const { return kind <= Int ? double(i) : d; }
  int64_t to_int() const {   // saturates where a cast would be undefined
    if (kind <= Int) return i;
    return d >= 9.2233720368547758e18 ? INT64_MAX : d >= -9.2233720368547758e18 ? int64_t(d) : INT64_MIN;
  }
  bool to_bool() const { return kind <= Int ? i != 0 : (d != 0 || im != 0); }
  Complex<double> to_complex() const { return {to_double(), im}; }
  template <class T> T to() const;

  // The dtype a lone number has: bool, int64, the default float or its complex.
  DType dtype() const {
    return kind == Bool ? DType::Bool : kind == Int ? DType::Int64 : kind == Float ? default_dtype() : complex_of(default_dtype());
  }
};
inline Scalar operator-(const Scalar& a) {
  return a.kind <= Scalar::Int ? Scalar(int64_t(-uint64_t(a.i))) : a.is_complex() ? Scalar(-a.d, -a.im) : Scalar(-a.d);
}
#define PL_SCALAR_ARITHMETIC(op) \
  inline Scalar operator op(const Scalar& a, const Scalar& b) { \
    if (a.is_complex() || b.is_complex()) { \
      auto z = a.to_complex() op b.to_complex(); \
      return Scalar(z.re, z.im); \
    } \
    /* integers wrap around */ \
    return a.is_integral() && b.is_integral() ? Scalar(int64_t(uint64_t(a.i) op uint64_t(b.i))) : Scalar(a.to_double() op b.to_double()); \
  }
PL_SCALAR_ARITHMETIC(+)
PL_SCALAR_ARITHMETIC(-)
PL_SCALAR_ARITHMETIC(*)
#undef PL_SCALAR_ARITHMETIC
inline Scalar operator/(const Scalar& a, const Scalar& b) { return Scalar(a.to_double() / b.to_double()); }
template <> inline float Scalar::to<float>() const { return float(to_double()); }
template <> inline double Scalar::to<double>() const { return to_double(); }
template <> inline int64_t Scalar::to<int64_t>() const { return to_int(); }
template <> inline bool Scalar::to<bool>() const { return to_bool(); }
template <> inline Complex<double> Scalar::to<Complex<double>>() const { return to_complex(); }

}  // namespace pl
