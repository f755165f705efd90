// Running a reduction kernel over any sizes, strides and set of dimensions.
#pragma once
#include "cpu/reduce.h"
#include "ops/common.h"

namespace pl {

// The dtype whose elements a kernel of the compute type reads as they lie in memory.
inline DType dtype_for(Compute c) {
  constexpr DType types[] = {DType::Float32, DType::Float64, DType::Int64, DType::Complex128};
  return types[int(c)];
}

using DimMask = uint64_t;
static_assert(kMaxDims <= 64);

// The dimensions to reduce; no dims mean all of them. Raises for a repeated or impossible one.
DimMask reduced_dims(Shape dims, int ndim);
inline DimMask reduced_dims(const std::optional<Shape>& dims, int ndim) {
  return reduced_dims(dims ? *dims : Shape(nullptr, 0), ndim);
}
inline DimMask every_dim(int ndim) { return ndim == 64 ? ~DimMask(0) : (DimMask(1) << ndim) - 1; }
std::vector<int64_t> reduced_shape(Shape sizes, DimMask mask, bool keepdim);
int64_t reduced_count(Shape sizes, DimMask mask);

struct ReduceCall {
  Reduction kind;
  const char* name;          // "sum_cpu": for the error when the type is not supported
  DimMask mask;
  bool keepdim;
  DType in;                  // what the elements are converted to first
  DType out;                 // dtype of the result, and of the second one where there are two
  DType second = DType::Undefined;
  double p = 2;
};
// Fresh results. The second is undefined unless asked for; without `values` the first one is not made.
std::tuple<Tensor, Tensor> reduce(const Tensor& self, const ReduceCall& call, bool values = true);

[[noreturn]] void unsupported(const char* kernel, DType d);    // "max_all" not implemented for 'ComplexFloat'

// t.sizes() along dim as [outer, n, inner], for kernels that work along one dimension of contiguous memory.
struct DimSplit {
  int64_t outer = 1, n = 1, inner = 1;
  DimSplit(const Tensor& t, int64_t dim);
};

}  // namespace pl
