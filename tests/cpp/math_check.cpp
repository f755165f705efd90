// Contiguous loops over the scalar functions of csrc/math, as the pointwise kernels have them, for tests/math_ulp.py:
// it applies them, measures their error against long double, and times them. Built once per instruction set.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <limits>

#include "../../csrc/math/math.h"

namespace m = pl::math;
using R = long double;

namespace {

struct Function {
  const char* name;
  int arguments;
  void (*f32)(const float*, const float*, float*, int64_t);
  void (*f64)(const double*, const double*, double*, int64_t);
  R (*reference)(R, R);  // null where long double has no such function
};

#define LOOP(T, expression)                                                        \
  [](const T* __restrict a, const T* __restrict b, T* __restrict out, int64_t n) { \
    for (int64_t i = 0; i < n; ++i) {                                              \
      const T x = a[i];                                                            \
      [[maybe_unused]] const T y = b[i];                                           \
      out[i] = expression;                                                         \
    }                                                                              \
  }
#define UNARY(name, expression, ref) \
  {name, 1, LOOP(float, expression), LOOP(double, expression), [](R x, [[maybe_unused]] R y) -> R { return ref; }}
#define BINARY(name, expression, ref) \
  {name, 2, LOOP(float, expression), LOOP(double, expression), [](R x, R y) -> R { return ref; }}
#define CAREFUL(name, arguments, expression) \
  {name, arguments, LOOP(float, expression), LOOP(double, expression), nullptr}

const R kPi = 3.14159265358979323846264338327950288L;

R reference_softplus(R x) { return x > 20 ? x : std::log1p(std::exp(x)); }
R reference_mish(R x) {
  const R e = std::exp(x < 100 ? x : R(100));
  const R w = e * (e + 2);
  return x * (w / (w + 2));
}
R reference_gelu_tanh(R x) {
  const R u = 2 * std::sqrt(2 / kPi) * (x + 0.044715L * x * x * x);
  return x == -INFINITY ? R(-0.0) : x / (1 + std::exp(-u));
}
R reference_logaddexp(R x, R y) {
  if (x == y) return x + std::log(R(2));
  const R high = std::fmax(x, y);
  return std::isnan(x) || std::isnan(y) ? x + y : high + std::log1p(std::exp(std::fmin(x, y) - high));
}
R reference_logaddexp2(R x, R y) {
  if (x == y) return x + 1;
  const R high = std::fmax(x, y);
  return std::isnan(x) || std::isnan(y) ? x + y : high + std::log1p(std::exp2(std::fmin(x, y) - high)) / std::log(R(2));
}

const Function kFunctions[] = {
    UNARY("exp", m::exp(x), std::exp(x)),
    UNARY("exp2", m::exp2(x), std::exp2(x)),
    UNARY("expm1", m::expm1(x), std::expm1(x)),
    UNARY("log", m::log(x), std::log(x)),
    UNARY("log2", m::log2(x), std::log2(x)),
    UNARY("log10", m::log10(x), std::log10(x)),
    UNARY("log1p", m::log1p(x), std::log1p(x)),
    UNARY("sin", m::sin(x), std::sin(x)),
    UNARY("cos", m::cos(x), std::cos(x)),
    UNARY("tan", m::tan(x), std::tan(x)),
    UNARY("asin", m::asin(x), std::asin(x)),
    UNARY("acos", m::acos(x), std::acos(x)),
    UNARY("atan", m::atan(x), std::atan(x)),
    UNARY("sinh", m::sinh(x), std::sinh(x)),
    UNARY("cosh", m::cosh(x), std::cosh(x)),
    UNARY("tanh", m::tanh(x), std::tanh(x)),
    UNARY("asinh", m::asinh(x), std::asinh(x)),
    UNARY("acosh", m::acosh(x), std::acosh(x)),
    UNARY("atanh", m::atanh(x), std::atanh(x)),
    UNARY("erf", m::erf(x), std::erf(x)),
    UNARY("erfc", m::erfc(x), std::erfc(x)),
    UNARY("sqrt", m::sqrt(x), std::sqrt(x)),
    UNARY("rsqrt", m::rsqrt(x), 1 / std::sqrt(x)),
    UNARY("reciprocal", m::reciprocal(x), 1 / x),
    UNARY("sigmoid", m::sigmoid(x), 1 / (1 + std::exp(-x))),
    UNARY("log_sigmoid", m::log_sigmoid(x), x < -11000 ? x : 0 - std::log1p(std::exp(-x))),
    UNARY("softplus", (m::softplus(x, decltype(x + x)(1), decltype(x + x)(20))), reference_softplus(x)),
    UNARY("gelu", m::gelu(x), x == -INFINITY ? R(-0.0) : x * std::erfc(-x / std::sqrt(R(2))) / 2),
    UNARY("gelu_tanh", m::gelu_tanh(x), reference_gelu_tanh(x)),
    UNARY("silu", m::silu(x), x == -INFINITY ? R(-0.0) : x / (1 + std::exp(-x))),
    UNARY("mish", m::mish(x), x == -INFINITY ? R(-0.0) : reference_mish(x)),
    UNARY("abs", m::abs(x), std::fabs(x)),
    UNARY("neg", m::neg(x), -x),
    UNARY("sign", m::sign(x), R((x > 0) - (x < 0))),
    UNARY("floor", m::floor(x), std::floor(x)),
    UNARY("ceil", m::ceil(x), std::ceil(x)),
    UNARY("round", m::round(x), std::rint(x)),
    UNARY("trunc", m::trunc(x), std::trunc(x)),
    UNARY("frac", m::frac(x), x - std::trunc(x)),
    UNARY("square", m::square(x), x* x),
    UNARY("isnan", decltype(x + x)(m::isnan(x) ? 1 : 0), R(std::isnan(x))),
    UNARY("isinf", decltype(x + x)(m::isinf(x) ? 1 : 0), R(std::isinf(x))),
    UNARY("isfinite", decltype(x + x)(m::isfinite(x) ? 1 : 0), R(std::isfinite(x))),
    UNARY("signbit", decltype(x + x)(m::signbit(x) ? 1 : 0), R(std::signbit(x))),
    UNARY("deg2rad", m::deg2rad(x), x*(kPi / 180)),
    UNARY("rad2deg", m::rad2deg(x), x * (180 / kPi)),
    BINARY("atan2", m::atan2(x, y), std::atan2(x, y)),
    BINARY("pow", m::pow(x, y), std::pow(x, y)),
    BINARY("hypot", m::hypot(x, y), std::hypot(x, y)),
    BINARY("logaddexp", m::logaddexp(x, y), reference_logaddexp(x, y)),
    BINARY("logaddexp2", m::logaddexp2(x, y), reference_logaddexp2(x, y)),
    BINARY("copysign", m::copysign(x, y), std::copysign(x, y)),
    BINARY("maximum", m::maximum(x, y), std::isnan(x) || std::isnan(y) ? x + y : std::fmax(x, y)),
    BINARY("minimum", m::minimum(x, y), std::isnan(x) || std::isnan(y) ? x + y : std::fmin(x, y)),
    BINARY("fmax", m::fmax(x, y), std::fmax(x, y)),
    BINARY("fmin", m::fmin(x, y), std::fmin(x, y)),
    BINARY("xlogy", m::xlogy(x, y),
           std::isnan(y) ? y
           : x == 0      ? R(0)
                         : x * std::log(y)),
    BINARY("xlog1py", m::xlog1py(x, y),
           std::isnan(y) ? y
           : x == 0      ? R(0)
                         : x * std::log1p(y)),
    BINARY("fmod", m::fmod(x, y), std::fmod(x, y)),
    CAREFUL("remainder", 2, m::remainder(x, y)),
    CAREFUL("floor_divide", 2, m::floor_divide(x, y)),
    CAREFUL("nextafter", 2, m::nextafter(x, y)),
    CAREFUL("heaviside", 2, m::heaviside(x, y)),
    CAREFUL("ldexp", 2, m::ldexp(x, y)),
    CAREFUL("erfinv", 1, m::erfinv(x)),
    CAREFUL("entr", 1, m::entr(x)),
    CAREFUL("logit", 2, m::logit(x, y)),
    CAREFUL("sinc", 1, m::sinc(x)),
    CAREFUL("lgamma", 1, m::lgamma(x)),
    CAREFUL("digamma", 1, m::digamma(x)),
    CAREFUL("trigamma", 1, m::trigamma(x)),
    CAREFUL("polygamma", 2, (m::polygamma(x >= 0 && x < 100 ? m::Int64(x) : 2, y))),
    CAREFUL("zeta", 2, m::zeta(x, y)),
    CAREFUL("igamma", 2, m::igamma(x, y)),
    CAREFUL("igammac", 2, m::igammac(x, y)),
    CAREFUL("erfcx", 1, m::erfcx(x)),
    CAREFUL("ndtr", 1, m::ndtr(x)),
    CAREFUL("log_ndtr", 1, m::log_ndtr(x)),
    CAREFUL("ndtri", 1, m::ndtri(x)),
    CAREFUL("i0", 1, m::i0(x)),
    CAREFUL("i0e", 1, m::i0e(x)),
    CAREFUL("i1", 1, m::i1(x)),
    CAREFUL("i1e", 1, m::i1e(x)),
    CAREFUL("modified_bessel_k0", 1, m::modified_bessel_k0(x)),
    CAREFUL("modified_bessel_k1", 1, m::modified_bessel_k1(x)),
    CAREFUL("scaled_modified_bessel_k0", 1, m::scaled_modified_bessel_k0(x)),
    CAREFUL("scaled_modified_bessel_k1", 1, m::scaled_modified_bessel_k1(x)),
    CAREFUL("bessel_j0", 1, m::bessel_j0(x)),
    CAREFUL("bessel_j1", 1, m::bessel_j1(x)),
    CAREFUL("bessel_y0", 1, m::bessel_y0(x)),
    CAREFUL("bessel_y1", 1, m::bessel_y1(x)),
    CAREFUL("spherical_bessel_j0", 1, m::spherical_bessel_j0(x)),
    CAREFUL("airy_ai", 1, m::airy_ai(x)),
};
constexpr int kCount = sizeof(kFunctions) / sizeof(kFunctions[0]);

struct IntegerFunction {
  const char* name;
  void (*apply)(const int64_t*, const int64_t*, int64_t*, int64_t);
};
#define INTEGER(name, expression) {name, LOOP(int64_t, expression)}

const IntegerFunction kIntegerFunctions[] = {
    INTEGER("floor_divide", m::floor_divide(x, y)),
    INTEGER("trunc_divide", m::trunc_divide(x, y)),
    INTEGER("remainder", m::remainder(x, y)),
    INTEGER("fmod", m::fmod(x, y)),
    INTEGER("pow", m::pow(x, y)),
    INTEGER("gcd", m::gcd(x, y)),
    INTEGER("lcm", m::lcm(x, y)),
    INTEGER("bitwise_and", m::bitwise_and(x, y)),
    INTEGER("bitwise_or", m::bitwise_or(x, y)),
    INTEGER("bitwise_xor", m::bitwise_xor(x, y)),
    INTEGER("bitwise_not", m::bitwise_not(x)),
    INTEGER("bitwise_left_shift", m::bitwise_left_shift(x, y)),
    INTEGER("bitwise_right_shift", m::bitwise_right_shift(x, y)),
    INTEGER("maximum", m::maximum(x, y)),
    INTEGER("minimum", m::minimum(x, y)),
    INTEGER("abs", m::abs(x)),
    INTEGER("neg", m::neg(x)),
    INTEGER("sign", m::sign(x)),
    INTEGER("square", m::square(x)),
};
constexpr int kIntegerCount = sizeof(kIntegerFunctions) / sizeof(kIntegerFunctions[0]);

using C = pl::Complex<double>;
struct ComplexFunction {
  const char* name;
  void (*apply)(const C*, const C*, C*, int64_t);
};
#define COMPLEX(name, expression) {name, LOOP(C, expression)}

const ComplexFunction kComplexFunctions[] = {
    COMPLEX("add", x + y),
    COMPLEX("sub", x - y),
    COMPLEX("mul", x* y),
    COMPLEX("div", x / y),
    COMPLEX("pow", m::pow(x, y)),
    COMPLEX("abs", C(m::abs(x))),
    COMPLEX("angle", C(m::angle(x))),
    COMPLEX("conj", m::conj(x)),
    COMPLEX("exp", m::exp(x)),
    COMPLEX("exp2", m::exp2(x)),
    COMPLEX("expm1", m::expm1(x)),
    COMPLEX("log", m::log(x)),
    COMPLEX("log2", m::log2(x)),
    COMPLEX("log10", m::log10(x)),
    COMPLEX("log1p", m::log1p(x)),
    COMPLEX("sqrt", m::sqrt(x)),
    COMPLEX("rsqrt", m::rsqrt(x)),
    COMPLEX("reciprocal", m::reciprocal(x)),
    COMPLEX("square", m::square(x)),
    COMPLEX("sgn", m::sgn(x)),
    COMPLEX("sigmoid", m::sigmoid(x)),
    COMPLEX("sin", m::sin(x)),
    COMPLEX("cos", m::cos(x)),
    COMPLEX("tan", m::tan(x)),
    COMPLEX("asin", m::asin(x)),
    COMPLEX("acos", m::acos(x)),
    COMPLEX("atan", m::atan(x)),
    COMPLEX("sinh", m::sinh(x)),
    COMPLEX("cosh", m::cosh(x)),
    COMPLEX("tanh", m::tanh(x)),
    COMPLEX("asinh", m::asinh(x)),
    COMPLEX("acosh", m::acosh(x)),
    COMPLEX("atanh", m::atanh(x)),
};
constexpr int kComplexCount = sizeof(kComplexFunctions) / sizeof(kComplexFunctions[0]);

// The error of `got` in units of the last place of `want` rounded to T; NaN must meet NaN, and zeros agree in sign.
template <class T>
double ulps(T got, R want) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(got) || std::isnan(want)) return std::isnan(got) == std::isnan(want) ? 0 : INFINITY;
  if (got == 0 && want == 0) return std::signbit(got) == std::signbit(want) ? 0 : INFINITY;
  const R beyond = std::ldexp(R(1), Limits::max_exponent);
  const R clipped = std::fmin(std::fmax(want, -beyond), beyond);
  const R value = std::fmin(std::fmax(R(got), -beyond), beyond);
  int exponent = Limits::min_exponent;
  if (clipped != 0) std::frexp(clipped, &exponent);
  if (exponent < Limits::min_exponent) exponent = Limits::min_exponent;
  if (exponent > Limits::max_exponent) exponent = Limits::max_exponent;
  return double(std::fabs(value - clipped) / std::ldexp(R(1), exponent - Limits::digits));
}

