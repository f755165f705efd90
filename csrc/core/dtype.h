// Element types: their sizes, names, conversions and PyTorch's promotion rules.
#pragma once
#include <cstdint>
#include <cstring>
#include "math/complex.h"

namespace pl {

// float16 and bfloat16 are storage formats: arithmetic happens in float. The conversions are branch-free so that a loop
// over them vectorises without F16C or AVX512-BF16.
struct Half { uint16_t bits; };
struct BFloat16 { uint16_t bits; };

#define PL_ALWAYS_INLINE inline __attribute__((always_inline))

PL_ALWAYS_INLINE float bits_to_float(uint32_t u) { float f; std::memcpy(&f, &u, 4); return f; }
PL_ALWAYS_INLINE uint32_t float_to_bits(float f) { uint32_t u; std::memcpy(&u, &f, 4); return u; }

PL_ALWAYS_INLINE float to_float(BFloat16 b) { return bits_to_float(uint32_t(b.bits) << 16); }

PL_ALWAYS_INLINE BFloat16 to_bfloat16(float f) {
  uint32_t u = float_to_bits(f);
  uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1)) >> 16;  // round to nearest, ties to even
  return {uint16_t(f != f ? 0x7fc0u : rounded)};
}

PL_ALWAYS_INLINE float to_float(Half h) {
  uint32_t sign = uint32_t(h.bits & 0x8000u) << 16, body = uint32_t(h.bits & 0x7fffu) << 13;
  // Scaling by 2^112 re-biases the exponent and also makes subnormals right.
  float scaled = bits_to_float(body) * bits_to_float(0x77800000u);
  uint32_t special = (h.bits & 0x7c00u) == 0x7c00u ? (body | 0x7f800000u) : float_to_bits(scaled);
  return bits_to_float(special | sign);
}

PL_ALWAYS_INLINE Half to_half(float f) {
  uint32_t u = float_to_bits(f), sign = (u >> 16) & 0x8000u, a = u & 0x7fffffffu;
  uint32_t normal = (a + 0xfffu + ((a >> 13) & 1) - 0x38000000u) >> 13;
  // Below 2^-14 the result is subnormal: adding 0.5 lets the float adder round at the right bit.
  uint32_t subnormal = float_to_bits(bits_to_float(a) + 0.5f) - 0x3f000000u;
  uint32_t h = a < 0x38800000u ? subnormal : normal;
  h = a >= 0x477ff000u ? 0x7c00u : h;
  h = a > 0x7f800000u ? 0x7e00u : h;
  return {uint16_t(sign | h)};
}

enum class DType : uint8_t {
  Bool, UInt8, Int8, Int16, Int32, Int64, Float16, BFloat16, Float32, Float64, Complex64, Complex128,
  UInt16, UInt32, UInt64, Undefined
};
constexpr int kDTypes = int(DType::Undefined);

// The types pointwise kernels are written for; the others are converted on load and store.
enum class Compute : uint8_t { F32, F64, I64, C128 };
constexpr int kComputes = 4;

struct DTypeInfo {
  uint8_t size;
  Compute compute;
  bool is_float, is_complex, is_signed;
  const char* name;        // torch.float32
  const char* scalar_name; // Float, as error messages say it
};

inline constexpr DTypeInfo kDTypeInfo[] = {
  {1, Compute::I64, false, false, false, "bool", "Bool"},        {1, Compute::I64, false, false, false, "uint8", "Byte"},
  {1, Compute::I64, false, false, true, "int8", "Char"},         {2, Compute::I64, false, false, true, "int16", "Short"},
  {4, Compute::I64, false, false, true, "int32", "Int"},         {8, Compute::I64, false, false, true, "int64", "Long"},
  {2, Compute::F32, true, false, true, "float16", "Half"},       {2, Compute::F32, true, false, true, "bfloat16", "BFloat16"},
  {4, Compute::F32, true, false, true, "float32", "Float"},      {8, Compute::F64, true, false, true, "float64", "Double"},
  {8, Compute::C128, false, true, true, "complex64", "ComplexFloat"},
  {16, Compute::C128, false, true, true, "complex128", "ComplexDouble"},
  {2, Compute::I64, false, false, false, "uint16", "UInt16"},    {4, Compute::I64, false, false, false, "uint32", "UInt32"},
  {8, Compute::I64, false, false, false, "uint64", "UInt64"},    {0, Compute::F32, false, false, false, "undefined", "Undefined"},
};

inline const DTypeInfo& info(DType d) { return kDTypeInfo[int(d)]; }
inline int64_t itemsize(DType d) { return info(d).size; }
inline bool is_floating(DType d) { return info(d).is_float; }
inline bool is_complex(DType d) { return info(d).is_complex; }
inline bool is_integral(DType d, bool include_bool = true) {
  return !info(d).is_float && !info(d).is_complex && d != DType::Undefined && (include_bool || d != DType::Bool);
}
inline bool is_differentiable(DType d) { return info(d).is_float || info(d).is_complex; }

// bool < integers < floats < complex: the category that decides whether a Python number changes a tensor's dtype.
inline int category(DType d) { return d == DType::Bool ? 0 : info(d).is_complex ? 3 : info(d).is_float ? 2 : 1; }

DType promote(DType a, DType b);            // PyTorch's promotion lattice for two tensors of dimension > 0
DType default_dtype();                      // torch.get_default_dtype()
void set_default_dtype(DType d);
DType complex_of(DType real);               // float32 -> complex64, ...
DType real_of(DType complex_type);          // complex64 -> float32, ...; a real dtype is returned as it is

template <class T> struct dtype_of;
#define PL_DTYPE_OF(T, D) template <> struct dtype_of<T> { static constexpr DType value = DType::D; };
PL_DTYPE_OF(bool, Bool) PL_DTYPE_OF(uint8_t, UInt8) PL_DTYPE_OF(int8_t, Int8) PL_DTYPE_OF(int16_t, Int16)
PL_DTYPE_OF(int32_t, Int32) PL_DTYPE_OF(int64_t, Int64) PL_DTYPE_OF(Half, Float16) PL_DTYPE_OF(BFloat16, BFloat16)
PL_DTYPE_OF(float, Float32) PL_DTYPE_OF(double, Float64) PL_DTYPE_OF(Complex<float>, Complex64)
PL_DTYPE_OF(Complex<double>, Complex128) PL_DTYPE_OF(uint16_t, UInt16) PL_DTYPE_OF(uint32_t, UInt32)
PL_DTYPE_OF(uint64_t, UInt64)
#undef PL_DTYPE_OF

}  // namespace pl
