// Implicit gradients of samples: how far a gamma or beta sample moves when a parameter does and the sample's
// probability stays, -(dF/dparameter) / density. There is no closed form: series near the ends, the expansion at the
// saddle point for large parameters, rational approximations between them. The regions and the fitted coefficients are
// those of PyTorch, so that gradients agree to more digits than the approximations have.
#pragma once

#include "special.h"

namespace pl::math {

namespace detail {

PL_FN double power(double x, double y) { return PL_BUILTIN(pow)(x, y); }
PL_FN double zero_for_nan(double x) { return x == x ? x : 0.0; }
PL_FN double cubic(double x, const double* c) { return c[0] + x * (c[1] + x * (c[2] + x * c[3])); }

// d sample / d shape of the gamma distribution with rate 1.
PL_SLOW_FN double standard_gamma_grad(double alpha, double x) {
  if (x < 0.8) {  // the power series of the cumulative distribution
    double numer = 1.0, denom = alpha, cdf = 1.0 / alpha, slope = 1.0 / (alpha * alpha);
    for (int i = 1; i <= 5; ++i) {
      numer *= -x / i;
      denom += 1.0;
      cdf += numer / denom;
      slope += numer / (denom * denom);
    }
    const double scale = power(x, alpha);
    const double density = power(x, alpha - 1.0) * exp(-x);
    const double change = (log(x) - digamma(alpha)) * (scale * cdf) - scale * slope;
    return zero_for_nan(-change / density);
  }
  if (alpha > 8.0) {
    if (0.9 * alpha <= x && x <= 1.1 * alpha) {  // its limit, where the saddle point would be a difference of equals
      const double first = 1.0 + 24.0 * alpha * (1.0 + 12.0 * alpha);
      const double second = 1440.0 * alpha * alpha + 6.0 * x * (53.0 - 120.0 * x) - 65.0 * x * x / alpha +
                            alpha * (107.0 + 3600.0 * x);
      return first * second / (1244160.0 * (alpha * alpha) * (alpha * alpha));
    }
    const double denom = sqrt(8.0 * alpha);
    const double tail = power(x - alpha - alpha * log(x / alpha), -1.5);
    const double both = denom / (alpha - x) + (x < alpha ? -tail : tail);
    const double term = log(x / alpha) * both - sqrt(2.0 / alpha) * (alpha + x) / ((alpha - x) * (alpha - x));
    const double stirling = 1.0 + 1.0 / (12.0 * alpha) * (1.0 + 1.0 / (24.0 * alpha));
    return -stirling * x * term / denom;
  }
  const double coefficients[3][8] = {
      {0.16009398, -0.094634809, 0.025146376, -0.0030648343, 1, 0.32668115, 0.10406089, 0.0014179084},
      {0.53487893, 0.1298071, 0.065735949, -0.0015649758, 0.16639465, 0.020070113, -0.0035938915, -0.00058392623},
      {0.040121004, -0.0065914022, -0.0026286047, -0.0013441777, 0.017050642, -0.0021309326, 0.00085092367,
       -1.5247877e-07},
  };
  const double u = log(x / alpha), v = log(alpha);
  double of_u[8];
  for (int i = 0; i < 8; ++i) of_u[i] = coefficients[0][i] + u * (coefficients[1][i] + u * coefficients[2][i]);
  return exp(cubic(v, of_u) / cubic(v, of_u + 4));
}

// d sample / d alpha of the beta distribution, near 0.
PL_FN double beta_grad_alpha_small(double x, double alpha, double beta) {
  const double factor = digamma(alpha) - digamma(alpha + beta) - log(x);
  double numer = 1.0, series = 1.0 / alpha * (factor + 1.0 / alpha);
  for (int i = 1; i <= 10; ++i) {
    numer *= (i - beta) * x / i;
    const double denom = alpha + i;
    series += numer / denom * (factor + 1.0 / denom);
  }
  return zero_for_nan(x * power(1.0 - x, -beta) * series);
}

// d sample / d beta, near 0.
PL_FN double beta_grad_beta_small(double x, double alpha, double beta) {
  const double factor = digamma(alpha + beta) - digamma(beta);
  double numer = 1.0, betas = 1.0, slopes = 0.0, series = factor / alpha;
  for (int i = 1; i <= 8; ++i) {
    numer *= -x / i;
    slopes = slopes * (beta - i) + betas;
    betas *= beta - i;
    series += numer / (alpha + i) * (slopes + factor * betas);
  }
  return zero_for_nan(-power(1.0 - x, 1.0 - beta) * series);
}

PL_FN double stirling_factor(double x) { return 1.0 + 1.0 / (12.0 * x) + 1.0 / (288.0 * x * x); }

// d sample / d alpha where both parameters are large.
PL_FN double beta_grad_alpha_mid(double x, double alpha, double beta) {
  const double total = alpha + beta, mean = alpha / total, std = sqrt(alpha * beta / (total + 1.0)) / total;
  if (mean - 0.1 * std <= x && x <= mean + 0.1 * std) {  // the limit around the mean
    const double poly =
        47.0 * x * (beta * beta) * (beta * beta) +
        alpha * ((43.0 + 20.0 * (16.0 + 27.0 * beta) * x) * (beta * beta) * beta +
                 alpha * (3.0 * (59.0 + 180.0 * beta - 90.0 * x) * (beta * beta) +
                          alpha * ((453.0 + 1620.0 * beta * (1.0 - x) - 455.0 * x) * beta +
                                   alpha * (8.0 * (1.0 - x) * (135.0 * beta - 11.0)))));
    const double numer = (1.0 + 12.0 * alpha) * (1.0 + 12.0 * beta) / (total * total);
    const double denom = 12960.0 * alpha * alpha * alpha * beta * beta * (1.0 + 12.0 * total);
    return numer / (1.0 - x) * poly / denom;
  }
  const double prefactor = -x / sqrt(2.0 * alpha * beta / total);
  const double stirling = stirling_factor(alpha) * stirling_factor(beta) / stirling_factor(total);
  const double distance = alpha * (x - 1.0) + beta * x;
  const double term1 = (2.0 * alpha * alpha * (x - 1.0) + alpha * beta * (x - 1.0) - x * beta * beta) /
                       (sqrt(2.0 * alpha / beta) * power(total, 1.5) * distance * distance);
  const double term2 = 0.5 * log(alpha / (total * x));
  const double term3 = sqrt(8.0 * alpha * beta / total) / distance;
  const double term4 = power(beta * log(beta / (total * (1.0 - x))) + alpha * log(alpha / (total * x)), -1.5);
  return stirling * prefactor * (term1 + term2 * (term3 + (x < mean ? term4 : -term4)));
}

PL_SLOW_FN double dirichlet_grad(double x, double alpha, double total) {
  const double beta = total - alpha, boundary = total * x * (1.0 - x);
  if (x <= 0.5 && boundary < 2.5) return beta_grad_alpha_small(x, alpha, beta);
  if (x >= 0.5 && boundary < 0.75) return -beta_grad_beta_small(1.0 - x, beta, alpha);
  if (alpha > 6.0 && beta > 6.0) return beta_grad_alpha_mid(x, alpha, beta);
  const double coefficients[2][3][3][4] = {
      {{{1.003668233, -0.01061107488, -0.0657888334, 0.01201642863},
        {0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033},
        {-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013}},
       {{0.221950385, -0.3187676331, 0.01799915743, 0.01074823814},
        {-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057},
        {0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05}},
       {{-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565},
        {0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181},
        {0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05}}},
      {{{1, -0.02924021934, -0.04438342661, 0.007285809825},
        {0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521},
        {-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149}},
       {{0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273},
        {0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956},
        {-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05}},
       {{0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05},
        {0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05},
        {-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06}}},
  };
  const double u = log(x), a = log(alpha) - u, b = log(total) - a;
  const double powers_u[3] = {1.0, u, u * u}, powers_a[3] = {1.0, a, a * a};
  double p = 0.0, q = 0.0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      p += powers_u[i] * powers_a[j] * cubic(b, coefficients[0][i][j]);
      q += powers_u[i] * powers_a[j] * cubic(b, coefficients[1][i][j]);
    }
  return p / q * (x * (digamma(total) - digamma(alpha)) / beta);
}

}  // namespace detail

template <class T>
PL_FN T standard_gamma_grad(T alpha, T x) {
  return T(detail::standard_gamma_grad(double(alpha), double(x)));
}

template <class T>
PL_FN T dirichlet_grad(T x, T alpha, T total) {
  return T(detail::dirichlet_grad(double(x), double(alpha), double(total)));
}

}  // namespace pl::math
