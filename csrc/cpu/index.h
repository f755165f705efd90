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

  // dst[i] = src[n - 1 - i], both contiguous and apart
  void (*reverse[5])(int64_t n, char* dst, const char* src);

  // Position of the first index outside [low, high); n where there is none.
  int64_t (*outside)(int64_t n, const int64_t* index, int64_t low, int64_t high);
  // offsets[i] = index[i] * stride + i * step, indices `index_step` bytes apart; negative indices count from `size`.
  void (*offsets)(int64_t n, const char* index, int64_t index_step, int64_t size, int64_t stride, int64_t step, int64_t* offsets);

  // Masks are bytes that are 0 or 1.
  int64_t (*count)(int64_t n, const uint8_t* mask);
  // dst[i] = mask[i] ? a[i] : b[i]
  void (*select[5])(int64_t n, char* dst, int64_t dst_step, const char* mask, int64_t mask_step, const char* a, int64_t a_step, const char* b, int64_t b_step);
  // The elements of src whose mask is set, of which there are `count`, one after the other.
  void (*compress[5])(int64_t n, const uint8_t* mask, const char* src, int64_t count, char* dst);
  // first + i for those i whose mask is set, of which there are `count`.
  void (*positions)(int64_t n, const uint8_t* mask, int64_t first, int64_t count, int64_t* positions);
};

inline int size_class(int64_t itemsize) { return itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : itemsize == 8 ? 3 : 4; }

}  // namespace pl
