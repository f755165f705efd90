// softmax, log_softmax, and running sums, products and extremes along one dimension.
#include <cmath>
#include "cpu/kernels.h"
#include "native.h"
#include "ops.h"
#include "ops/reduction.h"

namespace pl {
namespace {

constexpr int64_t kGrain = 1 << 15;     // elements worth a thread: an exponential costs about a nanosecond

DType compute_dtype(DType d) { return d == DType::Float64 ? DType::Float64 : DType::Float32; }

// Runs f(outer begin, outer end) or, for few outer blocks, f over all of them.
template <class F> void over_blocks(const DimSplit& s, F f) {
  const int64_t block = s.n * s.inner;
  ReleaseGil free(s.outer * block);
  parallel_for(s.outer, std::max<int64_t>(1, kGrain / std::max<int64_t>(block, 1)), f);
}

void check_softmax_dtype(const Tensor& self, bool log) {
  if (!is_floating(self.dtype())) unsupported(log ? "log_softmax_lastdim_kernel_impl" : "softmax_lastdim_kernel_impl", self.dtype());
}

template <bool kLog> Tensor forward(const Tensor& self, int64_t dim) {
  dim = wrap_dim(dim, self.dim());
  check_softmax_dtype(self, kLog);
  const DType d = compute_dtype(self.dtype());
  if (self.is_meta() || self.numel() == 0) return empty(self.sizes(), self.dtype(), self.device());
  Tensor x = contiguous(cast(self, d)), y = empty(self.sizes(), d, self.device());
  const DimSplit s(x, dim);
  const SoftmaxKernels& k = cpu().reduce.softmax;
  const int type = d == DType::Float64;
  const int64_t size = itemsize(d), block = s.n * s.inner;
  const char* in = x->data;
  char* out = y->data;
  over_blocks(s, [&](int64_t b, int64_t e) {
    if (s.inner == 1) return k.rows[kLog][type](e - b, s.n, in + b * block * size, s.n, out + b * block * size, s.n);
    for (int64_t i = b; i < e; ++i) k.cols[kLog][type](s.n, s.inner, in + i * block * size, s.inner, out + i * block * size, s.inner);
  });
  return cast(y, self.dtype());
}

template <bool kLog> Tensor backward(const Tensor& grad, const Tensor& output, int64_t dim, DType input_dtype) {
  dim = wrap_dim(dim, grad.dim());
  PL_CHECK(grad.sizes() == output.sizes(), "softmax backward: grad has shape %s, output %s", to_string(grad.sizes()).c_str(),
           to_string(output.sizes()).c_str());
  check_softmax_dtype(output, kLog);
  const DType d = compute_dtype(output.dtype());
  if (grad.is_meta() || grad.numel() == 0) return empty(grad.sizes(), input_dtype, grad.device());
  Tensor g = contiguous(cast(grad, d)), y = contiguous(cast(output, d)), dx = empty(grad.sizes(), d, grad.device());
  const DimSplit s(g, dim);
  const SoftmaxKernels& k = cpu().reduce.softmax;
  const int type = d == DType::Float64;
  const int64_t size = itemsize(d), block = s.n * s.inner;
  const char *gp = g->data, *yp = y->data;
  char* out = dx->data;
  over_blocks(s, [&](int64_t b, int64_t e) {
    const int64_t at = b * block * size;
    if (s.inner == 1) return k.rows_backward[kLog][type](e - b, s.n, gp + at, yp + at, out + at, s.n);
    for (int64_t i = b; i < e; ++i) {
      const int64_t o = i * block * size;
      k.cols_backward[kLog][type](s.n, s.inner, gp + o, yp + o, out + o, s.inner);
    }
  });
  return cast(dx, input_dtype);
}

// ---- scans
Tensor scanned(const Tensor& self, int64_t dim, Scan kind, const char* name, DType in, DType out_dtype, Tensor* index) {
  dim = wrap_dim(dim, self.dim());
  const Compute c = info(in).compute;
  const auto kernel = cpu().reduce.scan.run[int(kind)][int(c)];
  if (!kernel) unsupported(name, in);
  static const DType compute_types[] = {DType::Float32, DType::Float64, DType::Int64, DType::Complex128};
  const DType d = compute_types[int(c)];
  if (index) *index = empty(self.sizes(), DType::Int64, self.device());
  if (self.is_meta() || self.numel() == 0) return empty(self.sizes(), out_dtype, self.device());
  // A narrower dtype asked for is what the elements are cast to first.
  Tensor x = contiguous(cast(in == self.dtype() ? self : cast(self, in), d));
  Tensor y = empty(self.sizes(), d, self.device());
  const DimSplit s(x, dim);
  const int64_t block = s.n * s.inner, size = itemsize(d);
  const char* xp = x->data;
  char* yp = y->data;
  int64_t* ip = index ? (*index).ptr<int64_t>() : nullptr;
  over_blocks(s, [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i)
      kernel(s.n, s.inner, xp + i * block * size, yp + i * block * size, ip ? ip + i * block : nullptr);
  });
  return cast(y, out_dtype);
}

Tensor running_sum(const Tensor& self, int64_t dim, Scan kind, const char* name, DType dtype) {
  const DType d = dtype != DType::Undefined ? dtype : is_integral(self.dtype()) ? DType::Int64 : self.dtype();
  return scanned(self, dim, kind, name, d, d, nullptr);
}

}  // namespace

