// Random fills and samples: the checks, and the order of memory in which PyTorch consumes the generator.
#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/kernels.h"
#include "ops.h"

namespace pl {
namespace native {
namespace {

Generator& chosen(Generator* g) { return g ? *g : default_generator(); }

const RandomKernels& kernels() { return cpu().random; }

DType floating_or_default(DType d) { return d == DType::Undefined ? default_dtype() : d; }

// ---- memory ----

bool is_dense(const Tensor& t) { return t.is_contiguous() || is_non_overlapping_and_dense(t.get()); }

// Numbers are drawn in the order of memory, from the smallest stride to the largest, which empty_like() keeps.
// `t` in dtype `d` with its elements in the order of `like`'s memory, so that a flat loop pairs them.
Tensor in_order_of(const Tensor& like, const Tensor& t, DType d) {
  if (t.is_contiguous() && like.is_contiguous() && t.sizes() == like.sizes() && t.dtype() == d) return t;
  Tensor r = pl::empty_like(like, d);
  copy_into(r, t);
  return r;
}

// fill(data) on dense memory: of `self`, or of a temporary that is copied to it.
template <class F> void fill_dense(const Tensor& self, F fill) {
  check_writable(self);
  if (self.numel() == 0 || self.is_meta()) return;
  if (is_dense(self)) return fill(static_cast<void*>(self->data));
  Tensor dense = pl::empty_like(self, self.dtype());
  fill(static_cast<void*>(dense->data));
  copy_into(self, dense);
}

// A complex tensor is filled as the pairs of real numbers that it is.
struct RealElements {
  DType dtype;
  int64_t n;
  explicit RealElements(const Tensor& t) : dtype(real_of(t.dtype())), n(t.numel() * (is_complex(t.dtype()) ? 2 : 1)) {}
};

[[noreturn]] void no_kernel(const char* kernel, DType d) {
  fail(ErrorType::NotImplemented, "dtype_unsupported", "\"%s\" not implemented for '%s'", kernel, info(d).scalar_name);
}

void check_floating(const Tensor& t, const char* kernel) {
  if (!is_floating(t.dtype())) no_kernel(kernel, t.dtype());
}

void check_real(const Tensor& t, const char* kernel) {
  if (is_complex(t.dtype())) no_kernel(kernel, t.dtype());
}

// The largest finite value of a floating dtype, and the number of bits of its significand.
double largest(DType d) {
  switch (d) {
    case DType::Float16: return 65504;
    case DType::BFloat16: return 0x1.fep127;
    case DType::Float32: return std::numeric_limits<float>::max();
    default: return std::numeric_limits<double>::max();
  }
}

int digits(DType d) {
  switch (d) {
    case DType::Float16: return 11;
    case DType::BFloat16: return 8;
    case DType::Float32: return 24;
    default: return 53;
  }
}

// How C++ calls the dtype in PyTorch's messages of random_.
const char* cpp_name(DType d) {
  switch (d) {
    case DType::Bool: return "bool";
    case DType::UInt8: return "unsigned char";
    case DType::Int8: return "signed char";
    case DType::Int16: return "short int";
    case DType::Int32: return "int";
    case DType::Int64: return "long int";
    case DType::UInt16: return "short unsigned int";
    case DType::UInt32: return "unsigned int";
    case DType::UInt64: return "long unsigned int";
    case DType::Float16: return "c10::Half";
    case DType::BFloat16: return "c10::BFloat16";
    case DType::Float32: return "float";
    default: return "double";
  }
}

}  // namespace

// ---- continuous distributions, in place ----

Tensor uniform_(const Tensor& self, double from, double to, Generator* generator) {
  const RealElements real(self);
  if (!is_floating(real.dtype)) no_kernel("check_uniform_bounds", self.dtype());
  const double limit = largest(real.dtype);
  PL_CHECK(from >= -limit && from <= limit, "from is out of bounds for %s", cpp_name(real.dtype));
  PL_CHECK(to >= -limit && to <= limit, "to is out of bounds for %s", cpp_name(real.dtype));
  PL_CHECK(from <= to, "uniform_ expects to return a [from, to) range, but found from=%g > to=%g", from, to);
  PL_CHECK(to - from <= limit,
           "uniform_ expects to-from <= std::numeric_limits<%s>::max(), but found to=%g and from=%g which result in "
           "to-from to exceed the limit",
           info(real.dtype).scalar_name, to, from);
  fill_dense(self, [&](void* p) { kernels().uniform(chosen(generator), real.dtype, p, real.n, from, to); });
  return self;
}

Tensor normal_(const Tensor& self, double mean, double std, Generator* generator) {
  PL_CHECK(std >= 0, "normal expects std >= 0.0, but found std %g", std);
  const RealElements real(self);
  if (!is_floating(real.dtype)) no_kernel("normal_kernel_cpu", self.dtype());
  if (is_complex(self.dtype())) std /= std::sqrt(2);  // the two parts share the variance
  const auto kernel = self.is_contiguous() && real.n >= 16 ? kernels().normal_blocks : kernels().normal_pairs;
  fill_dense(self, [&](void* p) { kernel(chosen(generator), real.dtype, p, real.n, mean, std); });
  return self;
}

Tensor log_normal_(const Tensor& self, double mean, double std, Generator* generator) {
  PL_CHECK(std > 0, "log_normal_ expects std > 0.0, but found std=%g", std);
  check_floating(self, "log_normal_cpu");
  fill_dense(self, [&](void* p) { kernels().log_normal(chosen(generator), self.dtype(), p, self.numel(), mean, std); });
  return self;
}

Tensor exponential_(const Tensor& self, double lambd, Generator* generator) {
  PL_CHECK(lambd > 0, "exponential_ expects lambda > 0.0, but found lambda=%g", lambd);
  PL_CHECK(is_floating(self.dtype()),
           "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
           "specified %s", info(self.dtype()).scalar_name);
  fill_dense(self, [&](void* p) { kernels().exponential(chosen(generator), self.dtype(), p, self.numel(), lambd); });
  return self;
}

Tensor cauchy_(const Tensor& self, double median, double sigma, Generator* generator) {
  PL_CHECK(sigma > 0, "cauchy_ expects sigma > 0.0, but found sigma=%g", sigma);
  PL_CHECK(is_floating(self.dtype()),
           "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you "
           "specified %s", cpp_name(self.dtype()));
  fill_dense(self, [&](void* p) { kernels().cauchy(chosen(generator), self.dtype(), p, self.numel(), median, sigma); });
  return self;
}

Tensor geometric_(const Tensor& self, double p, Generator* generator) {
  PL_CHECK(p > 0 && p < 1, "geometric_ expects p to be in (0, 1), but got p=%g", p);
  check_real(self, "geometric_cpu");
  fill_dense(self, [&](void* out) { kernels().geometric(chosen(generator), self.dtype(), out, self.numel(), p); });
  return self;
}

// ---- integers ----

namespace {

// v rounded to the dtype; INT64_MIN beyond int64, as the conversion of x86 gives it.
int64_t rounded(int64_t v, DType d) {
  double r;
  switch (d) {
    case DType::Float16: r = to_float(to_half(float(v))); break;
    case DType::BFloat16: r = to_float(to_bfloat16(float(v))); break;
    case DType::Float32: r = float(v); break;
    default: r = double(v);
  }
  return std::fabs(r) < 0x1p63 ? int64_t(r) : INT64_MIN;
}

// The distance between the dtype's neighbouring numbers around v.
int64_t spacing(int64_t v, DType d) {
  const int exponent = 63 - __builtin_clzll(uint64_t(v < 0 ? -v : v) | 1);
  return int64_t(1) << std::max(exponent - digits(d) + 1, 0);
}

// The bounds move inwards to numbers that the dtype can hold, or a sample could round to one outside.
void fit_bounds(int64_t& from, int64_t& to, DType d) {
  if (from == INT64_MAX) return;
  const int64_t after = rounded(from + 1, d), before = rounded(to - 1, d);
  if (after < from) from = after + spacing(from + 1, d);
  if (before >= to) to = before - spacing(to - 1, d);
}

struct IntegerLimits { int64_t low, high; };

IntegerLimits limits(DType d) {
  const int bits = int(itemsize(d)) * 8;
  if (d == DType::Bool) return {0, 1};
  if (info(d).is_signed) return {INT64_MIN >> (64 - bits), INT64_MAX >> (64 - bits)};
  return {0, bits == 64 ? INT64_MAX : (int64_t(1) << bits) - 1};
}

void check_bounds(int64_t from, int64_t last, DType d) {
  bool from_fits, last_fits;
  if (is_floating(d)) {
    const double limit = largest(d);
    from_fits = std::fabs(double(from)) <= limit;
    last_fits = std::fabs(double(last)) <= limit;
  } else {
    const IntegerLimits l = limits(d);
    from_fits = from >= l.low && from <= l.high;
    last_fits = last >= l.low && last <= l.high;
  }
  PL_CHECK(from_fits, "from is out of bounds for %s", cpp_name(d));
  PL_CHECK(last_fits, "to - 1 is out of bounds for %s", cpp_name(d));
}

}  // namespace

Tensor random_(const Tensor& self, Generator* generator) {
  const DType d = self.dtype();
  const bool wide_unsigned = d == DType::UInt16 || d == DType::UInt32 || d == DType::UInt64;
  if (is_complex(d) || wide_unsigned) no_kernel("random_kernel_cpu", d);
  fill_dense(self, [&](void* p) { kernels().integers_of_dtype(chosen(generator), d, p, self.numel()); });
  return self;
}

Tensor random__from(const Tensor& self, int64_t from, std::optional<int64_t> to, Generator* generator) {
  const DType d = self.dtype();
  PL_CHECK(!is_complex(d), "check_random_bounds handles only integral, floating-point and boolean types");
  uint64_t range = 0;
  if (to) {
    int64_t end = *to;
    PL_CHECK(from < end, "random_ expects 'from' to be less than 'to', but got from=%ld >= to=%ld", long(from),
             long(end));
    if (is_floating(d)) {
      fit_bounds(from, end, d);
      PL_CHECK(from < end,
               "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=%ld >= "
               "to=%ld", long(from), long(end));
    }
    check_bounds(from, end - 1, d);
    range = uint64_t(end) - uint64_t(from);
  } else if (from != INT64_MIN) {
    int64_t last = is_floating(d) ? int64_t(1) << digits(d) : limits(d).high, end = INT64_MAX;
    if (is_floating(d)) fit_bounds(from, end, d);
    PL_CHECK(!is_floating(d) || from < last,
             "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
             "from=%ld > to_inc=%ld", long(from), long(last));
    check_bounds(from, last, d);
    range = uint64_t(last) - uint64_t(from) + 1;
  } else if (d != DType::Int64 && d != DType::Float64 && d != DType::Float32 && d != DType::BFloat16) {
    no_kernel("random_full_64_bits_range_kernel_cpu", d);
  }
  fill_dense(self, [&](void* p) { kernels().integers(chosen(generator), d, p, self.numel(), range, range ? from : 0); });
  return self;
}

Tensor random__to(const Tensor& self, int64_t to, Generator* generator) { return random__from(self, 0, to, generator); }

// ---- coins ----

Tensor bernoulli__float(const Tensor& self, double p, Generator* generator) {
  PL_CHECK(p >= 0 && p <= 1, "bernoulli_ expects p to be in [0, 1], but got p=%g", p);
  check_real(self, "bernoulli_scalar_cpu_");
  fill_dense(self, [&](void* out) { kernels().bernoulli(chosen(generator), self.dtype(), out, self.numel(), p); });
  return self;
}

Tensor bernoulli__tensor(const Tensor& self, const Tensor& p, Generator* generator) {
  check_real(self, "bernoulli_tensor_cpu_self_");
  check_floating(p, "bernoulli_tensor_cpu_p_");
  PL_CHECK_AS(Runtime, p.is_meta() == self.is_meta(), "device_mismatch", "Expected all tensors to be on the same device, but found at least two devices, %s and %s!",
              device_name(self.device()).c_str(), device_name(p.device()).c_str());
  fill_dense(self, [&](void* out) {
    const Tensor each = in_order_of(self, p, p.dtype());
    PL_CHECK(kernels().bernoulli_each(chosen(generator), self.dtype(), out, p.dtype(), each->data, self.numel()),
             "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  A probability lies outside [0, 1]");
  });
  return self;
}

Tensor bernoulli(const Tensor& self, Generator* generator) {
  return bernoulli__tensor(empty(self.sizes(), self.dtype(), self.device()), self, generator);
}

Tensor bernoulli_p(const Tensor& self, double p, Generator* generator) {
  return bernoulli__float(empty(self.sizes(), self.dtype(), self.device()), p, generator);
}

// ---- new tensors ----

Tensor rand(Shape size, Generator* generator, DType dtype, std::optional<Device> device) {
  return uniform_(empty(size, floating_or_default(dtype), device.value_or(Device{})), 0, 1, generator);
}

Tensor rand_like(const Tensor& self, Generator* generator, DType dtype, std::optional<Device> device,
                 MemoryFormat memory_format) {
  return uniform_(native::empty_like(self, dtype, device, memory_format), 0, 1, generator);
}

Tensor randn(Shape size, Generator* generator, DType dtype, std::optional<Device> device) {
  return normal_(empty(size, floating_or_default(dtype), device.value_or(Device{})), 0, 1, generator);
}

Tensor randn_like(const Tensor& self, Generator* generator, DType dtype, std::optional<Device> device,
                  MemoryFormat memory_format) {
  return normal_(native::empty_like(self, dtype, device, memory_format), 0, 1, generator);
}

Tensor randint_low(int64_t low, int64_t high, Shape size, Generator* generator, DType dtype,
                   std::optional<Device> device) {
  const DType d = dtype == DType::Undefined ? DType::Int64 : dtype;
  return random__from(empty(size, d, device.value_or(Device{})), low, high, generator);
}

Tensor randint(int64_t high, Shape size, Generator* generator, DType dtype, std::optional<Device> device) {
  return randint_low(0, high, size, generator, dtype, device);
}

Tensor randint_like_low(const Tensor& self, int64_t low, int64_t high, Generator* generator, DType dtype,
                        std::optional<Device> device, MemoryFormat memory_format) {
  return random__from(native::empty_like(self, dtype, device, memory_format), low, high, generator);
}

Tensor randint_like(const Tensor& self, int64_t high, Generator* generator, DType dtype, std::optional<Device> device,
                    MemoryFormat memory_format) {
  return randint_like_low(self, 0, high, generator, dtype, device, memory_format);
}

Tensor randperm(int64_t n, Generator* generator, DType dtype, std::optional<Device> device) {
  const DType d = dtype == DType::Undefined ? DType::Int64 : dtype;
  PL_CHECK(n >= 0, "Trying to create tensor with negative dimension %ld: [%ld]", long(n), long(n));
  if (is_complex(d) || d == DType::Bool) no_kernel("randperm", d);
  if (is_floating(d)) {
    const int64_t most = (int64_t(1) << digits(d)) + 1;
    PL_CHECK(d == DType::BFloat16 || n <= most, "n cannot be greater than %ld for %s type.", long(most),
             info(d).scalar_name);
  } else {
    PL_CHECK(n - 1 <= limits(d).high, "value cannot be converted to type %s_t without overflow", info(d).name);
  }
  Tensor result = empty({n}, d, device.value_or(Device{}));
  fill_dense(result, [&](void* p) { kernels().permutation(chosen(generator), d, p, n); });
  return result;
}

// ---- normal with tensors for parameters ----

namespace {

void check_deviations(const Tensor& std) {
  PL_CHECK(!is_complex(std.dtype()), "normal expects standard deviation to be non-complex");
  if (std.numel() == 0 || std.is_meta()) return;
  const Tensor d = contiguous(cast(std, DType::Float64));
  const double* p = d.ptr<double>();
  const bool valid = std::none_of(p, p + d.numel(), [](double v) { return v < 0; });
  PL_CHECK(valid, "normal expects all elements of std >= 0.0");
}

}  // namespace

Tensor normal_tensor_float(const Tensor& mean, double std, Generator* generator) {
  Tensor result = normal_(empty(mean.sizes(), mean.dtype(), mean.device()), 0, std, generator);
  return op::add_(result, mean, Scalar(1));
}

Tensor normal_float_tensor(double mean, const Tensor& std, Generator* generator) {
  check_deviations(std);
  Tensor result = normal_(empty(std.sizes(), std.dtype(), std.device()), 0, 1, generator);
  op::mul_(result, std);
  return op::add_(result, Scalar(mean), Scalar(1));
}

Tensor normal_tensor_tensor(const Tensor& mean, const Tensor& std, Generator* generator) {
  check_deviations(std);
  const std::vector<int64_t> shape = broadcast_shapes(mean.sizes(), std.sizes(), "normal");
  Tensor result = normal_(empty(shape, mean.dtype(), mean.device()), 0, 1, generator);
  op::mul_(result, std);
  return op::add_(result, mean, Scalar(1));
}

Tensor normal_size(double mean, double std, Shape size, Generator* generator, DType dtype,
                   std::optional<Device> device) {
  return normal_(empty(size, floating_or_default(dtype), device.value_or(Device{})), mean, std, generator);
}

// ---- samples of other distributions ----

namespace {

// result[i] = sample(x[i]), in reading order whatever the strides of x.
template <class T, class F> Tensor sampled(const Tensor& x, F sample) {
  Tensor result = empty(x.sizes(), x.dtype(), x.device());
  if (x.is_meta()) return result;
  const Tensor in = contiguous(x);
  const T* p = in.ptr<T>();
  T* r = result.ptr<T>();
  for (int64_t i = 0; i < x.numel(); ++i) r[i] = sample(p[i]);
  return result;
}

double checked_poisson(Generator& g, double rate) {
  PL_CHECK(rate >= 0, "invalid Poisson rate, expected rate to be non-negative");
  return sample_poisson(g, rate);
}

template <class T> Tensor gamma_samples(const Tensor& x, Generator& g) {
  return sampled<T>(x, [&](T shape) { return std::max(std::numeric_limits<T>::min(), T(sample_gamma(g, shape))); });
}

// Contiguous elements of `t` broadcast to `shape`.
Tensor spread(const Tensor& t, Shape shape) {
  if (t.is_contiguous() && t.sizes() == shape) return t;
  Tensor r = empty(shape, t.dtype(), t.device());
  if (!t.is_meta()) copy_into(r, t);
  return r;
}

template <class T> Tensor binomial_samples(const Tensor& count, const Tensor& p, Generator& g) {
  const T* next = p.ptr<T>();
  return sampled<T>(count, [&](T n) { return sample_binomial(g, n, *next++); });
}

}  // namespace

Tensor poisson(const Tensor& self, Generator* generator) {
  Generator& g = chosen(generator);
  switch (self.dtype()) {
    case DType::Float16:
      return sampled<Half>(self, [&](Half v) { return to_half(float(checked_poisson(g, to_float(v)))); });
    case DType::BFloat16:
      return sampled<BFloat16>(self, [&](BFloat16 v) { return to_bfloat16(float(checked_poisson(g, to_float(v)))); });
    case DType::Float32: return sampled<float>(self, [&](float v) { return float(checked_poisson(g, v)); });
    case DType::Float64: return sampled<double>(self, [&](double v) { return checked_poisson(g, v); });
    default: no_kernel("poisson_cpu", self.dtype());
  }
}

Tensor _standard_gamma(const Tensor& self, Generator* generator) {
  if (self.dtype() == DType::Float32) return gamma_samples<float>(self, chosen(generator));
  if (self.dtype() == DType::Float64) return gamma_samples<double>(self, chosen(generator));
  no_kernel("gamma_cpu", self.dtype());
}

Tensor binomial(const Tensor& count, const Tensor& prob, Generator* generator) {
  PL_CHECK_AS(Value, is_floating(count.dtype()), "", "binomial only supports floating-point dtypes for count, got: %s",
              info(count.dtype()).scalar_name);
  PL_CHECK_AS(Value, is_floating(prob.dtype()), "", "binomial only supports floating-point dtypes for prob, got: %s",
              info(prob.dtype()).scalar_name);
  PL_CHECK(count.dtype() == prob.dtype(), "Found dtype %s but expected %s", info(prob.dtype()).scalar_name,
           info(count.dtype()).scalar_name);
  const std::vector<int64_t> shape = broadcast_shapes(count.sizes(), prob.sizes(), "binomial");
  const Tensor trials = spread(count, shape), chance = spread(prob, shape);
  if (count.dtype() == DType::Float32) return binomial_samples<float>(trials, chance, chosen(generator));
  if (count.dtype() == DType::Float64) return binomial_samples<double>(trials, chance, chosen(generator));
  no_kernel("binomial_cpu", count.dtype());
}

Tensor _sample_dirichlet(const Tensor& self, Generator* generator) {
  const DType d = self.dtype();
  if (d != DType::Float32 && d != DType::Float64) no_kernel("dirichlet", d);
  Tensor result = empty(self.sizes(), d, self.device());
  if (self.numel() == 0 || self.is_meta()) return result;
  const Tensor in = contiguous(self);
  const int64_t size = self.dim() ? self.size(-1) : 1, lines = self.numel() / size;
  Generator& g = chosen(generator);
  if (d == DType::Float32) fill_dirichlet(g, in.ptr<float>(), result.ptr<float>(), lines, size);
  else fill_dirichlet(g, in.ptr<double>(), result.ptr<double>(), lines, size);
  return result;
}

// ---- multinomial ----

namespace {

template <class T> struct Weights {
  using Compute = T;
  static T get(const T* p, int64_t i) { return p[i]; }
  static T round(T v) { return v; }
};
template <> struct Weights<Half> {
  using Compute = float;
  static float get(const Half* p, int64_t i) { return to_float(p[i]); }
  static float round(float v) { return to_float(to_half(v)); }
};
template <> struct Weights<BFloat16> {
  using Compute = float;
  static float get(const BFloat16* p, int64_t i) { return to_float(p[i]); }
  static float round(float v) { return to_float(to_bfloat16(v)); }
};

// Looks uniforms up in the cumulated weights.
template <class T>
void draw_with_replacement(Generator& g, const T* weights, int64_t* out, int64_t lines, int64_t n, int64_t samples) {
  using C = typename Weights<T>::Compute;
  std::vector<C> cumulated(static_cast<size_t>(n));
  for (int64_t line = 0; line < lines; ++line, weights += n, out += samples) {
    C sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const C w = Weights<T>::get(weights, i);
      PL_CHECK(w >= 0, "invalid multinomial distribution (encountering probability entry < 0)");
      PL_CHECK(std::isfinite(w), "invalid multinomial distribution (encountering probability entry = infinity or NaN)");
      cumulated[i] = sum += w;
    }
    PL_CHECK(sum > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
    for (C& c : cumulated) c /= sum;
    cumulated.back() = 1;
    for (int64_t i = 0; i < samples; ++i) {
      const double u = g.uniform();
      const auto below = [](C c, double v) { return double(c) < v; };
      out[i] = std::lower_bound(cumulated.begin(), cumulated.end(), u, below) - cumulated.begin();
    }
  }
}

// The indices of the `samples` largest values, in PyTorch's choice among equal ones.
template <class C> void largest_first(std::vector<std::pair<C, int64_t>>& values, int64_t samples) {
  const auto greater = [](const auto& a, const auto& b) {
    return (std::isnan(a.first) && !std::isnan(b.first)) || a.first > b.first;
  };
  const auto first = values.begin(), last = values.end(), end = first + samples;
  if (samples == 1) return void(std::iter_swap(first, std::min_element(first, last, greater)));
  if (samples * 64 <= int64_t(values.size())) return std::partial_sort(first, end, last, greater);
  std::nth_element(first, end - 1, last, greater);
  std::sort(first, end - 1, greater);
}

// An index wins with the probability of its weight when the winner is the largest weight / exponential.
template <class T>
void draw_without_replacement(Generator& g, DType d, const T* weights, int64_t* out, int64_t lines, int64_t n,
                              int64_t samples) {
  using W = Weights<T>;
  using C = typename W::Compute;
  std::vector<T> noise(static_cast<size_t>(n));
  std::vector<std::pair<C, int64_t>> race(static_cast<size_t>(n));
  for (int64_t line = 0; line < lines; ++line, weights += n, out += samples) {
    kernels().exponential(g, d, noise.data(), n, 1);
    for (int64_t i = 0; i < n; ++i) race[i] = {W::round(W::get(weights, i) / W::get(noise.data(), i)), i};
    largest_first(race, samples);
    for (int64_t i = 0; i < samples; ++i) out[i] = race[i].second;
  }
}

template <class T> void check_weights(const T* weights, int64_t lines, int64_t n) {
  for (int64_t line = 0; line < lines; ++line, weights += n) {
    bool valid = true, positive = false;
    for (int64_t i = 0; i < n; ++i) {
      const auto w = Weights<T>::get(weights, i);
      valid &= w >= 0 && std::isfinite(w);
      positive |= w > 0;
    }
    PL_CHECK(valid, "probability tensor contains either `inf`, `nan` or element < 0");
    PL_CHECK(positive, "invalid multinomial distribution (sum of probabilities <= 0)");
  }
}

template <class T>
void multinomial_of(Generator& g, const Tensor& weights, const Tensor& result, int64_t samples, bool replacement) {
  const int64_t n = weights.size(-1), lines = weights.numel() / n;
  const T* w = weights.ptr<T>();
  int64_t* out = result.ptr<int64_t>();
  if (replacement && samples > 1) return draw_with_replacement(g, w, out, lines, n, samples);
  check_weights(w, lines, n);
  draw_without_replacement(g, weights.dtype(), w, out, lines, n, samples);
}

constexpr int64_t kMostCategories = int64_t(1) << 24;  // consecutive integers that float32 holds

}  // namespace

Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement, Generator* generator) {
  PL_CHECK(self.dim() > 0 && self.dim() <= 2, "prob_dist must be 1 or 2 dim");
  PL_CHECK(is_floating(self.dtype()), "multinomial only supports floating-point dtypes for input, got: %s",
           info(self.dtype()).scalar_name);
  PL_CHECK(num_samples > 0, "cannot sample n_sample <= 0 samples");
  const int64_t n = self.size(-1);
  PL_CHECK(replacement || num_samples <= n, "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  PL_CHECK(n <= kMostCategories, "number of categories cannot exceed 2^24");
  const int64_t lines = self.dim() == 2 ? self.size(0) : 1;
  const int64_t sizes[] = {lines, num_samples};
  const Shape shape = self.dim() == 2 ? Shape(sizes, 2) : Shape(sizes + 1, 1);
  Tensor result = empty(shape, DType::Int64, self.device());
  if (result.numel() == 0 || self.is_meta()) return result;
  PL_CHECK(n > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
  Generator& g = chosen(generator);
  const Tensor weights = contiguous(self);
  switch (self.dtype()) {
    case DType::Float16: multinomial_of<Half>(g, weights, result, num_samples, replacement); break;
    case DType::BFloat16: multinomial_of<BFloat16>(g, weights, result, num_samples, replacement); break;
    case DType::Float32: multinomial_of<float>(g, weights, result, num_samples, replacement); break;
    default: multinomial_of<double>(g, weights, result, num_samples, replacement);
  }
  return result;
}

// ---- dropout ----

std::tuple<Tensor, Tensor> _dropout(const Tensor& self, double p) {
  const Tensor in = is_dense(self) ? self : in_order_of(self, self, self.dtype());
  Tensor result = pl::empty_like(in, self.dtype()), mask = pl::empty_like(in, DType::UInt8);
  if (self.numel() && !self.is_meta())
    kernels().dropout(default_generator(), self.dtype(), result->data, mask.ptr<uint8_t>(), in->data, self.numel(), p);
  return {result, mask};
}

Tensor _dropout_backward(const Tensor& grad, const Tensor& mask, double p) {
  const Tensor in = in_order_of(mask, grad, grad.dtype());
  Tensor result = pl::empty_like(mask, grad.dtype());
  if (grad.numel() && !grad.is_meta())
    kernels().dropout_backward(grad.dtype(), result->data, mask.ptr<uint8_t>(), in->data, grad.numel(), p);
  return result;
}

namespace {

void check_dropout(double p) {
  PL_CHECK(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got %g", p);
}

Tensor coins_like(const Tensor& input, double p) {
  return bernoulli__float(pl::empty_like(input, input.dtype()), p, nullptr);
}

// One coin for each (sample, channel).
Tensor channel_coins(const Tensor& input, double p) {
  PL_CHECK(input.dim() >= 2, "Feature dropout requires at least 2 dimensions in the input");
  std::vector<int64_t> sizes(input.dim(), 1);
  std::copy_n(input->sizes, 2, sizes.begin());
  return bernoulli__float(empty(sizes, input.dtype(), input.device()), p, nullptr);
}

Tensor zero_like_scalar(const Tensor& input) { return scalar_tensor(Scalar(0.0), input.dtype(), input.device()); }

// What the noise of alpha dropout multiplies and adds: SELU's lower limit for dropped elements, mean and variance kept.
struct AlphaNoise {
  Tensor factor, offset;
  AlphaNoise(Tensor coins, double p) {
    constexpr double alpha = 1.7580993408473766;
    const double a = 1 / std::sqrt((alpha * alpha * p + 1) * (1 - p));
    const Tensor dropped = op::add(coins, Scalar(-1.0), Scalar(1));
    offset = op::add(op::mul(dropped, Scalar(alpha * a)), Scalar(alpha * a * p), Scalar(1));
    factor = op::mul(coins, Scalar(a));
  }
};

Tensor alpha_dropped(const Tensor& input, Tensor coins, double p) {
  const AlphaNoise noise(std::move(coins), p);
  return op::add(op::mul(input, noise.factor), noise.offset, Scalar(1));
}

Tensor alpha_dropped_(const Tensor& input, Tensor coins, double p) {
  const AlphaNoise noise(std::move(coins), p);
  return op::add_(op::mul_(input, noise.factor), noise.offset, Scalar(1));
}

}  // namespace

Tensor dropout(const Tensor& input, double p, bool train) {
  check_dropout(p);
  if (p == 0 || !train || input.numel() == 0) return input;
  if (p == 1) return op::mul(input, zero_like_scalar(input));
  if (is_floating(input.dtype())) return std::get<0>(op::_dropout(input, p));
  return op::mul(input, op::true_divide_(coins_like(input, 1 - p), Scalar(1 - p)));
}

Tensor dropout_(const Tensor& input, double p, bool train) {
  check_dropout(p);
  if (p == 0 || !train) return input;
  return op::mul_(input, p == 1 ? zero_like_scalar(input) : op::true_divide_(coins_like(input, 1 - p), Scalar(1 - p)));
}

Tensor feature_dropout(const Tensor& input, double p, bool train) {
  check_dropout(p);
  if (p == 0 || !train) return input;
  return op::mul(input, p == 1 ? zero_like_scalar(input) : op::true_divide_(channel_coins(input, 1 - p), Scalar(1 - p)));
}

Tensor feature_dropout_(const Tensor& input, double p, bool train) {
  check_dropout(p);
  if (p == 0 || !train) return input;
  return op::mul_(input, p == 1 ? zero_like_scalar(input) : op::true_divide_(channel_coins(input, 1 - p), Scalar(1 - p)));
}

Tensor alpha_dropout(const Tensor& input, double p, bool train) {
  check_dropout(p);
  if (p == 0 || !train) return input;
  return p == 1 ? op::mul(input, zero_like_scalar(input)) : alpha_dropped(input, coins_like(input, 1 - p), p);
}

Tensor alpha_dropout_(const Tensor& input, double p, bool train) {
  check_dropout(p);
  if (p == 0 || !train) return input;
  return p == 1 ? op::mul_(input, zero_like_scalar(input)) : alpha_dropped_(input, coins_like(input, 1 - p), p);
}

Tensor feature_alpha_dropout(const Tensor& input, double p, bool train) {
  check_dropout(p);
  if (p == 0 || !train) return input;
  return p == 1 ? op::mul(input, zero_like_scalar(input)) : alpha_dropped(input, channel_coins(input, 1 - p), p);
}

Tensor feature_alpha_dropout_(const Tensor& input, double p, bool train) {
  check_dropout(p);
  if (p == 0 || !train) return input;
  return p == 1 ? op::mul_(input, zero_like_scalar(input)) : alpha_dropped_(input, channel_coins(input, 1 - p), p);
}

std::tuple<Tensor, Tensor> native_dropout(const Tensor& input, double p, std::optional<bool> train) {
  const bool drop = train.value_or(true);
  const Tensor kept = drop ? cast(coins_like(input, 1 - p), DType::Bool) : op::ones_like(input, DType::Bool, {}, MemoryFormat::None);
  const Scalar scale(drop && p < 1 ? 1 / (1 - p) : 1);
  return {op::mul(op::mul(input, kept), scale), kept};
}

std::tuple<Tensor, Tensor> _rrelu_with_noise(const Tensor& self, double lower, double upper, Generator* generator) {
  const DType d = self.dtype();
  if (d != DType::Float32 && d != DType::Float64) no_kernel("rrelu_with_noise_out_cpu", d);
  const Tensor in = contiguous(self);
  Tensor result = empty(self.sizes(), d, self.device()), slope = empty(self.sizes(), d, self.device());
  if (self.is_meta()) return {result, slope};
  Generator& g = chosen(generator);
  if (d == DType::Float32)
    fill_rrelu(g, in.ptr<float>(), result.ptr<float>(), slope.ptr<float>(), self.numel(), float(lower), float(upper));
  else fill_rrelu(g, in.ptr<double>(), result.ptr<double>(), slope.ptr<double>(), self.numel(), lower, upper);
  return {result, slope};
}

}  // namespace native
}  // namespace pl
