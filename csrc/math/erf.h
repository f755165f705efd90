// The error function, its complement and its inverse, and the Gaussian error linear unit that stands on them.
#pragma once

#include "trig.h"

namespace pl::math {

namespace detail {

// erfc(t) e^(t^2) for 0 <= t <= 10.2 to float's precision: a polynomial in (t - 3) / (t + 3).
PL_FN double erfcx_for_float(double t) {
  const double u = (t - 3.0) / (t + 3.0);
  return polynomial(u, 1.79001151264825797e-01, -3.26233563828888462e-01, 2.45603797561666365e-01,
                    -1.50115781785169988e-01, 7.16658641988559414e-02, -2.43942317117076431e-02,
                    4.26887611029526468e-03, 7.15731242491345955e-04, -5.94569522367668739e-04, 2.88801584319483988e-05,
                    5.59158498009384763e-05);
}

// (1 + 2t) erfc(t) e^(t^2) for 1/2 <= t <= 27.3: a polynomial in (t - 3) / (t + 3).
PL_FN double scaled_erfcx(double t) {
  return polynomial(
      (t - 3.0) / (t + 3.0), 1.25300805826972961e+00, -1.35621106124581198e-01, -4.75622943534507042e-02,
      1.29645158702763802e-01, -1.19273663415311329e-01, 6.83080273438724794e-02, -2.37705149185367774e-02,
      2.52939181766699290e-03, 1.88869035618903763e-03, -7.79832285098110644e-04, -1.05159756174289215e-04,
      1.25099411392651054e-04, 4.94913813291934290e-06, -2.01007006712942432e-05, -7.29894706308535620e-07,
      3.47241283591993164e-06, 3.52230988529722661e-07, -6.15835735193428577e-07, -1.33532162155402024e-07,
      9.97915009982096380e-08, 3.34916520009871454e-08, -1.10297932910620707e-08, -4.03208143800698007e-09);
}

// erf(x) for |x| <= 1.
PL_FN double erf_inner(double x) {
  const double z = x * x;
  return x + x * polynomial(z, 1.28379167095512586e-01, -3.76126389031837483e-01, 1.12837916709548569e-01,
                            -2.68661706450729065e-02, 5.22397762478096512e-03, -8.54832697874770156e-04,
                            1.20553310370939652e-04, -1.49255935114018669e-05, 1.64609728868298438e-06,
                            -1.63500259362099241e-07, 1.46578844726372417e-08, -1.13656832484569527e-09,
                            5.94529003103728540e-11);
}

// factor * e^-(square + low) * erfc(t) e^(t^2), where `low` is the rounding error of `square` and `denominator` is 1 +
// 2t.
PL_FN double gauss_tail(double factor, double square, double low, double t, double denominator) {
  ExpParts<double> p = reduce_exp(-square);
  p.r -= low;
  const double w = scaled_erfcx(t) / denominator;
  return scale(factor * (w * expm1_reduced(p.r) + w), p.n);
}

// erfc(t) for 1/2 <= t <= 27.3.
PL_FN double erfc_outer(double t) {
  const double square = t * t;
  return gauss_tail(1.0, square, fma(t, t, -square), t, 1.0 + 2.0 * t);
}

// factor times the normal distribution function.
PL_FN double normal_cdf(double factor, double x) {
  const double a = abs(x);
  const bool near = a < kSqrtHalf;
  const double t = select(a > 38.6, 38.6, select(near, kSqrtHalf, a));
  const double square = 0.5 * t * t;
  const double low = 0.5 * fma(t, t, -2.0 * square);
  const double tail = gauss_tail(0.5 * factor, square, low, t * kSqrtHalf, 1.0 + 2.0 * kSqrtHalf * t);
  const double inner = 0.5 + 0.5 * erf_inner(select(near, x, 0.0) * kSqrtHalf);
  return select(near, factor * inner, select(x < 0.0, tail, factor - tail));
}

// Wichura's algorithm AS 241 (PPND16, Applied Statistics 37, 1988): the normal quantile, relative error about 1e-16.
// The middle: p = 1/2 + q with |q| <= 0.425.
PL_FN double quantile_middle(double q) {
  const double r = 0.180625 - q * q;
  return q *
         polynomial(r, 3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
                    1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                    3.3430575583588128105e+4, 2.5090809287301226727e+3) /
         polynomial(r, 1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
                    2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
                    5.2264952788528545610e+3);
}
// The tails: r = sqrt(-log(p)) for the smaller p; first r <= 5, then beyond.
PL_FN double quantile_near_tail(double r) {
  r -= 1.6;
  return polynomial(r, 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                    3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                    2.27238449892691845833e-2, 7.74545014278341407640e-4) /
         polynomial(r, 1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                    1.05075007164441684324e-9);
}
PL_FN double quantile_far_tail(double r) {
  r -= 5.0;
  return polynomial(r, 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                    2.71155556874348757815e-5, 2.01033439929228813265e-7) /
         polynomial(r, 1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                    2.04426310338993978564e-15);
}

}  // namespace detail

PL_FN float erf(float x) {
  const float a = abs(x);
  const float z = x * x;
  const float inner = x + x * polynomial(z, 1.283791661e-01f, -3.761262596e-01f, 1.128357872e-01f, -2.685334720e-02f,
                                         5.187162198e-03f, -7.997852517e-04f, 7.806896610e-05f);
  // Outside: 1 - e^L with L = log(erfc(a)); at 3.95 the result has become 1.
  const float t = select(a > 3.95f, 3.95f, a);
  const float l = polynomial(t, 1.884657831e-04f, -1.129580259e+00f, -6.332165599e-01f, -1.084218845e-01f,
                             2.521019429e-02f, -4.205233417e-03f, 4.414642754e-04f, -2.169722029e-05f);
  const detail::ExpParts<float> p = detail::reduce_exp(l);
  const float e = ((detail::exp_tail(p.r) * p.r + 1.0f) * p.r + 1.0f) * power_of_two(p.n);
  return select(a < 1.0f, inner, copysign(1.0f - e, x));
}
PL_FN double erf(double x) {
  const double a = abs(x);
  const double t = select(a > 6.0, 6.0, select(a < 0.5, 0.5, a));
  return select(a < 1.0, detail::erf_inner(x), copysign(1.0 - detail::erfc_outer(t), x));
}

PL_FN float erfc(float x) {
  const double a = abs(double(x));
  const double t = select(a > 10.2, 10.2, a);
  const double e = detail::exp_for_float(-t * t) * detail::erfcx_for_float(t);
  return float(select(x < 0.0f, 2.0 - e, e));
}
PL_FN double erfc(double x) {
  const double a = abs(x);
  const double e = detail::erfc_outer(select(a > 27.3, 27.3, select(a < 0.5, 0.5, a)));
  return select(a < 0.5, 1.0 - detail::erf_inner(x), select(x < 0.0, 2.0 - e, e));
}

// x * Phi(x), through erfc: 1 + erf would lose the left tail. Beyond 14.4 (38.6 in double) that tail is less than any
// number.
PL_FN float gelu(float x) {
  const double a = abs(double(x));
  const double t = select(a > 14.4, 14.4, a);
  const double tail = 0.5 * detail::exp_for_float(-0.5 * t * t) * detail::erfcx_for_float(t * kSqrtHalf);
  const double r = double(x) * select(x < 0.0f, tail, 1.0 - tail);
  return select(x < -14.4f, -0.0f, float(r));
}
PL_FN double gelu(double x) { return select(x < -38.6, -0.0, detail::normal_cdf(x, x)); }

PL_FN float erfinv(float x) {
  const double a = abs(double(x));
  const double p = 0.5 * (1.0 - a);
  const double r = sqrt(-detail::log_for_float(p));
  const double q = select(a <= 0.85, detail::quantile_middle(0.5 * a), detail::quantile_near_tail(r));
  const float result = copysign(float(q * kSqrtHalf), x);
  const float edge = select(abs(x) == 1.0f, copysign(infinity<float>(), x), nan<float>());
  return select(abs(x) < 1.0f, result, edge);
}
PL_FN double erfinv(double x) {
  const double a = abs(x);
  const double p = 0.5 * (1.0 - a);
  const double r = sqrt(-log(p));
  const double tail = select(r <= 5.0, detail::quantile_near_tail(r), detail::quantile_far_tail(r));
  const double q = select(a <= 0.85, detail::quantile_middle(0.5 * a), tail);
  const double edge = select(a == 1.0, copysign(infinity<double>(), x), nan<double>());
  return select(a < 1.0, copysign(q * kSqrtHalf, x), edge);
}

}  // namespace pl::math