namespace native {

Tensor _softmax(const Tensor& self, int64_t dim, bool half_to_float) {
  PL_CHECK(!half_to_float, "softmax with half to float conversion is not supported on CPU");
  return forward<false>(self, dim);
}
Tensor _log_softmax(const Tensor& self, int64_t dim, bool half_to_float) {
  PL_CHECK(!half_to_float, "softmax with half to float conversion is not supported on CPU");
  return forward<true>(self, dim);
}
Tensor softmax_int(const Tensor& self, int64_t dim, DType dtype) {
  if (dtype == DType::Undefined || dtype == self.dtype()) return op::_softmax(self, dim, false);
  return op::_softmax(op::_to_copy(self, dtype, MemoryFormat::None), dim, false);
}
Tensor log_softmax_int(const Tensor& self, int64_t dim, DType dtype) {
  if (dtype == DType::Undefined || dtype == self.dtype()) return op::_log_softmax(self, dim, false);
  return op::_log_softmax(op::_to_copy(self, dtype, MemoryFormat::None), dim, false);
}
// Rows of -inf only give zeros.
Tensor _safe_softmax(const Tensor& self, int64_t dim, DType dtype) {
  Tensor p = op::softmax_int(self, dim, dtype);
  return op::where_self(op::all_dim(op::eq(self, Scalar(-INFINITY)), dim, true), Scalar(0.0), p);
}
Tensor _softmax_backward_data(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype) {
  return backward<false>(grad_output, output, dim, input_dtype);
}
Tensor _log_softmax_backward_data(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype) {
  return backward<true>(grad_output, output, dim, input_dtype);
}

Tensor cumsum(const Tensor& self, int64_t dim, DType dtype) { return running_sum(self, dim, Scan::Sum, "cumsum_out_cpu", dtype); }
Tensor cumprod(const Tensor& self, int64_t dim, DType dtype) { return running_sum(self, dim, Scan::Prod, "cumprod_out_cpu", dtype); }
std::tuple<Tensor, Tensor> cummax(const Tensor& self, int64_t dim) {
  Tensor index, values = scanned(self, dim, Scan::Max, "cummax_cpu", self.dtype(), self.dtype(), &index);
  return {values, index};
}
std::tuple<Tensor, Tensor> cummin(const Tensor& self, int64_t dim) {
  Tensor index, values = scanned(self, dim, Scan::Min, "cummin_cpu", self.dtype(), self.dtype(), &index);
  return {values, index};
}
Tensor logcumsumexp(const Tensor& self, int64_t dim) {
  return scanned(self, dim, Scan::LogSumExp, "logcumsumexp_out_cpu", self.dtype(), self.dtype(), nullptr);
}

}  // namespace native
}  // namespace pl