// A cheap generator for the bits of arguments (splitmix64).
uint64_t mix(uint64_t i) {
  i = (i + 0x9e3779b97f4a7c15u) * 1;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9u;
  i = (i ^ (i >> 27)) * 0x94d049bb133111ebu;
  return i ^ (i >> 31);
}

struct Worst {
  double error;
  double x;
  double y;
  double got;
};

template <class T, class Bits, class Loop>
Worst measure(const Function& f, Loop loop, uint64_t first, uint64_t step, int64_t count) {
  constexpr int block = 4096;
  static T a[block], b[block], out[block];
  Worst worst{-1, 0, 0, 0};
  for (int64_t start = 0; start < count; start += block) {
    for (int k = 0; k < block; ++k) {
      const uint64_t i = first + uint64_t(start + k) * step;
      const Bits bits = sizeof(T) == 4 && f.arguments == 1 ? Bits(i) : Bits(mix(i));
      std::memcpy(&a[k], &bits, sizeof(T));
      const Bits other = Bits(mix(~i));
      std::memcpy(&b[k], &other, sizeof(T));
      // Half of the pairs, and of the doubles, in the range where something happens.
      if (sizeof(T) == 8 || f.arguments == 2) {
        if (k % 2 != 0) a[k] = T(std::ldexp(double(int64_t(mix(i))), -63 + int(mix(i + 7) % 24) - 10));
        if (k % 2 != 0) b[k] = T(std::ldexp(double(int64_t(mix(~i))), -63 + int(mix(i + 9) % 14) - 6));
      }
    }
    loop(a, b, out, block);
    for (int k = 0; k < block; ++k) {
      const double error = ulps<T>(out[k], f.reference(R(a[k]), R(b[k])));
      if (error > worst.error) worst = {error, double(a[k]), double(b[k]), double(out[k])};
    }
  }
  return worst;
}

