// Matrix products on tensors: the bridge to csrc/cpu/gemm.h.
#pragma once
#include "cpu/gemm.h"
#include "ops/common.h"

namespace pl {

GemmScalar gemm_scalar(const Scalar& s, DType d);    // integer products take the whole part of a factor
// Runs the kernel of the dtype; the caller has released the GIL where the work is worth it.
void run_gemm(const GemmArgs& g, DType d);
void check_gemm_dtype(const char* name, DType d);

// One stride for all dimensions before the last, so that t reads as a matrix [rows, t.size(-1)]; false where there is none.
bool rows_of(const Tensor& t, int64_t& rows, int64_t& row_stride);

}  // namespace pl
