// Batches of matrices for LAPACK.
#include "ops/matrix.h"
#include <climits>
#include "ops.h"

namespace pl {

std::vector<int64_t> with_sizes(Shape batch, std::initializer_list<int64_t> last) {
  std::vector<int64_t> shape = batch.vec();
  shape.insert(shape.end(), last);
  return shape;
}

Tensor empty_columns(Shape batch, int64_t rows, int64_t columns, DType d, Device device) {
  const std::vector<int64_t> shape = with_sizes(batch, {rows, columns});
  std::vector<int64_t> strides = contiguous_strides(with_sizes(batch, {columns, rows}));
  std::swap(strides[strides.size() - 1], strides[strides.size() - 2]);
  return empty_strided(shape, strides, d, device);
}

Tensor columns_of(const Tensor& a, Shape batch) {
  Tensor r = empty_columns(batch, a.size(-2), a.size(-1), a.dtype(), a.device());
  if (!r.is_meta() && r.numel() > 0) copy_into(r, a);
  return r;
}

Tensor in_columns(const Tensor& a) {
  const std::vector<int64_t> strides = contiguous_strides(with_sizes(batch_of(a), {a.size(-1), a.size(-2)}));
  const size_t n = strides.size();
  bool same = a->strides[n - 2] == 1 && a->strides[n - 1] == strides[n - 2];
  for (size_t d = 0; d + 2 < n && same; ++d) same = a->sizes[d] == 1 || a->strides[d] == strides[d];
  return same ? a : columns_of(a);
}

Tensor rows_copy(const Tensor& a, Shape batch) {
  Tensor r = empty(with_sizes(batch, {a.size(-2), a.size(-1)}), a.dtype(), a.device());
  if (!r.is_meta() && r.numel() > 0) copy_into(r, a);
  return r;
}

std::vector<int64_t> broadcast_index(Shape from, Shape to) {
  const int64_t count = to.numel();
  std::vector<int64_t> index(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, at = 0, step = 1;
    for (int d = to.n - 1, s = from.n - 1; s >= 0; --d, --s) {
      at += from[s] == 1 ? 0 : rest % to[d] * step;
      rest /= to[d];
      step *= from[s];
    }
    index[size_t(i)] = at;
  }
  return index;
}

namespace {
std::string prefix(const char* name) { return *name ? std::string(name) + ": " : std::string(); }
}  // namespace

void check_matrix(const Tensor& t, const char* name, const char* argument) {
  PL_CHECK_AS(Runtime, t.dim() >= 2, "matrix_expected", "%sThe input tensor %s must have at least 2 dimensions.", prefix(name).c_str(), argument);
}

void check_square(const Tensor& t, const char* name) {
  check_matrix(t, name);
  PL_CHECK(t.size(-1) == t.size(-2), "%sA must be batches of square matrices, but they are %lld by %lld matrices",
              prefix(name).c_str(), (long long)t.size(-2), (long long)t.size(-1));
  check_lapack_size(t.size(-1));
}

void check_floating(const Tensor& t, const char* name, bool low_precision) {
  const char* dtype = info(t.dtype()).scalar_name;
  PL_CHECK_AS(Runtime, is_differentiable(t.dtype()), "float_needed", "%s: Expected a floating point or complex tensor as input. Got %s", name, dtype);
  PL_CHECK(low_precision || itemsize(t.dtype()) > 2, "%s: Low precision dtypes not supported. Got %s", name, dtype);
}

void check_lapack_size(int64_t n) { PL_CHECK(n < INT_MAX, "matrices of more than 2^31 rows or columns are not supported"); }

void check_info(const Tensor& info, const char* name, const char* problem, ErrorType type) {
  if (info.is_meta()) return;
  const int32_t* p = info.ptr<int32_t>();
  for (int64_t i = 0; i < info.numel(); ++i) {
    if (p[i] == 0) continue;
    const std::string where = info.dim() > 0 ? format("(Batch element %lld): ", (long long)i) : "";
    fail(type, "", "%s: %s%s", name, where.c_str(), format(problem, (long long)p[i]).c_str());
  }
}

void each_matrix_range(int64_t count, double work, RangeFn f, void* context) {
  constexpr double kSmall = 1e6;         // operations up to which one thread does a matrix
  if (count == 0) return;
  const int threads = num_threads();
  const bool shared = work < kSmall;
  ReleaseGil free(int64_t(std::min(1e15, work * double(count))), 1 << 14);
  lapack::set_threads(shared ? 1 : threads);
  if (shared) parallel_range(count, std::max<int64_t>(1, int64_t(1e5 / std::max(work, 1.0))), f, context);
  else f(context, 0, count);
}

}  // namespace pl
