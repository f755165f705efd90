// Reading and writing elements at computed places.
#pragma once
#include <cstdint>
#include "core/dtype.h"

namespace pl {

enum class Combine : uint8_t { Add, Mul, Max, Min };
constexpr int kCombines = int(Combine::Min) + 1;

// Offsets count bytes. Element sizes 1, 2, 4, 8, 16 stand at [0] to [4].
struct IndexKernels {
  // dst[i] = *(src + offsets[i])
  void (*read[5])(int64_t n, char* dst, int64_t dst_step, const char* src, const int64_t* offsets);
  // *(dst + offsets[i]) = src[i], in order
  void (*write[5])(int64_t n, char* dst, const int64_t* offsets, const char* src, int64_t src_step);
  // *(dst + offsets[i]) is combined with src[i], in order
  void (*combine_at[kCombines][kDTypes])(int64_t n, char* dst, const int64_t* offsets, const char* src, int64_t src_step);
  // dst[i] is combined with src[i]
  void (*combine[kCombines][kDTypes])(int64_t n, char* dst, int64_t dst_step, const char* src, int64_t src_step);
};

inline int size_class(int64_t itemsize) { return itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : itemsize == 8 ? 3 : 4; }

}  // namespace pl
