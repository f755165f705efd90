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
