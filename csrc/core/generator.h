// The CPU random number generator: PyTorch's mt19937, word for word, with the samplers that need no vector code.
#pragma once
#include <cstdint>

#include "core/dtype.h"

namespace pl {

constexpr int kTwisterWords = 624;   // size of the recurrence, in 32-bit words
constexpr int kTwisterShift = 397;   // distance of its middle word

PL_ALWAYS_INLINE uint32_t twisted(uint32_t u, uint32_t v) {
  return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ (-(v & 1u) & 0x9908b0dfu);
}

// Replaces all words by the next ones. In a header, so that each instruction set makes vector loops of it.
PL_ALWAYS_INLINE void twist(uint32_t* w) {
  constexpr int n = kTwisterWords, tail = kTwisterWords - kTwisterShift;
#pragma GCC ivdep  // w[i + 1] is read before it is written; w[i + kTwisterShift] is written much later
  for (int i = 0; i < tail; ++i) w[i] = w[i + kTwisterShift] ^ twisted(w[i], w[i + 1]);
#pragma GCC ivdep  // w[i - tail] was written 227 steps ago
  for (int i = tail; i < n - 1; ++i) w[i] = w[i - tail] ^ twisted(w[i], w[i + 1]);
  w[n - 1] = w[kTwisterShift - 1] ^ twisted(w[n - 1], w[0]);
}

PL_ALWAYS_INLINE uint32_t tempered(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

// State and order of consumption are PyTorch's, so that one seed gives the numbers of every tutorial. Not locked:
// whoever shares a generator between threads holds the GIL, or a lock of its own, while drawing.
struct Generator {
  static constexpr int kStateBytes = 5056;   // length of a saved state
  static constexpr uint64_t kDefaultSeed = 67280421310721;

  uint32_t words[kTwisterWords];  // untempered
  int32_t next;                // words[next ...] are unused yet
  int32_t left;                // 1: all words are used; else kTwisterWords + 1 - next
  uint64_t first_seed;
  bool has_gaussian, has_gaussian_float;
  double spare_gaussian;       // second half of the last Box-Muller pair
  float spare_gaussian_float;  // never drawn by this library; kept because a saved state carries it

  explicit Generator(uint64_t seed = kDefaultSeed) { manual_seed(seed); }

  void manual_seed(uint64_t seed);  // the recurrence starts from the low 32 bits; all 64 are remembered
  uint64_t initial_seed() const { return first_seed; }
  uint64_t seed();                  // seeds from the operating system's randomness; returns the seed
  void get_state(uint8_t* bytes) const;
  bool set_state(const uint8_t* bytes);  // false, and nothing changed, for bytes that are no mt19937 state

  uint32_t random();
  uint64_t random64();              // first word drawn in the upper half
  double uniform();                 // [0, 1), a multiple of 2^-53
  double gaussian();                // mean 0, standard deviation 1
};

Generator& default_generator();

// One sample each, computed in double from parameters in T as PyTorch does; T is float or double.
double sample_poisson(Generator& g, double rate);
template <class T> double sample_gamma(Generator& g, T shape);
template <class T> T sample_binomial(Generator& g, T count, T probability);

// Lines of `size` concentrations each; a line of `out` sums to 1.
template <class T> void fill_dirichlet(Generator& g, const T* concentration, T* out, int64_t lines, int64_t size);

// rrelu in training: negative inputs take a slope from [lower, upper), kept in `slope` (1 elsewhere) for its gradient.
template <class T> void fill_rrelu(Generator& g, const T* in, T* out, T* slope, int64_t n, T lower, T upper);

}  // namespace pl
