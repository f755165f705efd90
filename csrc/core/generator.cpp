#include "core/generator.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace pl {

void Generator::manual_seed(uint64_t seed) {
  first_seed = seed;
  words[0] = uint32_t(seed);
  for (uint32_t j = 1; j < kTwisterWords; ++j) words[j] = 1812433253u * (words[j - 1] ^ (words[j - 1] >> 30)) + j;
  left = 1;
  next = 0;
  has_gaussian = has_gaussian_float = false;
  spare_gaussian = spare_gaussian_float = 0;
}

uint64_t Generator::seed() {
  std::random_device device;
  // 53 bits, as PyTorch, so that the seed survives a trip through a double.
  uint64_t value = ((uint64_t(device()) << 32) | device()) & ((uint64_t(1) << 53) - 1);
  manual_seed(value);
  return value;
}

namespace {

// The bytes of torch.get_rng_state(): Lua Torch's layout, in which a word takes 64 bits, with additions at its end.
struct SavedState {
  uint64_t seed;
  int32_t left, seeded;
  uint64_t next;
  uint64_t words[kTwisterWords];
  double unused_x, gaussian, unused_rho;
  int32_t has_gaussian;
  float gaussian_float;
  uint8_t has_gaussian_float;
};
static_assert(sizeof(SavedState) == Generator::kStateBytes);

}  // namespace

void Generator::get_state(uint8_t* bytes) const {
  SavedState s;
  std::memset(&s, 0, sizeof s);  // padding too: equal states compare equal as bytes
  s.seed = first_seed;
  s.left = left;
  s.seeded = 1;
  s.next = uint64_t(next);
  for (int i = 0; i < kTwisterWords; ++i) s.words[i] = words[i];
  s.has_gaussian = has_gaussian;
  s.gaussian = has_gaussian ? spare_gaussian : 0;
  s.has_gaussian_float = has_gaussian_float;
  s.gaussian_float = has_gaussian_float ? spare_gaussian_float : 0;
  std::memcpy(bytes, &s, sizeof s);
}

bool Generator::set_state(const uint8_t* bytes) {
  SavedState s;
  std::memcpy(&s, bytes, sizeof s);
  const bool used_up = s.left == 1 && s.next <= uint64_t(kTwisterWords);
  const bool in_use = s.left > 1 && s.left <= kTwisterWords && s.next == uint64_t(kTwisterWords + 1 - s.left);
  if (!s.seeded || !(used_up || in_use)) return false;
  first_seed = s.seed;
  left = s.left;
  next = int32_t(s.next);
  for (int i = 0; i < kTwisterWords; ++i) words[i] = uint32_t(s.words[i]);
  has_gaussian = s.has_gaussian != 0;
  spare_gaussian = s.gaussian;
  has_gaussian_float = s.has_gaussian_float != 0;
  spare_gaussian_float = s.gaussian_float;
  return true;
}

uint32_t Generator::random() {
  if (left == 1) {
    twist(words);
    left = kTwisterWords + 1;
    next = 0;
  }
  --left;
  return tempered(words[next++]);
}

uint64_t Generator::random64() {
  const uint64_t high = random();
  return (high << 32) | random();
}

double Generator::uniform() { return double(random64() & ((uint64_t(1) << 53) - 1)) * 0x1p-53; }

double Generator::gaussian() {
  if (has_gaussian) {
    has_gaussian = false;
    return spare_gaussian;
  }
  const double u1 = uniform(), u2 = uniform();
  const double radius = std::sqrt(-2.0 * std::log1p(-u2)), angle = 2.0 * M_PI * u1;
  has_gaussian = true;
  spare_gaussian = radius * std::sin(angle);
  return radius * std::cos(angle);
}

Generator& default_generator() {
  static Generator generator = [] { Generator g; g.seed(); return g; }();
  return generator;
}

namespace {

// W. Hoermann, "The transformed rejection method for generating Poisson random variables", 1993 (PTRS).
double sample_poisson_rejection(Generator& g, double rate) {
  const double root = std::sqrt(rate), log_rate = std::log(rate);
  const double b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = g.uniform() - 0.5, v = g.uniform();
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const double left = std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b);
    if (left <= -rate + k * log_rate - std::lgamma(k + 1)) return k;
  }
}

}  // namespace

double sample_poisson(Generator& g, double rate) {
  if (rate >= 10) return sample_poisson_rejection(g, rate);
  if (rate == 0) return 0;
  // Events until the product of uniforms falls below exp(-rate).
  const double limit = std::exp(-rate);
  double product = g.uniform();
  int64_t k = 0;
  for (; product > limit; ++k) product *= g.uniform();
  return double(k);
}

// G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", 2000, doi:10.1145/358407.358414.
template <class T> double sample_gamma(Generator& g, T shape) {
  double scale = 1;
  if (shape < 1) {  // boosting the shape by one makes acceptance likely
    if (shape == 0) return 0;
    scale = std::pow(1 - g.uniform(), double(1.0f / shape));
    shape += 1;
  }
  const double d = shape - T(1.0f / 3.0f), c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    double x, y;
    do {
      x = g.gaussian();
      y = 1.0 + c * x;
    } while (y <= 0);
    const double v = y * y * y, u = 1 - g.uniform(), xx = x * x;
    if (u < 1.0 - double(0.0331f) * xx * xx) return scale * d * v;
    if (std::log(u) < 0.5 * xx + d * (1.0 - v + std::log(v))) return scale * d * v;
  }
}
template double sample_gamma(Generator&, float);
template double sample_gamma(Generator&, double);

