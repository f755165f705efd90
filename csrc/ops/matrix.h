// Batches of matrices as LAPACK wants them, and the checks that linear algebra shares.
#pragma once
#include "ops/common.h"
#include "ops/lapack.h"
#include "ops/reduction.h"

namespace pl {

// The dimensions before the last two.
inline Shape batch_of(const Tensor& t) { return {t->sizes, t.dim() - 2}; }
std::vector<int64_t> with_sizes(Shape batch, std::initializer_list<int64_t> last);

// A batch in LAPACK's order: the elements of a column lie side by side, columns one after the other, matrices too.
Tensor empty_columns(Shape batch, int64_t rows, int64_t columns, DType d, Device device);
Tensor columns_of(const Tensor& a, Shape batch);                   // a fresh copy, broadcast to the batch
inline Tensor columns_of(const Tensor& a) { return columns_of(a, batch_of(a)); }
Tensor in_columns(const Tensor& a);                                // a itself where it lies so already
Tensor rows_copy(const Tensor& a, Shape batch);                    // a fresh contiguous copy, broadcast to the batch
// For each matrix of the batch `to`, the number of the one that broadcasts to it.
std::vector<int64_t> broadcast_index(Shape from, Shape to);

// "linalg.inv: The input tensor A must have at least 2 dimensions."; without a name the sentence stands alone.
void check_matrix(const Tensor& t, const char* name, const char* argument = "A");
void check_square(const Tensor& t, const char* name);
void check_floating(const Tensor& t, const char* name, bool low_precision = true);
void check_lapack_size(int64_t n);
// Raises LinAlgError (or RuntimeError) for the first info that is not 0: "name: (Batch element i): problem", where %lld
// in the problem is that info.
void check_info(const Tensor& info, const char* name, const char* problem, ErrorType type = ErrorType::LinAlg);

// Norms made of singular values (matrix_function.cpp); row and col count from the front.
enum class SpectralNorm { Largest, Smallest, Sum };
Tensor spectral_norm(const Tensor& self, SpectralNorm kind, int64_t row, int64_t col, bool keepdim, DType dtype);

// Calls f(T()) for the element type; LAPACK is open then. "lu_cpu" not implemented for 'Half'.
template <class F> void with_lapack(DType d, const char* kernel, F f) {
  switch (d) {
    case DType::Float32: lapack::open(); return f(float());
    case DType::Float64: lapack::open(); return f(double());
    case DType::Complex64: lapack::open(); return f(Complex<float>());
    case DType::Complex128: lapack::open(); return f(Complex<double>());
    default: unsupported(kernel, d);
  }
}

// Calls f(i) for each matrix of a batch, each taking about `work` operations. Small ones are shared among our threads, for
// large ones OpenBLAS uses its own: never both. f sees raw pointers only: the GIL is released.
void each_matrix_range(int64_t count, double work, RangeFn f, void* context);
template <class F> void each_matrix(int64_t count, double work, F f) {
  each_matrix_range(count, work, [](void* c, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) (*static_cast<F*>(c))(i);
  }, &f);
}

}  // namespace pl
