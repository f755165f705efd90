// Random fills. The words of the Mersenne Twister are made and tempered in vector loops, a chunk at a time, and every
// distribution is a loop over such a chunk. Where PyTorch's own kernels fuse a multiplication with an addition, an
// explicit fma stands here, because the numbers must agree to the last bit.
#include "cpu/random.h"

#include "core/parallel.h"

namespace pl { namespace PL_ISA {
namespace {

// ---- words ----

// The next n 32-bit draws.
void draw(Generator& g, uint32_t* __restrict__ out, int64_t n) {
  while (n > 0) {
    if (g.left == 1) {
      twist(g.words);
      g.left = kTwisterWords + 1;
      g.next = 0;
    }
    const int m = n < g.left - 1 ? int(n) : g.left - 1;
    const uint32_t* __restrict__ w = g.words + g.next;
    for (int i = 0; i < m; ++i) out[i] = tempered(w[i]);
    g.left -= m;
    g.next += m;
    out += m;
    n -= m;
  }
}

constexpr int kChunk = 2048;  // draws at a time: 8 or 16 kB of words, which stay in the first cache

// f(words, i, m) for chunks [i, i + m) of [0, n).
template <class F> PL_ALWAYS_INLINE void each_chunk(Generator& g, int64_t n, F f) {
  alignas(64) uint32_t words[kChunk];
  for (int64_t i = 0; i < n; i += kChunk) {
    const int m = n - i < kChunk ? int(n - i) : kChunk;
    draw(g, words, m);
    f(static_cast<const uint32_t*>(words), i, m);
  }
}

// The same with 64-bit draws, the first word of each being the upper half.
template <class F> PL_ALWAYS_INLINE void each_chunk64(Generator& g, int64_t n, F f) {
  alignas(64) uint32_t words[2 * kChunk];
  alignas(64) uint64_t draws[kChunk];
  for (int64_t i = 0; i < n; i += kChunk) {
    const int m = n - i < kChunk ? int(n - i) : kChunk;
    draw(g, words, 2 * m);
    for (int j = 0; j < m; ++j) draws[j] = (uint64_t(words[2 * j]) << 32) | words[2 * j + 1];
    f(static_cast<const uint64_t*>(draws), i, m);
  }
}

PL_ALWAYS_INLINE float unit_float(uint32_t word) { return float(int32_t(word & 0xffffffu)) * 0x1p-24f; }

constexpr uint64_t kMask53 = (uint64_t(1) << 53) - 1;

PL_ALWAYS_INLINE double bits_to_double(uint64_t u) { double d; __builtin_memcpy(&d, &u, 8); return d; }

// double(draw & kMask53) * 2^-53, both halves converted through the mantissa because AVX2 has no 64-bit conversion.
PL_ALWAYS_INLINE double unit_double(uint64_t draw) {
  const double low = bits_to_double((draw & 0xffffffffu) | 0x4330000000000000u) - 0x1p52;
  const double high = bits_to_double(((draw & kMask53) >> 32) | 0x4530000000000000u) - 0x1p84;
  return (low + high) * 0x1p-53;
}

// ---- dtypes ----

PL_ALWAYS_INLINE float load(float v) { return v; }
PL_ALWAYS_INLINE double load(double v) { return v; }
PL_ALWAYS_INLINE float load(Half v) { return to_float(v); }
PL_ALWAYS_INLINE float load(BFloat16 v) { return to_float(v); }

template <class T> struct To {
  template <class V> static PL_ALWAYS_INLINE T from(V v) { return T(v); }
};
template <> struct To<bool> {
  template <class V> static PL_ALWAYS_INLINE bool from(V v) { return v != 0; }
};
template <> struct To<Half> {
  template <class V> static PL_ALWAYS_INLINE Half from(V v) { return to_half(float(v)); }
};
template <> struct To<BFloat16> {
  template <class V> static PL_ALWAYS_INLINE BFloat16 from(V v) { return to_bfloat16(float(v)); }
};

template <class T> struct Opmath { using type = float; };
template <> struct Opmath<double> { using type = double; };

template <class T> struct Tag { using type = T; };
#define PL_TYPE(tag) typename decltype(tag)::type

template <class F> PL_ALWAYS_INLINE void visit_floating(DType dtype, F f) {
  switch (dtype) {
    case DType::Float32: f(Tag<float>{}); break;
    case DType::Float64: f(Tag<double>{}); break;
    case DType::Float16: f(Tag<Half>{}); break;
    case DType::BFloat16: f(Tag<BFloat16>{}); break;
    default: break;
  }
}

template <class F> PL_ALWAYS_INLINE void visit_real(DType dtype, F f) {
  switch (dtype) {
    case DType::Bool: f(Tag<bool>{}); break;
    case DType::UInt8: f(Tag<uint8_t>{}); break;
    case DType::Int8: f(Tag<int8_t>{}); break;
    case DType::Int16: f(Tag<int16_t>{}); break;
    case DType::Int32: f(Tag<int32_t>{}); break;
    case DType::Int64: f(Tag<int64_t>{}); break;
    case DType::UInt16: f(Tag<uint16_t>{}); break;
    case DType::UInt32: f(Tag<uint32_t>{}); break;
    case DType::UInt64: f(Tag<uint64_t>{}); break;
    default: visit_floating(dtype, f);
  }
}

// ---- uniform ----

// Rounding may reach the upper bound, which the interval excludes: such a sample becomes the lower bound.
template <class T> PL_ALWAYS_INLINE T below(T value, T to, T from) { return value == to ? from : value; }
PL_ALWAYS_INLINE Half below(Half value, Half to, Half from) { return to_float(value) == to_float(to) ? from : value; }
PL_ALWAYS_INLINE BFloat16 below(BFloat16 value, BFloat16 to, BFloat16 from) {
  return to_float(value) == to_float(to) ? from : value;
}

template <class T> void uniform_narrow(Generator& g, T* out, int64_t n, double from, double to) {
  const float base = float(from), width = float(to) - base;
  const T low = To<T>::from(from), high = To<T>::from(to);
  each_chunk(g, n, [=](const uint32_t* w, int64_t i, int m) {
    for (int j = 0; j < m; ++j)
      out[i + j] = below(To<T>::from(__builtin_fmaf(unit_float(w[j]), width, base)), high, low);
  });
}

void uniform_double(Generator& g, double* out, int64_t n, double from, double to) {
  const double width = to - from;
  each_chunk64(g, n, [=](const uint64_t* d, int64_t i, int m) {
    for (int j = 0; j < m; ++j) out[i + j] = below(__builtin_fma(unit_double(d[j]), width, from), to, from);
  });
}

void uniform(Generator& g, DType dtype, void* out, int64_t n, double from, double to) {
  if (dtype == DType::Float64) return uniform_double(g, static_cast<double*>(out), n, from, to);
  visit_floating(dtype, [&](auto tag) { uniform_narrow(g, static_cast<PL_TYPE(tag)*>(out), n, from, to); });
}

// ---- normal, in blocks ----

// log(x) for x in (0, 1]: the single precision polynomial of the Cephes library (S. L. Moshier). Not of the best
// accuracy, but the one that PyTorch's normal_ uses.
PL_ALWAYS_INLINE float cephes_log(float x) {
  const uint32_t bits = float_to_bits(x);
  float e = float(int32_t(bits >> 23) - 126);
  float m = bits_to_float((bits & 0x807fffffu) | 0x3f000000u);  // in [0.5, 1)
  const bool small = m < 0.707106781186547524f;
  e = small ? e - 1 : e;
  m = (m - 1) + (small ? m : 0.0f);
  const float z = m * m;
  float y = 7.0376836292e-2f;
  y = __builtin_fmaf(y, m, -1.1514610310e-1f);
  y = __builtin_fmaf(y, m, 1.1676998740e-1f);
  y = __builtin_fmaf(y, m, -1.2420140846e-1f);
  y = __builtin_fmaf(y, m, 1.4249322787e-1f);
  y = __builtin_fmaf(y, m, -1.6668057665e-1f);
  y = __builtin_fmaf(y, m, 2.0000714765e-1f);
  y = __builtin_fmaf(y, m, -2.4999993993e-1f);
  y = __builtin_fmaf(y, m, 3.3333331174e-1f);
  y = __builtin_fmaf(y * m, z, e * -2.12194440e-4f);  // log(2) = 0.693359375 - 2.12194440e-4
  y = __builtin_fmaf(z, -0.5f, y);
  return __builtin_fmaf(e, 0.693359375f, m + y);
}

// sin and cos of x in [0, 2 pi], likewise.
PL_ALWAYS_INLINE void cephes_sincos(float x, float& sine, float& cosine) {
  const int32_t octant = (int32_t(x * 1.27323954473516f) + 1) & ~1;
  const float o = float(octant);
  x = __builtin_fmaf(o, -0.78515625f, x);  // x - o * pi / 4, in three parts
  x = __builtin_fmaf(o, -2.4187564849853515625e-4f, x);
  x = __builtin_fmaf(o, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float c = 2.443315711809948e-5f;
  c = __builtin_fmaf(c, z, -1.388731625493765e-3f);
  c = __builtin_fmaf(c, z, 4.166664568298827e-2f);
  c = __builtin_fmaf(c * z, z, z * -0.5f) + 1.0f;
  float s = -1.9515295891e-4f;
  s = __builtin_fmaf(s, z, 8.3321608736e-3f);
  s = __builtin_fmaf(s, z, -1.6666654611e-1f);
  s = __builtin_fmaf(s * z, x, x);
  const bool swap = (octant & 2) != 0;
  const uint32_t sine_sign = uint32_t(octant & 4) << 29, cosine_sign = uint32_t(~(octant - 2) & 4) << 29;
  sine = bits_to_float(float_to_bits(swap ? c : s) ^ sine_sign);
  cosine = bits_to_float(float_to_bits(swap ? s : c) ^ cosine_sign);
}

constexpr int kHalfBlock = 8, kBlock = 16;  // a block's first half gives its radii, the second its angles

// Words to samples, in blocks of 16.
void box_muller(const uint32_t* words, float* out, int blocks, float mean, float std) {
  alignas(64) float u1[kChunk / 2], u2[kChunk / 2];
  for (int b = 0; b < blocks; ++b) {
    for (int j = 0; j < kHalfBlock; ++j) u1[b * kHalfBlock + j] = 1.0f - unit_float(words[b * kBlock + j]);
    for (int j = 0; j < kHalfBlock; ++j) u2[b * kHalfBlock + j] = unit_float(words[b * kBlock + kHalfBlock + j]);
  }
  for (int i = 0; i < blocks * kHalfBlock; ++i) {
    const float radius = __builtin_sqrtf(-2.0f * cephes_log(u1[i]));
    float sine, cosine;
    cephes_sincos(6.283185307179586f * u2[i], sine, cosine);
    u1[i] = __builtin_fmaf(radius * cosine, std, mean);
    u2[i] = __builtin_fmaf(radius * sine, std, mean);
  }
  for (int b = 0; b < blocks; ++b) {
    for (int j = 0; j < kHalfBlock; ++j) out[b * kBlock + j] = u1[b * kHalfBlock + j];
    for (int j = 0; j < kHalfBlock; ++j) out[b * kBlock + kHalfBlock + j] = u2[b * kHalfBlock + j];
  }
}

template <class T> void normal_narrow(Generator& g, T* out, int64_t n, float mean, float std) {
  constexpr bool in_place = sizeof(T) == sizeof(float);
  alignas(64) float samples[kChunk];
  auto blocks = [&](const uint32_t* w, int64_t i, int m) {
    box_muller(w, samples, m / kBlock, mean, std);
    for (int j = 0; j < m; ++j) out[i + j] = To<T>::from(samples[j]);
  };
  each_chunk(g, n / kBlock * kBlock, blocks);
  if (n % kBlock == 0) return;
  alignas(64) uint32_t words[kBlock];
  // PyTorch fills a float tensor with uniforms to its end before it makes blocks of them; those of the tail are lost.
  if (in_place) draw(g, words, n % kBlock);
  draw(g, words, kBlock);
  blocks(words, n - kBlock, kBlock);
}

// Uniforms in the places of a block to samples.
void box_muller_double(double* block, double mean, double std) {
  for (int j = 0; j < kHalfBlock; ++j) {
    const double radius = __builtin_sqrt(-2.0 * __builtin_log(1.0 - block[j]));
    const double angle = 6.283185307179586 * block[j + kHalfBlock];
    double sine, cosine;
    __builtin_sincos(angle, &sine, &cosine);
    block[j] = __builtin_fma(radius * cosine, std, mean);
    block[j + kHalfBlock] = __builtin_fma(radius * sine, std, mean);
  }
}

constexpr int64_t kBlockGrain = 64;  // blocks of libm calls worth a thread

void normal_double(Generator& g, double* out, int64_t n, double mean, double std) {
  uniform_double(g, out, n, 0, 1);
  parallel_for(n / kBlock, kBlockGrain, [=](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) box_muller_double(out + b * kBlock, mean, std);
  });
  if (n % kBlock == 0) return;
  double* last = out + n - kBlock;
  uniform_double(g, last, kBlock, 0, 1);
  box_muller_double(last, mean, std);
}

void normal_blocks(Generator& g, DType dtype, void* out, int64_t n, double mean, double std) {
  if (dtype == DType::Float64) return normal_double(g, static_cast<double*>(out), n, mean, std);
  visit_floating(dtype, [&](auto tag) {
    normal_narrow(g, static_cast<PL_TYPE(tag)*>(out), n, float(mean), float(std));
  });
}

// ---- one double at a time ----

void normal_pairs(Generator& g, DType dtype, void* out, int64_t n, double mean, double std) {
  visit_floating(dtype, [&](auto tag) {
    using T = PL_TYPE(tag);
    for (int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = To<T>::from(__builtin_fma(g.gaussian(), std, mean));
  });
}

void log_normal(Generator& g, DType dtype, void* out, int64_t n, double mean, double std) {
  visit_floating(dtype, [&](auto tag) {
    using T = PL_TYPE(tag);
    for (int64_t i = 0; i < n; ++i)
      static_cast<T*>(out)[i] = To<T>::from(__builtin_exp(__builtin_fma(g.gaussian(), std, mean)));
  });
}

constexpr int kWide = 16384;         // uniforms made before the pool transforms them: 128 kB
constexpr int64_t kWideGrain = 2048; // libm calls worth a thread

// out[i] = f(u) with u uniform in [0, 1).
template <class T, class F> PL_ALWAYS_INLINE void transform_uniforms(Generator& g, T* out, int64_t n, F f) {
  alignas(64) double u[kWide];
  for (int64_t i = 0; i < n; i += kWide) {
    const int64_t m = n - i < kWide ? n - i : kWide;
    uniform_double(g, u, m, 0, 1);
    parallel_for(m, kWideGrain, [=, &u](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) out[i + j] = To<T>::from(f(u[j]));
    });
  }
}

void exponential(Generator& g, DType dtype, void* out, int64_t n, double rate) {
  const double scale = -1.0 / rate;
  visit_floating(dtype, [&](auto tag) {
    transform_uniforms(g, static_cast<PL_TYPE(tag)*>(out), n, [=](double u) { return scale * __builtin_log1p(-u); });
  });
}

void cauchy(Generator& g, DType dtype, void* out, int64_t n, double median, double sigma) {
  constexpr double pi = 3.14159265358979323846;
  visit_floating(dtype, [&](auto tag) {
    transform_uniforms(g, static_cast<PL_TYPE(tag)*>(out), n, [=](double u) {
      return __builtin_fma(sigma, __builtin_tan(pi * (u - 0.5)), median);
    });
  });
}

void geometric(Generator& g, DType dtype, void* out, int64_t n, double p) {
  const double log_q = __builtin_log1p(-p);
  visit_real(dtype, [&](auto tag) {
    transform_uniforms(g, static_cast<PL_TYPE(tag)*>(out), n,
                       [=](double u) { return __builtin_ceil(__builtin_log(u) / log_q); });
  });
}

// ---- bernoulli ----

// A 53-bit uniform is below p exactly when its integer is below this.
PL_ALWAYS_INLINE int64_t threshold(double p) { return int64_t(__builtin_ceil(p * 0x1p53)); }

// Both go through a chunk of bytes, so that their number of loops is dtypes + probability dtypes, not the product.
void store_flags(DType dtype, void* out, int64_t i, const uint8_t* flags, int m) {
  visit_real(dtype, [=](auto tag) {
    using T = PL_TYPE(tag);
    T* o = static_cast<T*>(out) + i;
    for (int j = 0; j < m; ++j) o[j] = To<T>::from(float(flags[j]));
  });
}

void bernoulli(Generator& g, DType dtype, void* out, int64_t n, double p) {
  const int64_t limit = threshold(p);
  alignas(64) uint8_t flags[kChunk];
  each_chunk64(g, n, [&](const uint64_t* d, int64_t i, int m) {
    for (int j = 0; j < m; ++j) flags[j] = int64_t(d[j] & kMask53) < limit;
    store_flags(dtype, out, i, flags, m);
  });
}

template <class P> bool all_probabilities(const P* p, int64_t n) {
  int bad = 0;
  for (int64_t i = 0; i < n; ++i) bad |= !(load(p[i]) >= 0) | !(load(p[i]) <= 1);
  return !bad;
}

template <class P> void bernoulli_each_of(Generator& g, DType dtype, void* out, const P* p, int64_t n) {
  alignas(64) uint8_t flags[kChunk];
  each_chunk(g, n, [&](const uint32_t* w, int64_t i, int m) {
    for (int j = 0; j < m; ++j) flags[j] = unit_float(w[j]) < load(p[i + j]);
    store_flags(dtype, out, i, flags, m);
  });
}

template <> void bernoulli_each_of(Generator& g, DType dtype, void* out, const double* p, int64_t n) {
  alignas(64) uint8_t flags[kChunk];
  each_chunk64(g, n, [&](const uint64_t* d, int64_t i, int m) {
    for (int j = 0; j < m; ++j) flags[j] = unit_double(d[j]) < p[i + j];
    store_flags(dtype, out, i, flags, m);
  });
}

bool bernoulli_each(Generator& g, DType dtype, void* out, DType p_dtype, const void* p, int64_t n) {
  bool valid = false;
  visit_floating(p_dtype, [&](auto tag) {
    const auto* probabilities = static_cast<const PL_TYPE(tag)*>(p);
    valid = all_probabilities(probabilities, n);
    if (valid) bernoulli_each_of(g, dtype, out, probabilities, n);
  });
  return valid;
}

// ---- dropout ----

// 1 / (1 - p), rounded as PyTorch rounds it: in the computing type, then to the tensor's.
template <class T> PL_ALWAYS_INLINE auto kept_noise(double p) {
  using C = typename Opmath<T>::type;
  return load(To<T>::from(C(1) / C(1 - p)));
}

void dropout(Generator& g, DType dtype, void* out, uint8_t* kept, const void* in, int64_t n, double p) {
  const int64_t limit = threshold(1 - p);
  visit_floating(dtype, [&](auto tag) {
    using T = PL_TYPE(tag);
    const auto noise = kept_noise<T>(p);
    T* o = static_cast<T*>(out);
    const T* x = static_cast<const T*>(in);
    each_chunk64(g, n, [=](const uint64_t* d, int64_t i, int m) {
      for (int j = 0; j < m; ++j) kept[i + j] = int64_t(d[j] & kMask53) < limit;
      for (int j = 0; j < m; ++j) o[i + j] = To<T>::from(load(x[i + j]) * (kept[i + j] ? noise : 0));
    });
  });
}

void dropout_backward(DType dtype, void* out, const uint8_t* kept, const void* grad, int64_t n, double p) {
  visit_floating(dtype, [&](auto tag) {
    using T = PL_TYPE(tag);
    const auto noise = kept_noise<T>(p);
    T* o = static_cast<T*>(out);
    const T* d = static_cast<const T*>(grad);
    for (int64_t i = 0; i < n; ++i) o[i] = To<T>::from(load(d[i]) * (kept[i] ? noise : 0));
  });
}

// ---- integers ----

// From here on PyTorch takes 64 bits for a number, so that the remainder is even enough.
constexpr uint64_t kWideRange = uint64_t(1) << 28;

void store_integers(DType dtype, void* out, int64_t i, const int64_t* values, int m) {
  visit_real(dtype, [=](auto tag) {
    using T = PL_TYPE(tag);
    T* o = static_cast<T*>(out) + i;
    for (int j = 0; j < m; ++j) o[j] = To<T>::from(values[j]);
  });
}

// Remainders of 32-bit draws, range <= 2^31. The quotient estimated by a multiplication is right or one too small.
void integers_narrow(Generator& g, DType dtype, void* out, int64_t n, uint32_t range, int64_t base) {
  const uint32_t inverse = range == 1 ? 0xffffffffu : uint32_t((uint64_t(1) << 32) / range);
  alignas(64) int64_t values[kChunk];
  each_chunk(g, n, [&](const uint32_t* w, int64_t i, int m) {
    for (int j = 0; j < m; ++j) {
      const uint32_t rest = w[j] - uint32_t((uint64_t(w[j]) * inverse) >> 32) * range;
      values[j] = int64_t(rest >= range ? rest - range : rest) + base;
    }
    store_integers(dtype, out, i, values, m);
  });
}

void integers_wide(Generator& g, DType dtype, void* out, int64_t n, uint64_t range, int64_t base) {
  const bool power_of_two = (range & (range - 1)) == 0;  // 0 counts: the mask is all ones
  alignas(64) int64_t values[kChunk];
  each_chunk64(g, n, [&](const uint64_t* d, int64_t i, int m) {
    if (power_of_two) {
      for (int j = 0; j < m; ++j) values[j] = int64_t((d[j] & (range - 1)) + uint64_t(base));
    } else {
      for (int j = 0; j < m; ++j) values[j] = int64_t(d[j] % range + uint64_t(base));
    }
    store_integers(dtype, out, i, values, m);
  });
}

void integers(Generator& g, DType dtype, void* out, int64_t n, uint64_t range, int64_t base) {
  if (range - 1 < kWideRange - 1) integers_narrow(g, dtype, out, n, uint32_t(range), base);
  else integers_wide(g, dtype, out, n, range, base);
}

void integers_of_dtype(Generator& g, DType dtype, void* out, int64_t n) {
  switch (dtype) {
    case DType::Bool: return integers_narrow(g, dtype, out, n, 2, 0);
    case DType::UInt8: return integers_narrow(g, dtype, out, n, 1u << 8, 0);
    case DType::Int8: return integers_narrow(g, dtype, out, n, 1u << 7, 0);
    case DType::Int16: return integers_narrow(g, dtype, out, n, 1u << 15, 0);
    case DType::Int32: return integers_narrow(g, dtype, out, n, 1u << 31, 0);
    case DType::Int64: return integers_wide(g, dtype, out, n, uint64_t(1) << 63, 0);
    case DType::BFloat16: return integers_narrow(g, dtype, out, n, (1u << 8) + 1, 0);
    case DType::Float16: return integers_narrow(g, dtype, out, n, (1u << 11) + 1, 0);
    case DType::Float32: return integers_narrow(g, dtype, out, n, (1u << 24) + 1, 0);
    case DType::Float64: return integers_wide(g, dtype, out, n, (uint64_t(1) << 53) + 1, 0);
    default: break;
  }
}

// ---- permutation ----

constexpr int64_t kSmallPermutation = 0xffffffffu / 20;  // below, 32-bit draws are even enough for PyTorch

// Fisher and Yates, forwards.
template <class T> void shuffle(Generator& g, T* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = To<T>::from(i);
  alignas(64) uint32_t steps[kChunk];
  each_chunk(g, n - 1, [&](const uint32_t* w, int64_t i, int m) {
    // The double quotient cannot round up to an integer: it is at least 1 / (n - i) below, and both are under 2^32.
    for (int j = 0; j < m; ++j) {
      const double divisor = double(int32_t(n - i - j));
      steps[j] = w[j] - uint32_t(int64_t(double(w[j]) / divisor)) * uint32_t(int32_t(n - i - j));
    }
    for (int j = 0; j < m; ++j) {
      T* here = out + i + j;
      const T value = here[steps[j]];
      here[steps[j]] = *here;
      *here = value;
    }
  });
}

// Inside out, with 64-bit draws.
template <class T> void shuffle_large(Generator& g, T* out, int64_t n) {
  each_chunk64(g, n, [&](const uint64_t* d, int64_t i, int m) {
    for (int j = 0; j < m; ++j) {
      const uint64_t k = d[j] % uint64_t(i + j + 1);
      out[i + j] = out[k];
      out[k] = To<T>::from(i + j);
    }
  });
}

void permutation(Generator& g, DType dtype, void* out, int64_t n) {
  visit_real(dtype, [&](auto tag) {
    using T = PL_TYPE(tag);
    if (n < kSmallPermutation) shuffle(g, static_cast<T*>(out), n);
    else shuffle_large(g, static_cast<T*>(out), n);
  });
}

}  // namespace

void fill_random(RandomKernels& k) {
  k.uniform = uniform;
  k.normal_blocks = normal_blocks;
  k.normal_pairs = normal_pairs;
  k.log_normal = log_normal;
  k.exponential = exponential;
  k.cauchy = cauchy;
  k.geometric = geometric;
  k.bernoulli = bernoulli;
  k.bernoulli_each = bernoulli_each;
  k.integers = integers;
  k.integers_of_dtype = integers_of_dtype;
  k.permutation = permutation;
  k.dropout = dropout;
  k.dropout_backward = dropout_backward;
}

}}  // namespace pl::PL_ISA
