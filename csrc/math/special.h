// The gamma function's family, Hurwitz zeta and the normal distribution. Careful scalar code, computed in double for
// every type.
//
// Chebyshev series and expansions were computed for Penlight from 45-digit values; the methods are named where they
// stand.
#pragma once

#include "bessel.h"

namespace pl::math {

namespace detail {

PL_SLOW_FN double lgamma(double x) { return PL_BUILTIN(lgamma)(x); }

// tan(pi x), with the whole periods removed first.
PL_FN double tan_pi(double x) { return tan(kPi * (x - round(x))); }

PL_SLOW_FN double digamma(double x) {
  if (x == 0.0) return copysign(infinity<double>(), -x);
  if (x == -infinity<double>()) return nan<double>();
  double result = 0.0;
  if (x < 0.0) {
    if (x == trunc(x)) return nan<double>();
    result = -kPi / tan_pi(x);
    x = 1.0 - x;
  }
  if (x < 10.0) {
    for (; x > 2.0; result += 1.0 / x) x -= 1.0;
    for (; x < 1.0; x += 1.0) result -= 1.0 / x;
    // On [1, 2] a multiple of the distance to the root, which is 0x1.762d86356be3fp+0 + 0x1.b86a722197829p-54.
    const double from_root = (x - 0x1.762d86356be3fp+0) - 0x1.b86a722197829p-54;
    return result + from_root * chebyshev(2.0 * x - 3.0, 0.98357026044156703, -0.22706408633464439,
                                          0.033368899023930108, -0.0053200772715965476, 0.00087886569378205052,
                                          -0.00014773492650606044, 2.5060543468359146e-05, -4.2721034029993324e-06,
                                          7.3027692724659233e-07, -1.2502886813559594e-07, 2.1425009322359472e-08,
                                          -3.6732959185651789e-09, 6.2997172361089314e-10, -1.080593028883266e-10,
                                          1.8537351920536379e-11, -3.1802353658255301e-12, 5.4561475703227946e-13,
                                          -9.3609931310364384e-14, 1.606064636295075e-14, -2.7555431377438815e-15,
                                          4.7277361786019116e-16, -8.1114842034650894e-17, 1.3917077694741539e-17);
  }
  const double z = 1.0 / (x * x);
  const double tail =
      z * polynomial(z, 1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12);
  return result + ((log(x) - 0.5 / x) - tail);
}

// Hurwitz zeta for s > 1 and finite q > 0: a sum of (q + k)^-s, k >= 0, by Euler and Maclaurin after the first terms.
PL_SLOW_FN double zeta_positive(double s, double q) {
  double sum = PL_BUILTIN(pow)(q, -s);
  double a = q;
  double last = sum;
  for (int i = 0; i < 9 || a <= 9.0; ++i) {
    a += 1.0;
    last = PL_BUILTIN(pow)(a, -s);
    sum += last;
    if (abs(last) < 0x1p-54 * abs(sum)) return sum;
  }
  sum += last * a / (s - 1.0) - 0.5 * last;
  // (2k)! / B_2k
  const double denominators[] = {12.0,
                                 -720.0,
                                 30240.0,
                                 -1209600.0,
                                 47900160.0,
                                 -1.8924375803183791606e9,
                                 7.47242496e10,
                                 -2.950130727918164224e12,
                                 1.1646782814350067249e14,
                                 -4.5979787224074726105e15,
                                 1.8152105401943546773e17,
                                 -7.1661652561756670113e18};
  double rising = 1.0;
  double k = 0.0;
  for (const double denominator : denominators) {
    rising *= s + k;
    last /= a;
    const double term = rising * last / denominator;
    sum += term;
    if (abs(term) < 0x1p-54 * abs(sum)) break;
    rising *= s + k + 1.0;
    last /= a;
    k += 2.0;
  }
  return sum;
}

PL_SLOW_FN double zeta(double s, double q) {
  if (isnan(s) || isnan(q)) return nan<double>();
  if (s <= 1.0) return s == 1.0 ? infinity<double>() : nan<double>();
  if (q == infinity<double>()) return 0.0;
  if (q > 0.0) return zeta_positive(s, q);
  if (q == floor(q)) return infinity<double>();
  if (s != floor(s)) return nan<double>();  // (negative)^fraction
  // The terms left of 0 are a stretch of the series that starts at 1 - f, with the sign (-1)^s.
  const double f = q - floor(q);
  const double left = zeta_positive(s, 1.0 - f) - zeta_positive(s, 1.0 - q);
  return zeta_positive(s, f) + (0.5 * s == floor(0.5 * s) ? left : -left);
}

// ---- log Gamma and digamma for float, without branches ----
//
// In double, neither the recurrence to arguments of at least 8 nor the reflection to at least 1/2 loses a digit that
// float has.

// sin(pi x) and cos(pi x).
struct SineCosine {
  double sine;
  double cosine;
};
PL_FN SineCosine half_turns(double x) {
  const double n = round(x);
  const double quarter = 0.5 * kPi * (x - n);
  const double sign = select(0.5 * n == round(0.5 * n), 1.0, -1.0);
  const double s = sin_quarter(quarter, 0.0);
  const double c = cos_quarter(quarter, 0.0);
  return {sign * 2.0 * s * c, sign * (c - s) * (c + s)};
}

// y (y + 1) ... (y + 7) and the sum of the reciprocals of its factors; 1 and 0 for y >= 8. The shifted argument is y +
// 8 or y.
struct Rising {
  double argument;
  double product;
  double reciprocals;
};
PL_FN Rising rise(double y) {
  const bool low = y < 8.0;
  double product = select(low, y, 1.0);
  double sum = 1.0;
  for (int k = 1; k < 8; ++k) {
    const double factor = select(low, y + k, 1.0);
    sum = sum * factor + product;
    product *= factor;
  }
  return {select(low, y + 8.0, y), product, select(low, sum / product, 0.0)};
}

PL_FN float lgamma(float x) {
  const double d = double(x);
  const bool left = d < 0.5;
  const Rising r = rise(select(left, 1.0 - d, d));
  const double t = 1.0 / r.argument;
  const double stirling = t * polynomial(t * t, 1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188,
                                         -691.0 / 360360, 1.0 / 156, -3617.0 / 122400);
  const double half_log_two_pi = 0x1.d67f1c864beb4p-1;
  const double l = (r.argument - 0.5) * log(r.argument) - r.argument + (half_log_two_pi + stirling) - log(r.product);
  const double reflected = log(kPi / abs(half_turns(d).sine)) - l;
  const float result = float(select(left, reflected, l));
  return select(isinf(x), infinity<float>(), select((x == 1.0f) | (x == 2.0f), 0.0f, result));
}

PL_FN float digamma(float x) {
  const double d = double(x);
  const bool left = d < 0.5;
  const Rising r = rise(select(left, 1.0 - d, d));
  const double t = 1.0 / r.argument;
  const double z = t * t;
  const double tail = z * polynomial(z, 1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760,
                                     1.0 / 12, -3617.0 / 8160);
  const double psi = (log(r.argument) - 0.5 * t) - (tail + r.reciprocals);
  const SineCosine turn = half_turns(d);
  const float result = float(select(left, psi - kPi * turn.cosine / turn.sine, psi));
  const float pole = select(x == 0.0f, copysign(infinity<float>(), -x), result);  // of the sign from which 0 is reached
  return select((x < 0.0f) & (trunc(x) == x), nan<float>(), pole);
}

PL_SLOW_FN double trigamma(double x) {
  double result = 0.0;
  double sign = 1.0;
  if (x < 0.5) {
    if (x == trunc(x)) return infinity<double>();
    const double s = kPi / sin_pi(x);
    result = s * s;
    sign = -1.0;
    x = 1.0 - x;
  }
  double sum = 0.0;
  for (; x < 10.0; x += 1.0) sum += 1.0 / (x * x);
  const double z = 1.0 / (x * x);
  const double tail = polynomial(z, 1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6);
  return result + sign * (sum + (1.0 / x + (0.5 * z + z * tail / x)));
}

// The n-th derivative of digamma.
PL_SLOW_FN double polygamma(int n, double x) {
  if (n == 0) return digamma(x);
  if (n == 1) return trigamma(x);
  const double sign = n % 2 != 0 ? 1.0 : -1.0;
  return sign * math::exp(lgamma(n + 1.0)) * zeta(n + 1.0, x);
}

// ---- Incomplete gamma functions ----

// log(1 + m) - m for m > -1, without cancellation: with s = m / (2 + m) it is s (2 (s^2/3 + s^4/5 + ...) - m).
PL_SLOW_FN double log1p_minus(double m) {
  if (abs(m) > 0.5) return log1p(m) - m;
  const double s = m / (2.0 + m);
  const double z = s * s;
  double sum = 0.0;
  double power = z;
  for (double k = 3.0; abs(power) > 0x1p-60 && k < 60.0; k += 2.0) {
    sum += power / k;
    power *= z;
  }
  return s * (2.0 * sum - m);
}

// x^a e^-x / Gamma(a).
PL_SLOW_FN double gamma_density(double a, double x) {
  if (a < 10.0) return PL_BUILTIN(pow)(x, a) * math::exp(-x) / PL_BUILTIN(tgamma)(a);
  const double z = 1.0 / (a * a);
  const double stirling =
      polynomial(z, 1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156) / a;
  return math::sqrt(a / (2.0 * kPi)) * math::exp(a * log1p_minus((x - a) / a) - stirling);
}

// P(a, x) by its power series.
PL_SLOW_FN double igamma_series(double a, double x) {
  double term = 1.0;
  double sum = 1.0;
  for (double n = a + 1.0; term > 0x1p-54 * sum; n += 1.0) {
    term *= x / n;
    sum += term;
  }
  return gamma_density(a, x) * sum / a;
}

// Q(a, x) by Legendre's continued fraction (Lentz), for x > a or x > 1.
PL_SLOW_FN double igammac_fraction(double a, double x) {
  const double tiny = 1e-300;
  double b = x + 1.0 - a;
  double c = 1.0 / tiny;
  double d = 1.0 / b;
  double h = d;
  for (double i = 1.0; i < 1e6; i += 1.0) {
    const double numerator = -i * (i - a);
    b += 2.0;
    d = numerator * d + b;
    d = 1.0 / (d == 0.0 ? tiny : d);
    c = b + numerator / c;
    c = c == 0.0 ? tiny : c;
    const double delta = c * d;
    h *= delta;
    if (abs(delta - 1.0) < 0x1p-53) break;
  }
  return gamma_density(a, x) * h;
}

// log Gamma(1 + a), 0 <= a <= 1.25.
PL_SLOW_FN double lgamma1p(double a) {
  return a * chebyshev(1.6 * a - 1.0, -0.2060249505146303, 0.33420358946517648, -0.031972540360935608,
                       0.0042452155965152514, -0.00064338172580980803, 0.00010452783366293018, -1.7707914769785621e-05,
                       3.0835296380098298e-06, -5.4740170333935134e-07, 9.8569933985555243e-08, -1.7944534745550668e-08,
                       3.2952869120859102e-09, -6.0944525733739409e-10, 1.1338288338382363e-10, -2.1200495878636307e-11,
                       3.981350343204534e-12, -7.5051957953350034e-13, 1.419538896389957e-13, -2.692938476972861e-14,
                       5.1223078746363846e-15, -9.7667864222207639e-16);
}

// Q(a, x) for small a and x <= about 1: 1 - x^a / Gamma(1 + a) less the rest of the series.
PL_SLOW_FN double igammac_series(double a, double x) {
  double term = 1.0;
  double sum = 0.0;
  for (double n = 1.0; n < 2000.0; n += 1.0) {
    term *= -x / n;
    const double step = term / (a + n);
    sum += step;
    if (abs(step) <= 0x1p-54 * abs(sum)) break;
  }
  // Gamma(a) = Gamma(1 + a) / a.
  const double exponent = a * math::log(x) - lgamma1p(a);
  return -math::expm1(exponent) - a * math::exp(exponent) * sum;
}

// Temme's uniform expansion (SIAM J. Math. Anal. 10, 1979) for large a and x near it; upper gives Q, otherwise P.
PL_SLOW_FN double igamma_temme(double a, double x, bool upper) {
  const double mu = (x - a) / a;
  const double half_square = -log1p_minus(mu);
  const double eta = copysign(math::sqrt(2.0 * half_square), mu);
  const double c0 =
      polynomial(eta, -0.33333333333333331, 0.083333333333333329, -0.014814814814814815, 0.0011574074074074073,
                 0.00035273368606701942, -0.0001787551440329218, 3.9192631785224377e-05, -2.185448510679992e-06,
                 -1.85406221071516e-06, 8.2967113409530865e-07, -1.7665952736826078e-07, 6.7078535434014984e-09,
                 1.0261809784240309e-08, -4.3820360184533529e-09, 9.1476995822367902e-10, -2.5514193994946248e-11,
                 -5.8307721325504256e-11);
  const double c1 =
      polynomial(eta, -0.0018518518518518519, -0.003472222222222222, 0.0026455026455026454, -0.00099022633744855963,
                 0.00020576131687242798, -4.018775720164609e-07, -1.8098550334489977e-05, 7.6491609160811098e-06,
                 -1.6120900894563446e-06, 4.647127802807434e-09, 1.3786334469157209e-07, -5.7525456035177047e-08,
                 1.1951628599778148e-08, -1.7543241719747647e-11, -1.0091543710600413e-09);
  const double c2 =
      polynomial(eta, 0.0041335978835978834, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-06,
                 -0.0001073665322636516, 5.2923448829120125e-05, -1.2760635188618728e-05, 3.4235787340961378e-08,
                 1.3721957309062934e-06, -6.2989921383800548e-07, 1.4280614206064242e-07, -2.0477098421990866e-10,
                 -1.409252991086752e-08);
  const double c3 =
      polynomial(eta, 0.00064943415637860077, 0.00022947209362139917, -0.0004691894943952557, 0.00026772063206283885,
                 -7.5618016718839766e-05, -2.3965051138672968e-07, 1.1082654115347302e-05, -5.6749528269915965e-06,
                 1.4230900732435883e-06, -2.7861080291528143e-11, -1.6958404091930278e-07);
  const double c4 = polynomial(eta, -0.00086188829091671173, 0.00078403922172006662, -0.00029907248030319018,
                               -1.4638452578843418e-06, 6.6414982154651219e-05, -3.9683650471794347e-05,
                               1.1375726970678419e-05, 2.5074972262375329e-10, -1.6954149536558305e-06);
  const double c5 =
      polynomial(eta, -0.00033679855336635813, -6.9728137583658571e-05, 0.00027727532449593918, -0.00019932570516188847,
                 6.797780477937208e-05, 1.4190629206439671e-07, -1.3594048189768693e-05);
  const double c6 = polynomial(eta, 0.00053130793646399225, -0.00059216643735369393, 0.0002708782096718045,
                               7.9023532326603281e-07, -8.1539693675619691e-05);
  const double c7 = polynomial(eta, 0.00034436760689237765, 5.1717909082605919e-05, -0.00033493161081142234);
  const double series = polynomial(1.0 / a, c0, c1, c2, c3, c4, c5, c6, c7);
  const double r = math::exp(-a * half_square) * series / math::sqrt(2.0 * kPi * a);
  const double side = upper ? 1.0 : -1.0;
  return 0.5 * erfc(side * eta * math::sqrt(0.5 * a)) + side * r;
}

// P(a, x), or Q(a, x) where `upper`.
PL_SLOW_FN double incomplete_gamma(double a, double x, bool upper) {
  const double zero = upper ? 1.0 : 0.0;
  const double one = 1.0 - zero;
  if (!(a >= 0.0) || !(x >= 0.0)) return nan<double>();
  if (a == 0.0) return x > 0.0 ? one : nan<double>();
  if (x == 0.0) return zero;
  if (isinf(a)) return isinf(x) ? nan<double>() : zero;
  if (isinf(x)) return one;
  if (a >= 100.0 && abs(x - a) < 0.3 * a) return igamma_temme(a, x, upper);
  if (x <= 1.1) {
    const bool small_a = x <= 0.5 ? -0.4 / math::log(x) >= a : 1.1 * x >= a;
    if (upper && small_a) return igammac_series(a, x);
    const double p = igamma_series(a, x);
    return upper ? 1.0 - p : p;
  }
  if (x < a) {
    const double p = igamma_series(a, x);
    return upper ? 1.0 - p : p;
  }
  const double q = igammac_fraction(a, x);
  return upper ? q : 1.0 - q;
}

// ---- The normal distribution ----

// e^(x^2) erfc(x).
PL_SLOW_FN double erfcx(double x) {
  const double t = abs(x);
  // (1 + 2t) erfcx(t) over all t >= 0 in (t - 3.75) / (t + 3.75) (Shepherd and Laframboise, Math. Comp. 36, 1981).
  const double u = t == infinity<double>() ? 1.0 : (t - 3.75) / (t + 3.75);
  const double r =
      chebyshev(u, 1.1775789345674017, -0.0045900545806464776, -0.084249133366517917, 0.059209939998191893,
                -0.026658668435305753, 0.0090749976707052652, -0.0024131635404176081, 0.00049077583652580863,
                -6.916973302501207e-05, 4.1390279860730102e-06, 7.7403830661984903e-07, -2.1886401049234397e-07,
                1.076499946567091e-08, 4.5219598112182866e-09, -7.7544002088313509e-10, -6.3180883408866841e-11,
                2.8687950109306699e-11, 1.9455868545777347e-13, -9.6546967484334393e-13, 3.2525481481487401e-14,
                3.3478119482868056e-14, -1.864562880419313e-15, -1.2507950530688648e-15, 7.4182352566240441e-17,
                5.068148904796111e-17) /
      (1.0 + 2.0 * t);
  if (x < 0.0) {
    const double square = x * x;
    const double error = fma(x, x, -square);
    const double e = math::exp(square);
    return x < -27.0 ? infinity<double>() : 2.0 * (e + e * error) - r;
  }
  return r;
}

PL_SLOW_FN double ndtr(double x) { return normal_cdf(1.0, x); }

PL_SLOW_FN double log_ndtr(double x) {
  if (x < -1.0) return math::log(0.5 * erfcx(-x * kSqrtHalf)) - 0.5 * x * x;
  return math::log1p(-normal_cdf(1.0, -x));
}

// The normal quantile: ndtr(ndtri(p)) = p.
PL_SLOW_FN double ndtri(double p) {
  if (p == 0.0) return -infinity<double>();
  if (p == 1.0) return infinity<double>();
  if (!(p > 0.0 && p < 1.0)) return nan<double>();
  const double q = p - 0.5;
  if (abs(q) <= 0.425) return quantile_middle(q);
  const double r = math::sqrt(-math::log(q < 0.0 ? p : 1.0 - p));
  return copysign(r <= 5.0 ? quantile_near_tail(r) : quantile_far_tail(r), q);
}

}  // namespace detail

template <class T>
  requires is_float<T>
PL_FN T lgamma(T x) {
  return detail::lgamma(x);
}
template <class T>
  requires is_float<T>
PL_FN T digamma(T x) {
  return detail::digamma(x);
}

#define PL_BY_DOUBLE(name)             \
  template <class T>                   \
    requires is_float<T>               \
  PL_FN T name(T x) {                  \
    return T(detail::name(double(x))); \
  }
PL_BY_DOUBLE(trigamma)
PL_BY_DOUBLE(erfcx)
PL_BY_DOUBLE(ndtr)
PL_BY_DOUBLE(log_ndtr)
PL_BY_DOUBLE(ndtri)
#undef PL_BY_DOUBLE

template <class T>
  requires is_float<T>
PL_FN T polygamma(Int64 n, T x) {
  return T(detail::polygamma(int(n), double(x)));
}
template <class T>
  requires is_float<T>
PL_FN T zeta(T s, T q) {
  return T(detail::zeta(double(s), double(q)));
}
// P(a, x) and Q(a, x), the regularised incomplete gamma functions.
template <class T>
  requires is_float<T>
PL_FN T igamma(T a, T x) {
  return T(detail::incomplete_gamma(double(a), double(x), false));
}
template <class T>
  requires is_float<T>
PL_FN T igammac(T a, T x) {
  return T(detail::incomplete_gamma(double(a), double(x), true));
}

}  // namespace pl::math
