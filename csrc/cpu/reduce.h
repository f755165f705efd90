// Reductions, softmax, running sums, sorting: raw-pointer kernels over the compute types.
#pragma once
#include <cstdint>
#include "core/dtype.h"

namespace pl {

enum class Reduction : uint8_t {
  Sum,
  NanSum,
  Mean,
  Prod,
  Max,
  Min,
  ArgMax,
  ArgMin,
  Any,
  All,
  Count,
  Norm1,
  Norm2,
  NormInf,
  NormNegInf,
  NormP,
  Var,
  Std,
  LogSumExp
};
constexpr int kReductions = int(Reduction::LogSumExp) + 1;

struct ReduceParams {
  int64_t n = 0;            // elements that go into one result
  double p = 2;             // NormP: the exponent; Var and Std: the correction
};

// A reduction keeps `state` bytes for each result. `rows` and `cols` add elements to m states, `merge` adds one set of
// states to another, `finish` turns states into results. A null `rows` means that the compute type lacks the reduction.
struct Reducer {
  int state;
  bool reorders;            // the elements' positions do not matter
  Compute out[2];           // types of the results that `finish` writes; out[1] only with `second`
  bool second;              // Arg*: the index; Var and Std: the mean
  void (*init)(int64_t m, void* states);
  // m rows of n contiguous elements, `stride` elements apart; `first` is the position of the rows' first element.
  void (*rows)(int64_t m, int64_t n, const void* x, int64_t stride, int64_t first, void* states, const ReduceParams& p);
  // n rows of m contiguous elements, `stride` elements apart, reduced over the rows.
  void (*cols)(int64_t n, int64_t m, const void* x, int64_t stride, int64_t first, void* states, const ReduceParams& p);
  void (*merge)(int64_t m, const void* from, void* into);
  void (*finish)(int64_t m, const void* states, const ReduceParams& p, void* out, void* second);
};
constexpr int kMaxState = 40;

// [softmax, log_softmax][F32, F64]. `rows`: m rows of n contiguous elements; `cols`: n rows of m, normalised over the
// rows. Strides in elements.
struct SoftmaxKernels {
  using Forward = void (*)(int64_t m, int64_t n, const void* x, int64_t x_stride, void* y, int64_t y_stride);
  using Backward = void (*)(int64_t m, int64_t n, const void* grad, const void* y, void* dx, int64_t stride);
  Forward rows[2][2], cols[2][2];
  Backward rows_backward[2][2], cols_backward[2][2];
};

enum class Scan : uint8_t { Sum, Prod, Max, Min, LogSumExp };
constexpr int kScans = int(Scan::LogSumExp) + 1;

// Running results. `cols`: along the n rows of an n x m block of contiguous memory. `rows`: along each of m contiguous
// rows of n elements. A row of Sum and Prod may begin from a state of the reduction of the same name. `index` only for
// Max and Min.
struct ScanKernels {
  void (*cols[kScans][kComputes])(int64_t n, int64_t m, const void* x, void* y, int64_t* index);
  void (*rows[kScans][kComputes])(int64_t m, int64_t n, const void* x, void* y, int64_t* index, const void* begin);
};

// A key is the order-preserving unsigned image of an element: NaN above everything, -0 equal to 0; inverted for
// descending order.
struct SortKernels {
  // Of float, or of integers within the range of int32.
  void (*keys32)(int64_t n, const void* x, Compute type, bool descending, uint32_t* keys);
  void (*keys64)(int64_t n, const void* x, Compute type, bool descending, uint64_t* keys);
  // Sorts stably and moves `index` along; the buffers are scratch of the same lengths.
  void (*sort32)(int64_t n, uint32_t* keys, int32_t* index, uint32_t* key_buffer, int32_t* index_buffer);
  void (*sort64)(int64_t n, uint64_t* keys, int32_t* index, uint64_t* key_buffer, int32_t* index_buffer);
  // The k-th smallest key, 0 <= k < n; the buffer is scratch of n keys.
  uint32_t (*select32)(int64_t n, const uint32_t* keys, int64_t k, uint32_t* buffer);
  uint64_t (*select64)(int64_t n, const uint64_t* keys, int64_t k, uint64_t* buffer);
  // The k smallest keys with their indices, in order, for k much smaller than n; all four buffers have room for 2k +
  // 128.
  void (*smallest32)(int64_t n, const uint32_t* keys, int64_t k, uint32_t* found, int32_t* index, uint32_t* key_buffer,
                     int32_t* index_buffer);
  void (*smallest64)(int64_t n, const uint64_t* keys, int64_t k, uint64_t* found, int32_t* index, uint64_t* key_buffer,
                     int32_t* index_buffer);
};

constexpr int kBytes = kComputes;    // the column of kernels that read bools as they lie in memory

struct ReduceKernels {
  Reducer reducers[kReductions][kComputes + 1];
  SoftmaxKernels softmax;
  ScanKernels scan;
  SortKernels sort;
};

}  // namespace pl
