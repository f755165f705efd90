#include "cpu/copy.h"
#include <cstring>
#include <type_traits>
#include "math/complex.h"

namespace pl {
namespace PL_ISA {
namespace {

template <class To, class From> struct Convert {
  static PL_ALWAYS_INLINE To run(From x) { return static_cast<To>(x); }
};
// A float outside the integer's range has no defined cast: going through int64_t wraps as PyTorch does on x86.
template <class T> PL_ALWAYS_INLINE int64_t to_int64(T x) {
  constexpr T top = T(9223372036854775808.0);
  return x >= -top && x < top ? int64_t(x) : INT64_MIN;
}
#define PL_FLOAT_TO_INT(I) \
  template <> struct Convert<I, float> { static PL_ALWAYS_INLINE I run(float x) { return I(to_int64(x)); } }; \
  template <> struct Convert<I, double> { static PL_ALWAYS_INLINE I run(double x) { return I(to_int64(x)); } };
PL_FLOAT_TO_INT(uint8_t) PL_FLOAT_TO_INT(int8_t) PL_FLOAT_TO_INT(int16_t) PL_FLOAT_TO_INT(int32_t) PL_FLOAT_TO_INT(int64_t)
PL_FLOAT_TO_INT(uint16_t) PL_FLOAT_TO_INT(uint32_t) PL_FLOAT_TO_INT(uint64_t)
#undef PL_FLOAT_TO_INT
template <class From> struct Convert<bool, From> {
  static PL_ALWAYS_INLINE bool run(From x) { return x != From(0); }
};
template <class To> struct Convert<To, Half> {
  static PL_ALWAYS_INLINE To run(Half x) { return Convert<To, float>::run(to_float(x)); }
};
template <class To> struct Convert<To, BFloat16> {
  static PL_ALWAYS_INLINE To run(BFloat16 x) { return Convert<To, float>::run(to_float(x)); }
};
template <class From> struct Convert<Half, From> {
  static PL_ALWAYS_INLINE Half run(From x) { return to_half(float(x)); }
};
template <class From> struct Convert<BFloat16, From> {
  static PL_ALWAYS_INLINE BFloat16 run(From x) { return to_bfloat16(float(x)); }
};
// Complex to real drops the imaginary part; real to complex has none.
template <class To> PL_ALWAYS_INLINE To from_complex(Complex<double> x) { return Convert<To, double>::run(x.re); }
template <> PL_ALWAYS_INLINE bool from_complex<bool>(Complex<double> x) { return x.re != 0 || x.im != 0; }
template <> PL_ALWAYS_INLINE Complex<float> from_complex<Complex<float>>(Complex<double> x) { return {float(x.re), float(x.im)}; }
template <> PL_ALWAYS_INLINE Complex<double> from_complex<Complex<double>>(Complex<double> x) { return x; }
template <class From> PL_ALWAYS_INLINE Complex<double> to_complex(From x) { return {Convert<double, From>::run(x), 0.0}; }
template <> PL_ALWAYS_INLINE Complex<double> to_complex(Complex<float> x) { return {double(x.re), double(x.im)}; }
template <> PL_ALWAYS_INLINE Complex<double> to_complex(Complex<double> x) { return x; }

template <class T> constexpr bool is_complex_v = false;
template <class T> constexpr bool is_complex_v<Complex<T>> = true;

template <class To, class From> PL_ALWAYS_INLINE To convert(From x) {
  if constexpr (is_complex_v<To> && !is_complex_v<From>) {
    Complex<double> z = to_complex(x);
    return from_complex<To>(z);
  } else if constexpr (is_complex_v<From>) {
    return from_complex<To>(to_complex(x));
  } else {
    return Convert<To, From>::run(x);
  }
}

// A byte seen as bool may hold any number: each but 0 is true.
template <class S> PL_ALWAYS_INLINE S element(const void* p) {
  if constexpr (std::is_same_v<S, bool>) return *static_cast<const uint8_t*>(p) != 0;
  else return *static_cast<const S*>(p);
}

template <class S, class C> void load(int64_t n, const char* src, int64_t stride, void* out) {
  C* dst = static_cast<C*>(out);
  if (stride == int64_t(sizeof(S))) {
    const S* s = reinterpret_cast<const S*>(src);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) dst[i] = convert<C>(element<S>(s + i));
  } else if (stride == 0) {
    C v = convert<C>(element<S>(src));
    for (int64_t i = 0; i < n; ++i) dst[i] = v;
  } else {
    for (int64_t i = 0; i < n; ++i) dst[i] = convert<C>(element<S>(src + i * stride));
  }
}

template <class S, class C> void store(int64_t n, const void* in, char* dst, int64_t stride) {
  const C* src = static_cast<const C*>(in);
  if (stride == int64_t(sizeof(S))) {
    S* d = reinterpret_cast<S*>(dst);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) d[i] = convert<S>(src[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) *reinterpret_cast<S*>(dst + i * stride) = convert<S>(src[i]);
  }
}

template <class S> void fill_dtype(CopyKernels& k, DType d) {
  int i = int(d);
  k.load[i][int(Compute::F32)] = load<S, float>;
  k.load[i][int(Compute::F64)] = load<S, double>;
  k.load[i][int(Compute::I64)] = load<S, int64_t>;
  k.load[i][int(Compute::C128)] = load<S, Complex<double>>;
  k.store[i][int(Compute::F32)] = store<S, float>;
  k.store[i][int(Compute::F64)] = store<S, double>;
  k.store[i][int(Compute::I64)] = store<S, int64_t>;
  k.store[i][int(Compute::C128)] = store<S, Complex<double>>;
}

struct Bytes16 { uint64_t lo, hi; };

template <class T> void move_as(int64_t n, const char* src, int64_t ss, char* dst, int64_t ds) {
  if (ss == int64_t(sizeof(T)) && ds == int64_t(sizeof(T))) {
    std::memcpy(dst, src, size_t(n) * sizeof(T));
  } else if (ss == 0 && ds == int64_t(sizeof(T))) {
    T v = *reinterpret_cast<const T*>(src);
    T* d = reinterpret_cast<T*>(dst);
    for (int64_t i = 0; i < n; ++i) d[i] = v;
  } else {
    for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(dst + i * ds) = *reinterpret_cast<const T*>(src + i * ss);
  }
}

void move(int64_t n, int64_t size, const char* src, int64_t ss, char* dst, int64_t ds) {
  switch (size) {
    case 1: return move_as<uint8_t>(n, src, ss, dst, ds);
    case 2: return move_as<uint16_t>(n, src, ss, dst, ds);
    case 4: return move_as<uint32_t>(n, src, ss, dst, ds);
    case 8: return move_as<uint64_t>(n, src, ss, dst, ds);
    default: return move_as<Bytes16>(n, src, ss, dst, ds);
  }
}

// 16 x 16 blocks: each source column and destination row touched is then a whole cache line (4-byte elements).
template <class T>
void transpose_as(int64_t rows, int64_t cols, const char* src, int64_t sc, char* dst, int64_t dr) {
  constexpr int64_t B = 16;
  for (int64_t r0 = 0; r0 < rows; r0 += B) {
    int64_t rn = rows - r0 < B ? rows - r0 : B;
    for (int64_t c0 = 0; c0 < cols; c0 += B) {
      int64_t cn = cols - c0 < B ? cols - c0 : B;
      if (rn == B && cn == B) {
        T block[B][B];
        for (int64_t c = 0; c < B; ++c) {
          const T* s = reinterpret_cast<const T*>(src + (c0 + c) * sc) + r0;
          for (int64_t r = 0; r < B; ++r) block[r][c] = s[r];
        }
        for (int64_t r = 0; r < B; ++r) std::memcpy(dst + (r0 + r) * dr + c0 * int64_t(sizeof(T)), block[r], sizeof block[r]);
      } else {
        for (int64_t r = 0; r < rn; ++r)
          for (int64_t c = 0; c < cn; ++c)
            reinterpret_cast<T*>(dst + (r0 + r) * dr)[c0 + c] = reinterpret_cast<const T*>(src + (c0 + c) * sc)[r0 + r];
      }
    }
  }
}

void transpose(int64_t rows, int64_t cols, int64_t size, const char* src, int64_t sc, char* dst, int64_t dr) {
  switch (size) {
    case 1: return transpose_as<uint8_t>(rows, cols, src, sc, dst, dr);
    case 2: return transpose_as<uint16_t>(rows, cols, src, sc, dst, dr);
    case 4: return transpose_as<uint32_t>(rows, cols, src, sc, dst, dr);
    case 8: return transpose_as<uint64_t>(rows, cols, src, sc, dst, dr);
    default: return transpose_as<Bytes16>(rows, cols, src, sc, dst, dr);
  }
}

}  // namespace

void fill_copy(CopyKernels& k) {
  fill_dtype<bool>(k, DType::Bool);
  fill_dtype<uint8_t>(k, DType::UInt8);
  fill_dtype<int8_t>(k, DType::Int8);
  fill_dtype<int16_t>(k, DType::Int16);
  fill_dtype<int32_t>(k, DType::Int32);
  fill_dtype<int64_t>(k, DType::Int64);
  fill_dtype<Half>(k, DType::Float16);
  fill_dtype<BFloat16>(k, DType::BFloat16);
  fill_dtype<float>(k, DType::Float32);
  fill_dtype<double>(k, DType::Float64);
  fill_dtype<Complex<float>>(k, DType::Complex64);
  fill_dtype<Complex<double>>(k, DType::Complex128);
  fill_dtype<uint16_t>(k, DType::UInt16);
  fill_dtype<uint32_t>(k, DType::UInt32);
  fill_dtype<uint64_t>(k, DType::UInt64);
  k.move = move;
  k.transpose = transpose;
}

}  // namespace PL_ISA
}  // namespace pl
