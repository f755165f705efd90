// Moving and converting elements.
#pragma once
#include <cstdint>
#include "core/dtype.h"

namespace pl {

struct CopyKernels {
  // load[dtype][compute]: n elements `stride` bytes apart -> a contiguous array of the compute type.
  void (*load[kDTypes][kComputes])(int64_t n, const char* src, int64_t stride, void* dst);
  // store[dtype][compute]: the other way; rounds or wraps as a cast does.
  void (*store[kDTypes][kComputes])(int64_t n, const void* src, char* dst, int64_t stride);
  // n elements of `size` bytes (1, 2, 4, 8, 16), strided on both sides.
  void (*move)(int64_t n, int64_t size, const char* src, int64_t src_stride, char* dst, int64_t dst_stride);
  // A rows x cols block whose source runs down the columns: dst[r][c] = src[c][r], strides in bytes, size 1 to 16.
  void (*transpose)(int64_t rows, int64_t cols, int64_t size, const char* src, int64_t src_col_stride, char* dst,
                    int64_t dst_row_stride);
};

}  // namespace pl
