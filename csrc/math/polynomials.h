// Orthogonal polynomials of degree n at x, by their recurrences; between -1 and 1 high Chebyshev degrees by cosines.
//
// Computed in double for every type. A degree below 0 gives 0; a fraction of a degree is dropped.
#pragma once

#include "special.h"

namespace pl::math {

namespace detail {

// The degree as an integer; -1 for what is none.
PL_FN Int64 degree(double n) { return n > -1.0 && n < 0x1p63 ? Int64(n) : -1; }

// p_n from p_0 = 1, p_1 and step(k, p_k, p_k-1), which gives p_k+1. Ends early where the numbers overflow.
template <class Step>
PL_FN double recurrence(Int64 n, double first, Step step) {
  double before = 1.0;
  double now = first;
  if (n == 0) return before;
  if (n > (Int64(1) << 24)) return nan<double>();  // so many steps would leave no digit, and not end
  for (Int64 k = 1; k < n && now == now; ++k) {
    const double next = step(double(k), now, before);
    before = now;
    now = next;
  }
  return now;
}

PL_FN double odd_sign(Int64 n) { return n % 2 == 0 ? 1.0 : -1.0; }

// The four kinds share a recurrence and differ in their first degree.
PL_FN double chebyshev_recurrence(Int64 n, double x, double first) {
  return recurrence(n, first, [x](double, double now, double before) { return (x + x) * now - before; });
}

PL_SLOW_FN double chebyshev_polynomial_t(double x, double degree_of) {
  const Int64 n = degree(degree_of);
  if (n < 0) return 0.0;
  if (abs(x) == 1.0) return x > 0.0 ? 1.0 : odd_sign(n);
  if (n > 6 && abs(x) < 1.0) return cos(double(n) * acos(x));
  return chebyshev_recurrence(n, x, x);
}

PL_SLOW_FN double chebyshev_polynomial_u(double x, double degree_of) {
  const Int64 n = degree(degree_of);
  if (n < 0) return 0.0;
  if (abs(x) == 1.0) return (x > 0.0 ? 1.0 : odd_sign(n)) * double(n + 1);
  if (n > 8 && abs(x) < 1.0) return sin(double(n + 1) * acos(x)) / sqrt((1.0 - x) * (1.0 + x));
  return chebyshev_recurrence(n, x, x + x);
}

PL_SLOW_FN double chebyshev_polynomial_v(double x, double degree_of) {
  const Int64 n = degree(degree_of);
  if (n < 0) return 0.0;
  if (abs(x) == 1.0) return x > 0.0 ? 1.0 : odd_sign(n) * double(n + n + 1);
  if (n > 8 && abs(x) < 1.0) {
    const double angle = acos(x);
    return cos((double(n) + 0.5) * angle) / cos(0.5 * angle);
  }
  return chebyshev_recurrence(n, x, x + x - 1.0);
}

PL_SLOW_FN double chebyshev_polynomial_w(double x, double degree_of) {
  const Int64 n = degree(degree_of);
  if (n < 0) return 0.0;
  if (abs(x) == 1.0) return x > 0.0 ? double(n + n + 1) : odd_sign(n);
  if (n > 8 && abs(x) < 1.0) {
    const double angle = acos(x);
    return sin((double(n) + 0.5) * angle) / sin(0.5 * angle);
  }
  return chebyshev_recurrence(n, x, x + x + 1.0);
}

PL_SLOW_FN double hermite_polynomial_h(double x, double degree_of, double highest) {
  const Int64 n = degree(degree_of);
  if (n < 0) return 0.0;
  if (double(n) > highest) return nan<double>();
  return recurrence(n, x + x, [x](double k, double now, double before) { return (x + x) * now - (k + k) * before; });
}

PL_SLOW_FN double hermite_polynomial_he(double x, double degree_of, double highest) {
  const Int64 n = degree(degree_of);
  if (n < 0) return 0.0;
  if (double(n) > highest) return nan<double>();
  return recurrence(n, x, [x](double k, double now, double before) { return x * now - k * before; });
}

PL_SLOW_FN double laguerre_polynomial_l(double x, double degree_of) {
  const Int64 n = degree(degree_of);
  if (n < 0) return 0.0;
  if (x == 0.0) return 1.0;
  return recurrence(n, 1.0 - x, [x](double k, double now, double before) {
    return ((k + k + (1.0 - x)) * now - k * before) / (k + 1.0);
  });
}

PL_SLOW_FN double legendre_polynomial_p(double x, double degree_of) {
  const Int64 n = degree(degree_of);
  if (n < 0) return 0.0;
  if (abs(x) == 1.0) return x > 0.0 ? 1.0 : odd_sign(n);
  return recurrence(n, x, [x](double k, double now, double before) {
    return ((k + k + 1.0) * x * now - k * before) / (k + 1.0);
  });
}

// Beyond these degrees Hermite polynomials are NaN: they overflow nearly everywhere.
template <class T>
inline constexpr double hermite_limit = sizeof(T) == sizeof(float) ? 128.0 : 512.0;

}  // namespace detail

#define PL_BY_DOUBLE(name)                             \
  template <class T>                                   \
    requires is_float<T>                               \
  PL_FN T name(T x, T n) {                             \
    return T(detail::name(double(x), double(n)));      \
  }
PL_BY_DOUBLE(chebyshev_polynomial_t)
PL_BY_DOUBLE(chebyshev_polynomial_u)
PL_BY_DOUBLE(chebyshev_polynomial_v)
PL_BY_DOUBLE(chebyshev_polynomial_w)
PL_BY_DOUBLE(laguerre_polynomial_l)
PL_BY_DOUBLE(legendre_polynomial_p)
#undef PL_BY_DOUBLE

#define PL_HERMITE(name)                                                     \
  template <class T>                                                         \
    requires is_float<T>                                                     \
  PL_FN T name(T x, T n) {                                                   \
    return T(detail::name(double(x), double(n), detail::hermite_limit<T>));  \
  }
PL_HERMITE(hermite_polynomial_h)
PL_HERMITE(hermite_polynomial_he)
#undef PL_HERMITE

// The shifted kinds live on [0, 1].
#define PL_SHIFTED(kind)                                                                           \
  template <class T>                                                                               \
    requires is_float<T>                                                                           \
  PL_FN T shifted_chebyshev_polynomial_##kind(T x, T n) {                                          \
    return T(detail::chebyshev_polynomial_##kind(double(x) + double(x) - 1.0, double(n)));         \
  }
PL_SHIFTED(t)
PL_SHIFTED(u)
PL_SHIFTED(v)
PL_SHIFTED(w)
#undef PL_SHIFTED

// The multivariate gamma function's logarithm, dimension p: a sum of p lgammas, half a step apart.
template <class T>
  requires is_float<T>
PL_FN T mvlgamma(T x, T p) {
  T sum = T(0.28618247146235) * p * (p - T(1));      // log(pi) / 4
  for (T j = T(0); j < p; j += T(1)) sum += lgamma(x - T(0.5) * j);
  return sum;
}

}  // namespace pl::math
