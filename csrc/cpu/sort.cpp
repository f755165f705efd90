#include "cpu/reduce.h"
#include "cpu/lanes.h"

namespace pl {
namespace PL_ISA {
namespace {

// ---------------------------------------------------------------- keys
PL_ALWAYS_INLINE uint32_t key_of(float x) {
  const uint32_t bits = float_to_bits(x == 0 ? 0.0f : x);
  const uint32_t key = bits ^ (uint32_t(int32_t(bits) >> 31) | 0x80000000u);
  return x != x ? 0xffffffffu : key;
}
PL_ALWAYS_INLINE uint64_t key_of(double x) {
  const uint64_t bits = math::to_bits(x == 0 ? 0.0 : x);
  const uint64_t key = bits ^ (uint64_t(int64_t(bits) >> 63) | 0x8000000000000000u);
  return x != x ? ~uint64_t(0) : key;
}
PL_ALWAYS_INLINE uint64_t key_of(int64_t x) { return uint64_t(x) ^ 0x8000000000000000u; }

template <class T, class K> void keys_as(int64_t n, const T* x, bool descending, K* keys) {
  const K flip = descending ? ~K(0) : K(0);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) keys[i] = key_of(x[i]) ^ flip;
}

// Integers that fit 32 bits.
PL_ALWAYS_INLINE uint32_t short_key(int64_t x) { return uint32_t(x) ^ 0x80000000u; }

void keys32(int64_t n, const void* x, Compute type, bool descending, uint32_t* keys) {
  if (type == Compute::F32) return keys_as(n, static_cast<const float*>(x), descending, keys);
  const int64_t* integers = static_cast<const int64_t*>(x);
  const uint32_t flip = descending ? ~0u : 0u;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) keys[i] = short_key(integers[i]) ^ flip;
}
void keys64(int64_t n, const void* x, Compute type, bool descending, uint64_t* keys) {
  if (type == Compute::F64) keys_as(n, static_cast<const double*>(x), descending, keys);
  else keys_as(n, static_cast<const int64_t*>(x), descending, keys);
}

// ---------------------------------------------------------------- sorting
constexpr int kDigit = 8;
constexpr int kBuckets = 1 << kDigit;
constexpr int64_t kSmall = 24;       // below: insertion
constexpr int64_t kMerge =
    512;  // below: merges of inserted runs, whose cost does not include clearing 256 counters per digit

template <class K> void insertion(int64_t n, K* k, int32_t* index) {
  for (int64_t i = 1; i < n; ++i) {
    const K key = k[i];
    const int32_t at = index[i];
    int64_t j = i;
    for (; j > 0 && k[j - 1] > key; --j) {
      k[j] = k[j - 1];
      index[j] = index[j - 1];
    }
    k[j] = key;
    index[j] = at;
  }
}

template <class K> void merge_runs(int64_t a, int64_t n, const K* k, const int32_t* index, K* out, int32_t* out_index) {
  int64_t i = 0, j = a;
  for (int64_t o = 0; o < n; ++o) {
    const bool right = i == a || (j < n && k[j] < k[i]);
    const int64_t from = right ? j : i;
    out[o] = k[from];
    out_index[o] = index[from];
    j += right;
    i += !right;
  }
}

template <class K> void copy_pairs(int64_t n, const K* k, const int32_t* index, K* to, int32_t* to_index) {
  std::memcpy(to, k, size_t(n) * sizeof(K));
  std::memcpy(to_index, index, size_t(n) * sizeof(int32_t));
}

template <class K> void merge_sort(int64_t n, K* k, int32_t* index, K* kb, int32_t* ib) {
  for (int64_t b = 0; b < n; b += kSmall) insertion(n - b < kSmall ? n - b : kSmall, k + b, index + b);
  K *from = k, *to = kb;
  int32_t *from_index = index, *to_index = ib;
  for (int64_t run = kSmall; run < n; run *= 2) {
    for (int64_t b = 0; b < n; b += 2 * run) {
      const int64_t c = n - b < 2 * run ? n - b : 2 * run;
      merge_runs(run < c ? run : c, c, from + b, from_index + b, to + b, to_index + b);
    }
    K* t = from;
    from = to, to = t;
    int32_t* ti = from_index;
    from_index = to_index, to_index = ti;
  }
  if (from != k) copy_pairs(n, from, from_index, k, index);
}

// Least significant digit first, every digit counted in one pass; digits that are all equal cost nothing.
template <class K> void radix_sort(int64_t n, K* k, int32_t* index, K* kb, int32_t* ib) {
  constexpr int digits = int(sizeof(K));
  static_assert(kDigit == 8);
  uint32_t count[digits][kBuckets];
  std::memset(count, 0, sizeof count);
  for (int64_t i = 0; i < n; ++i)
    for (int d = 0; d < digits; ++d) ++count[d][(k[i] >> (d * kDigit)) & (kBuckets - 1)];
  K *from = k, *to = kb;
  int32_t *from_index = index, *to_index = ib;
  for (int d = 0; d < digits; ++d) {
    uint32_t* c = count[d];
    if (int64_t(c[(from[0] >> (d * kDigit)) & (kBuckets - 1)]) == n) continue;
    uint32_t sum = 0;
    for (int b = 0; b < kBuckets; ++b) {
      const uint32_t here = c[b];
      c[b] = sum;
      sum += here;
    }
    for (int64_t i = 0; i < n; ++i) {
      const uint32_t at = c[(from[i] >> (d * kDigit)) & (kBuckets - 1)]++;
      to[at] = from[i];
      to_index[at] = from_index[i];
    }
    K* t = from;
    from = to, to = t;
    int32_t* ti = from_index;
    from_index = to_index, to_index = ti;
  }
  if (from != k) copy_pairs(n, from, from_index, k, index);
}

template <class K> void sort(int64_t n, K* k, int32_t* index, K* kb, int32_t* ib) {
  if (n <= kSmall) insertion(n, k, index);
  else if (n <= kMerge) merge_sort(n, k, index, kb, ib);
  else radix_sort(n, k, index, kb, ib);
}

// ---------------------------------------------------------------- selection
// Radix selection: the digit's bucket that holds rank k is kept, most significant digit first.
template <class K> K select(int64_t n, const K* keys, int64_t k, K* buffer) {
  const K* from = keys;
  for (int d = int(sizeof(K)) - 1; d >= 0; --d) {
    int64_t count[kBuckets] = {};
    for (int64_t i = 0; i < n; ++i) ++count[(from[i] >> (d * kDigit)) & (kBuckets - 1)];
    int bucket = 0;
    while (k >= count[bucket]) k -= count[bucket++];
    int64_t kept = 0;
    for (int64_t i = 0; i < n; ++i) {
      const K key = from[i];
      if (int((key >> (d * kDigit)) & (kBuckets - 1)) == bucket) buffer[kept++] = key;
    }
    from = buffer;
    n = kept;
  }
  return from[0];
}

// A few smallest keys: a sorted list, into which hardly any element has to be inserted after the first ones.
template <class K> void smallest_few(int64_t n, const K* keys, int64_t k, K* found, int32_t* index) {
  constexpr int W = Vector<K>::width;
  for (int64_t i = 0; i < k; ++i) {
    found[i] = keys[i];
    index[i] = int32_t(i);
  }
  insertion(k, found, index);
  K bound = found[k - 1];
  auto insert = [&](int64_t i) {
    const K key = keys[i];
    if (key >= bound) return;
    int64_t j = k - 1;
    for (; j > 0 && found[j - 1] > key; --j) {
      found[j] = found[j - 1];
      index[j] = index[j - 1];
    }
    found[j] = key;
    index[j] = int32_t(i);
    bound = found[k - 1];
  };
  int64_t i = k;
  for (; i + 2 * W <= n; i += 2 * W) {
    unsigned bits = lane_bits(load_vector(keys + i) < bound) | lane_bits(load_vector(keys + i + W) < bound) << W;
    for (; bits; bits &= bits - 1) insert(i + __builtin_ctz(bits));
  }
  for (; i < n; ++i) insert(i);
}

// Candidates are gathered block by block; whenever their buffer is full it is sorted and cut to k, and the k-th becomes
// the bound that later elements must beat. After the first blocks hardly any does, and a block costs one vector
// comparison.
template <class K>
void smallest(int64_t n, const K* keys, int64_t k, K* found, int32_t* index, K* key_buffer, int32_t* index_buffer) {
  constexpr int64_t block = 64, few = 64;
  if (k <= few) return smallest_few(n, keys, k, found, index);
  const int64_t room = 2 * k + 128;
  int64_t count = 0;
  K bound = ~K(0);
  bool bounded = false;
  for (int64_t b = 0; b < n; b += block) {
    const int64_t e = b + block < n ? b + block : n;
    if (bounded && e - b == block) {
      int hits = 0;
      for (int64_t j = 0; j < block; ++j) hits += keys[b + j] < bound;
      if (hits == 0) continue;
    }
    for (int64_t i = b; i < e; ++i)
      if (!bounded || keys[i] < bound) {
        found[count] = keys[i];
        index[count++] = int32_t(i);
      }
    if (count + block > room || (!bounded && count >= 2 * k)) {
      sort(count, found, index, key_buffer, index_buffer);
      if (count >= k) {
        count = k;
        bound = found[k - 1];
        bounded = true;
      }
    }
  }
  sort(count, found, index, key_buffer, index_buffer);
}

}  // namespace

void fill_sort(SortKernels& k) {
  k.keys32 = keys32;
  k.keys64 = keys64;
  k.sort32 = sort<uint32_t>;
  k.sort64 = sort<uint64_t>;
  k.select32 = select<uint32_t>;
  k.select64 = select<uint64_t>;
  k.smallest32 = smallest<uint32_t>;
  k.smallest64 = smallest<uint64_t>;
}

}  // namespace PL_ISA
}  // namespace pl
