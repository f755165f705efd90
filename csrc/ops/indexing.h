// Shared by the operators that read and write elements at computed places.
#pragma once
#include "cpu/index.h"
#include "ops/common.h"
#include "ops/layout.h"

namespace pl {

// Contiguous int64 values of an index tensor.
Tensor index_values(const Tensor& index);

// A tensor looked at as [before, positions, after]: `offsets` (bytes) say where each position starts.
struct Positions {
  Tensor tensor;
  int first = 0, count = 1;           // the dimensions that the positions replace
  std::vector<int64_t> shape;         // of the positions
  Tensor offsets;                     // int64 [n]; undefined on meta
  int64_t n() const { return Shape(shape).numel(); }
  std::vector<int64_t> result_shape() const;
};

// Positions along one dimension; an index outside [-size, size) (or [0, size)) raises what `fail_at` says.
using RangeError = void (*)(int64_t index, int64_t dim, int64_t size);
Positions positions_along(const Tensor& self, int64_t dim, const Tensor& index, bool negative, RangeError fail_at);

// `other` has the shape result_shape() and any strides.
void read_positions(const Positions& p, const Tensor& out);
void write_positions(const Positions& p, const Tensor& values);
void combine_positions(const Positions& p, const Tensor& values, Combine how);

// The positions of the true elements of a mask: int64 [count, dims], in order.
Tensor true_positions(const Tensor& mask);

}  // namespace pl