template <class T, class Loop>
double seconds_per_item(Loop loop, const T* a, const T* b, T* out, int64_t n, int repeats) {
  double best = 1e9;
  for (int trial = 0; trial < 5; ++trial) {
    timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int k = 0; k < repeats; ++k) {
      loop(a, b, out, n);
      asm volatile("" : : "r"(out) : "memory");
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    best = std::fmin(
        best, (double(end.tv_sec - start.tv_sec) + 1e-9 * double(end.tv_nsec - start.tv_nsec)) / (double(n) * repeats));
  }
  return best;
}

}  // namespace

extern "C" {

int function_count() { return kCount; }
const char* function_name(int id) { return kFunctions[id].name; }
int function_arguments(int id) { return kFunctions[id].arguments; }
int function_has_reference(int id) { return kFunctions[id].reference != nullptr; }

void apply_f32(int id, const float* a, const float* b, float* out, int64_t n) { kFunctions[id].f32(a, b, out, n); }
void apply_f64(int id, const double* a, const double* b, double* out, int64_t n) { kFunctions[id].f64(a, b, out, n); }

int integer_function_count() { return kIntegerCount; }
const char* integer_function_name(int id) { return kIntegerFunctions[id].name; }
void apply_i64(int id, const int64_t* a, const int64_t* b, int64_t* out, int64_t n) {
  kIntegerFunctions[id].apply(a, b, out, n);
}
int complex_function_count() { return kComplexCount; }
const char* complex_function_name(int id) { return kComplexFunctions[id].name; }
void apply_c128(int id, const C* a, const C* b, C* out, int64_t n) { kComplexFunctions[id].apply(a, b, out, n); }

void measure_f32(int id, uint64_t first, uint64_t step, int64_t count, double* worst) {
  const Worst w = measure<float, uint32_t>(kFunctions[id], kFunctions[id].f32, first, step, count);
  std::memcpy(worst, &w, sizeof w);
}
void measure_f64(int id, uint64_t first, uint64_t step, int64_t count, double* worst) {
  const Worst w = measure<double, uint64_t>(kFunctions[id], kFunctions[id].f64, first, step, count);
  std::memcpy(worst, &w, sizeof w);
}
double time_f32(int id, const float* a, const float* b, float* out, int64_t n, int repeats) {
  return seconds_per_item(kFunctions[id].f32, a, b, out, n, repeats);
}
double time_f64(int id, const double* a, const double* b, double* out, int64_t n, int repeats) {
  return seconds_per_item(kFunctions[id].f64, a, b, out, n, repeats);
}

}  // extern "C"