namespace {

// log(k!) - Stirling's formula.
double stirling_tail(double k) {
  static constexpr double table[] = {0.0810614667953272,  0.0413406959554092,  0.0276779256849983, 0.02079067210376509,
                                     0.0166446911898211,  0.0138761288230707,  0.0118967099458917, 0.0104112652619720,
                                     0.00925546218271273, 0.00833056343336287};
  if (k < 10) return table[int(k)];
  const double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// Counts geometric waiting times that fit into `count` trials.
template <class T> T binomial_by_inversion(Generator& g, T count, T p) {
  const double log_q = std::log1p(-p);
  double trials = 0;
  T successes = 0;
  for (;;) {
    trials += std::ceil(std::log(g.uniform()) / log_q);
    if (trials > count) return successes;
    successes += 1;
  }
}

// W. Hoermann, "The generation of binomial random variates", 1993 (BTRS); with the logarithm that the paper leaves out.
template <class T> T binomial_by_rejection(Generator& g, T count, T p) {
  const double deviation = std::sqrt(count * p * (1 - p));
  const double b = 1.15 + 2.53 * deviation, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double c = count * p + 0.5, v_r = 0.92 - 4.2 / b, r = p / (1 - p);
  const double alpha = (2.83 + 5.1 / b) * deviation, m = std::floor((count + 1) * p);
  for (;;) {
    const double u = g.uniform() - 0.5;
    double v = g.uniform();
    const double us = 0.5 - std::fabs(u);
    const T k = T(std::floor((2 * a / us + b) * u + c));
    if (k < 0 || k > count) continue;
    if (us >= 0.07 && v <= v_r) return k;
    v = std::log(v * alpha / (a / (us * us) + b));
    const double bound = (m + 0.5) * std::log((m + 1) / (r * (count - m + 1))) +
                         (count + 1) * std::log((count - m + 1) / (count - k + 1)) +
                         (k + 0.5) * std::log(r * (count - k + 1) / (k + 1)) + stirling_tail(m) +
                         stirling_tail(count - m) - stirling_tail(k) - stirling_tail(count - k);
    if (v <= bound) return k;
  }
}

template <class T> T binomial_below_half(Generator& g, T count, T p) {
  return count * p >= 10 ? binomial_by_rejection(g, count, p) : binomial_by_inversion(g, count, p);
}

}  // namespace

template <class T> T sample_binomial(Generator& g, T count, T p) {
  if (count <= 0 || p <= 0) return 0;
  if (p >= 1) return count;
  if (p <= T(0.5)) return binomial_below_half(g, count, p);
  if (p > T(0.5)) return count - binomial_below_half(g, count, T(1.0 - p));
  return std::numeric_limits<T>::quiet_NaN();
}
template float sample_binomial(Generator&, float, float);
template double sample_binomial(Generator&, double, double);

namespace {

// A sum in the order of PyTorch's vectorised one (four lanes, four accumulators, the remainder first), so that the
// quotients below agree to the last bit. Beyond a few hundred terms PyTorch cascades, and they may differ there.
double sum_by_lanes(const double* x, int64_t n) {
  constexpr int lanes = 4, accumulators = 4;
  double sums[accumulators][lanes] = {};
  const int64_t vectors = n / lanes, unrolled = vectors / accumulators * accumulators;
  for (int64_t v = 0; v < vectors; ++v)
    for (int lane = 0; lane < lanes; ++lane) sums[v < unrolled ? v % accumulators : 0][lane] += x[v * lanes + lane];
  for (int k = 1; k < accumulators; ++k)
    for (int lane = 0; lane < lanes; ++lane) sums[0][lane] += sums[k][lane];
  double total = 0;
  for (int64_t i = vectors * lanes; i < n; ++i) total += x[i];
  for (double sum : sums[0]) total += sum;
  return total;
}

}  // namespace

template <class T> void fill_dirichlet(Generator& g, const T* concentration, T* out, int64_t lines, int64_t size) {
  std::vector<double> gamma(static_cast<size_t>(size));
  const T low = std::numeric_limits<T>::min(), high = std::nextafter(T(1), T(0));
  for (int64_t line = 0; line < lines; ++line, concentration += size, out += size) {
    for (int64_t i = 0; i < size; ++i)
      gamma[i] = std::fmax(std::numeric_limits<double>::min(), sample_gamma(g, double(concentration[i])));
    const double sum = sum_by_lanes(gamma.data(), size);
    for (int64_t i = 0; i < size; ++i) out[i] = std::fmin(high, std::fmax(low, T(gamma[i] / sum)));
  }
}
template void fill_dirichlet(Generator&, const float*, float*, int64_t, int64_t);
template void fill_dirichlet(Generator&, const double*, double*, int64_t, int64_t);

template <class T> void fill_rrelu(Generator& g, const T* in, T* out, T* slope, int64_t n, T lower, T upper) {
  const double base = lower, width = double(upper) - double(lower);
  for (int64_t i = 0; i < n; ++i) {
    slope[i] = in[i] <= 0 ? T(g.uniform() * width + base) : T(1);
    out[i] = in[i] * slope[i];
  }
}
template void fill_rrelu(Generator&, const float*, float*, float*, int64_t, float, float);
template void fill_rrelu(Generator&, const double*, double*, double*, int64_t, double, double);

}  // namespace pl
