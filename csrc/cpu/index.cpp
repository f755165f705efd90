#include "cpu/index.h"

namespace pl {
namespace PL_ISA {
namespace {

struct Bytes16 { uint64_t lo, hi; };

template <class T> void read(int64_t n, char* dst, int64_t step, const char* src, const int64_t* offsets) {
  if (step == int64_t(sizeof(T))) {
    T* out = reinterpret_cast<T*>(dst);
    for (int64_t i = 0; i < n; ++i) out[i] = *reinterpret_cast<const T*>(src + offsets[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(dst + i * step) = *reinterpret_cast<const T*>(src + offsets[i]);
  }
}

template <class T> void write(int64_t n, char* dst, const int64_t* offsets, const char* src, int64_t step) {
  for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(dst + offsets[i]) = *reinterpret_cast<const T*>(src + i * step);
}

template <class T> void reverse(int64_t n, char* dst, const char* src) {
  T* __restrict__ out = reinterpret_cast<T*>(dst);
  const T* __restrict__ in = reinterpret_cast<const T*>(src);
  for (int64_t i = 0; i < n; ++i) out[i] = in[n - 1 - i];
}

int64_t outside(int64_t n, const int64_t* index, int64_t low, int64_t high) {
  constexpr int64_t kBlock = 256;
  for (int64_t start = 0; start < n; start += kBlock) {
    const int64_t end = n - start < kBlock ? n : start + kBlock;
    int64_t bad = 0;
    for (int64_t i = start; i < end; ++i) bad |= (index[i] < low) | (index[i] >= high);
    if (!bad) continue;
    for (int64_t i = start; i < end; ++i) if (index[i] < low || index[i] >= high) return i;
  }
  return n;
}

void make_offsets(int64_t n, const char* index, int64_t index_step, int64_t size, int64_t stride, int64_t step, int64_t* offsets) {
  if (index_step == 8) {
    const int64_t* in = reinterpret_cast<const int64_t*>(index);
    for (int64_t i = 0; i < n; ++i) offsets[i] = (in[i] + (in[i] < 0 ? size : 0)) * stride + i * step;
  } else {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = *reinterpret_cast<const int64_t*>(index + i * index_step);
      offsets[i] = (at + (at < 0 ? size : 0)) * stride + i * step;
    }
  }
}

int64_t count(int64_t n, const uint8_t* mask) {
  constexpr int64_t kBlock = 128;     // what eight bits can count, and some
  int64_t total = 0, i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    uint8_t sum = 0;
    for (int64_t k = 0; k < kBlock; ++k) sum = uint8_t(sum + mask[i + k]);
    total += sum;
  }
  for (; i < n; ++i) total += mask[i];
  return total;
}

template <class T>
void select(int64_t n, char* dst, int64_t dst_step, const char* mask, int64_t mask_step, const char* a, int64_t a_step, const char* b, int64_t b_step) {
  constexpr int64_t size = sizeof(T);
  T* out = reinterpret_cast<T*>(dst);
  const T *x = reinterpret_cast<const T*>(a), *y = reinterpret_cast<const T*>(b);
  const bool dense = dst_step == size && mask_step == 1;
  if (dense && a_step == size && b_step == size) {
#pragma GCC ivdep  // dst may be a or b itself, never a part of them
    for (int64_t i = 0; i < n; ++i) out[i] = mask[i] ? x[i] : y[i];
  } else if (dense && a_step == 0 && b_step == size) {
    const T value = *x;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) out[i] = mask[i] ? value : y[i];
  } else if (dense && a_step == size && b_step == 0) {
    const T value = *y;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) out[i] = mask[i] ? x[i] : value;
  } else {
    for (int64_t i = 0; i < n; ++i)
      *reinterpret_cast<T*>(dst + i * dst_step) = *reinterpret_cast<const T*>(mask[i * mask_step] ? a + i * a_step : b + i * b_step);
  }
}

// Calls put(k, i) with k counting the true elements; it may be called for false ones too, whose place the next call takes. Eight
// elements are looked at together, so that long stretches of false ones cost little.
template <class F> PL_ALWAYS_INLINE void for_each_true(int64_t n, const uint8_t* mask, int64_t count, F put) {
  int64_t k = 0, i = 0;
  for (; i + 8 <= n && k + 8 <= count; i += 8) {
    uint64_t word;
    __builtin_memcpy(&word, mask + i, 8);
    if (word == 0) continue;
    for (int64_t j = 0; j < 8; ++j) {
      put(k, i + j);
      k += mask[i + j];
    }
  }
  for (; i < n && k < count; ++i)
    if (mask[i]) put(k++, i);
}

template <class T> void compress(int64_t n, const uint8_t* mask, const char* src, int64_t count, char* dst) {
  const T* in = reinterpret_cast<const T*>(src);
  T* out = reinterpret_cast<T*>(dst);
  for_each_true(n, mask, count, [=](int64_t k, int64_t i) { out[k] = in[i]; });
}

void positions(int64_t n, const uint8_t* mask, int64_t first, int64_t count, int64_t* out) {
  for_each_true(n, mask, count, [=](int64_t k, int64_t i) { out[k] = first + i; });
}

// The type that numbers of type T are combined in.
template <class T> struct Sum { using type = T; };
template <> struct Sum<Half> { using type = float; };
template <> struct Sum<BFloat16> { using type = float; };
// Unsigned arithmetic wraps, signed overflow is undefined.
template <> struct Sum<int8_t> { using type = int32_t; };
template <> struct Sum<int16_t> { using type = int32_t; };

template <class S, class T> PL_ALWAYS_INLINE S widen(T x) { return S(x); }
template <> PL_ALWAYS_INLINE float widen(Half x) { return to_float(x); }
template <> PL_ALWAYS_INLINE float widen(BFloat16 x) { return to_float(x); }
template <class T, class S> PL_ALWAYS_INLINE T narrowed(S x) { return T(x); }
template <> PL_ALWAYS_INLINE Half narrowed(float x) { return to_half(x); }
template <> PL_ALWAYS_INLINE BFloat16 narrowed(float x) { return to_bfloat16(x); }

template <class S> PL_ALWAYS_INLINE S plus(S a, S b) { return a + b; }
template <> PL_ALWAYS_INLINE bool plus(bool a, bool b) { return a | b; }
template <> PL_ALWAYS_INLINE int64_t plus(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
template <> PL_ALWAYS_INLINE int32_t plus(int32_t a, int32_t b) { return int32_t(uint32_t(a) + uint32_t(b)); }
template <class S> PL_ALWAYS_INLINE S times(S a, S b) { return a * b; }
template <> PL_ALWAYS_INLINE bool times(bool a, bool b) { return a & b; }
template <> PL_ALWAYS_INLINE int64_t times(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }
template <> PL_ALWAYS_INLINE int32_t times(int32_t a, int32_t b) { return int32_t(uint32_t(a) * uint32_t(b)); }

// NaN wins over every number.
template <class S> PL_ALWAYS_INLINE S larger(S a, S b) { return a != a || a > b ? a : b; }
template <class S> PL_ALWAYS_INLINE S smaller(S a, S b) { return a != a || a < b ? a : b; }
// PyTorch has no order of complex numbers; the callers reject them.
template <class R> PL_ALWAYS_INLINE Complex<R> larger(Complex<R> a, Complex<R>) { return a; }
template <class R> PL_ALWAYS_INLINE Complex<R> smaller(Complex<R> a, Complex<R>) { return a; }

template <Combine C, class T> PL_ALWAYS_INLINE void update(T& into, T x) {
  using S = typename Sum<T>::type;
  const S a = widen<S>(into), b = widen<S>(x);
  if constexpr (C == Combine::Add) into = narrowed<T>(plus<S>(a, b));
  else if constexpr (C == Combine::Mul) into = narrowed<T>(times<S>(a, b));
  else if constexpr (C == Combine::Max) into = narrowed<T>(larger(a, b));
  else into = narrowed<T>(smaller(a, b));
}

template <Combine C, class T> void combine_at(int64_t n, char* dst, const int64_t* offsets, const char* src, int64_t step) {
  for (int64_t i = 0; i < n; ++i) update<C>(*reinterpret_cast<T*>(dst + offsets[i]), *reinterpret_cast<const T*>(src + i * step));
}

template <Combine C, class T> void combine(int64_t n, char* dst, int64_t dst_step, const char* src, int64_t src_step) {
  if (dst_step == int64_t(sizeof(T)) && src_step == int64_t(sizeof(T))) {
    T* __restrict__ out = reinterpret_cast<T*>(dst);
    const T* __restrict__ in = reinterpret_cast<const T*>(src);
    for (int64_t i = 0; i < n; ++i) update<C>(out[i], in[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) update<C>(*reinterpret_cast<T*>(dst + i * dst_step), *reinterpret_cast<const T*>(src + i * src_step));
  }
}

template <class T> void fill_moves(IndexKernels& k, int at) {
  k.read[at] = read<T>;
  k.write[at] = write<T>;
  k.reverse[at] = reverse<T>;
  k.select[at] = select<T>;
  k.compress[at] = compress<T>;
}

template <Combine C, class T> void fill_combine(IndexKernels& k) {
  k.combine_at[int(C)][int(dtype_of<T>::value)] = combine_at<C, T>;
  k.combine[int(C)][int(dtype_of<T>::value)] = combine<C, T>;
}

template <class T> void fill_dtype(IndexKernels& k) {
  fill_combine<Combine::Add, T>(k);
  fill_combine<Combine::Mul, T>(k);
  fill_combine<Combine::Max, T>(k);
  fill_combine<Combine::Min, T>(k);
}

}  // namespace

void fill_index(IndexKernels& k) {
  k.outside = outside;
  k.offsets = make_offsets;
  k.count = count;
  k.positions = positions;
  fill_moves<uint8_t>(k, 0);
  fill_moves<uint16_t>(k, 1);
  fill_moves<uint32_t>(k, 2);
  fill_moves<uint64_t>(k, 3);
  fill_moves<Bytes16>(k, 4);
  fill_dtype<bool>(k);
  fill_dtype<uint8_t>(k);
  fill_dtype<int8_t>(k);
  fill_dtype<int16_t>(k);
  fill_dtype<int32_t>(k);
  fill_dtype<int64_t>(k);
  fill_dtype<uint16_t>(k);
  fill_dtype<uint32_t>(k);
  fill_dtype<uint64_t>(k);
  fill_dtype<Half>(k);
  fill_dtype<BFloat16>(k);
  fill_dtype<float>(k);
  fill_dtype<double>(k);
  fill_dtype<Complex<float>>(k);
  fill_dtype<Complex<double>>(k);
}

}  // namespace PL_ISA
}  // namespace pl
