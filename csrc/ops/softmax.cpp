// softmax, log_softmax, and running sums, products and extremes along one dimension.
#include <cmath>
#include "cpu/kernels.h"
#include "native.h"
#include "ops.h"
#include "ops/reduction.h"

namespace pl {
namespace {

constexpr int64_t kGrain = 1 << 15;     // elements worth a thread: an exponential costs about a nanosecond

// Runs f(outer begin, outer end) over blocks of outer indices.
template <class F> void over_blocks(const DimSplit& s, F f) {
  const int64_t block = s.n * s.inner;
  ReleaseGil free(s.outer * block);
  parallel_for(s.outer, std::max<int64_t>(1, kGrain / std::max<int64_t>(block, 1)), f);
}

void check_softmax_dtype(const Tensor& self, int64_t dim, bool log) {
  if (is_floating(self.dtype())) return;
  const bool last = dim + 1 >= self.dim();
  unsupported(log ? (last ? "log_softmax_lastdim_kernel_impl" : "log_softmax_kernel_impl")
                  : (last ? "softmax_lastdim_kernel_impl" : "softmax_kernel_impl"), self.dtype());
}

// Blocks of a tensor in the compute type: in place where it has that type already, else converted piece by piece into a
// buffer.
class Blocks {
 public:
  Blocks(const Tensor& t, DType compute)
      : data_(t->data), dtype_(t.dtype()), compute_(compute), same_(dtype_ == compute) {}
  char* at(int64_t i) const { return data_ + i * itemsize(dtype_); }
  bool in_place() const { return same_; }
  char* load(int64_t i, int64_t n, char* buffer) const {
    if (same_) return at(i);
    cpu().copy.load[int(dtype_)][int(info(compute_).compute)](n, at(i), itemsize(dtype_), buffer);
    return buffer;
  }
  void store(int64_t i, int64_t n, const char* from) const {
    if (!same_) cpu().copy.store[int(dtype_)][int(info(compute_).compute)](n, from, at(i), itemsize(dtype_));
  }

 private:
  char* data_;
  DType dtype_, compute_;
  bool same_;
};

// Calls f(count, element, buffer) for blocks [b, e) in pieces of at most kPiece elements, or of one block where that is
// longer.
constexpr int64_t kPiece = 4096;
template <class F> void in_pieces(int64_t b, int64_t e, int64_t block, int64_t buffers, int64_t item, F f) {
  const int64_t group = std::max<int64_t>(1, kPiece / block);
  std::vector<char> buffer(size_t(buffers * std::min(group, e - b) * block * item));
  for (int64_t i = b; i < e; i += group) f(std::min(group, e - i), i * block, buffer.data());
}

template <bool kLog> Tensor forward(const Tensor& self, int64_t dim) {
  dim = wrap_dim(dim, self.dim());
  check_softmax_dtype(self, dim, kLog);
  Tensor out = empty(self.sizes(), self.dtype(), self.device());
  if (self.is_meta() || self.numel() == 0) return out;
  Tensor in = contiguous(self);
  const DType d = dtype_for(info(self.dtype()).compute);
  const DimSplit s(in, dim);
  const int type = d == DType::Float64;
  const auto rows = cpu().reduce.softmax.rows[kLog][type], cols = cpu().reduce.softmax.cols[kLog][type];
  const Blocks x(in, d), y(out, d);
  const int64_t item = itemsize(d), block = s.n * s.inner;
  auto run = [&](int64_t count, const char* from, char* to) {
    if (s.inner == 1) return rows(count, s.n, from, s.n, to, s.n);
    for (int64_t i = 0; i < count; ++i)
      cols(s.n, s.inner, from + i * block * item, s.inner, to + i * block * item, s.inner);
  };
  over_blocks(s, [&](int64_t b, int64_t e) {
    if (x.in_place()) return run(e - b, x.at(b * block), y.at(b * block));
    in_pieces(b, e, block, 1, item, [&](int64_t count, int64_t at, char* buffer) {
      run(count, x.load(at, count * block, buffer), buffer);
      y.store(at, count * block, buffer);
    });
  });
  return out;
}

template <bool kLog> Tensor backward(const Tensor& grad, const Tensor& output, int64_t dim, DType input_dtype) {
  dim = wrap_dim(dim, grad.dim());
  PL_CHECK(grad.sizes() == output.sizes(), "softmax backward: grad has shape %s, output %s",
           to_string(grad.sizes()).c_str(), to_string(output.sizes()).c_str());
  check_softmax_dtype(output, dim, kLog);
  Tensor out = empty(grad.sizes(), input_dtype, grad.device());
  if (grad.is_meta() || grad.numel() == 0) return out;
  Tensor given = contiguous(grad), result = contiguous(output);
  const DType d = dtype_for(info(output.dtype()).compute);
  const DimSplit s(given, dim);
  const int type = d == DType::Float64;
  const auto rows = cpu().reduce.softmax.rows_backward[kLog][type],
             cols = cpu().reduce.softmax.cols_backward[kLog][type];
  const Blocks g(given, d), y(result, d), dx(out, d);
  const int64_t item = itemsize(d), block = s.n * s.inner;
  auto run = [&](int64_t count, const char* gp, const char* yp, char* to) {
    if (s.inner == 1) return rows(count, s.n, gp, yp, to, s.n);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t o = i * block * item;
      cols(s.n, s.inner, gp + o, yp + o, to + o, s.inner);
    }
  };
  over_blocks(s, [&](int64_t b, int64_t e) {
    if (g.in_place() && y.in_place() && dx.in_place())
      return run(e - b, g.at(b * block), y.at(b * block), dx.at(b * block));
    in_pieces(b, e, block, 3, item, [&](int64_t count, int64_t at, char* buffer) {
      const int64_t n = count * block;
      char* to = dx.in_place() ? dx.at(at) : buffer + 2 * n * item;
      run(count, g.load(at, n, buffer), y.load(at, n, buffer + n * item), to);
      dx.store(at, n, to);
    });
  });
  return out;
}

// ---- scans
constexpr int64_t kSegment =
    16384;  // a long row is cut into segments of this length, eight of which are scanned side by side
constexpr int64_t kSegments = 8;

// One long row of a sum or product: the segments' totals first, then each segment from the total of those before it.
void scan_long_row(Scan kind, Compute c, int64_t n, const char* x, char* y, int64_t item, char* totals) {
  const Reducer& r = cpu().reduce.reducers[int(kind == Scan::Sum ? Reduction::Sum : Reduction::Prod)][int(c)];
  const auto rows = cpu().reduce.scan.rows[int(kind)][int(c)];
  const int64_t segments = n / kSegment, groups = (segments + kSegments - 1) / kSegments, bytes = kSegment * item;
  char* begin = totals + (segments + 1) * r.state;
  r.init(segments + 1, totals);
  parallel_for(segments, 8, [&](int64_t b, int64_t e) {
    r.rows(e - b, kSegment, x + b * bytes, kSegment, 0, totals + b * r.state, {});
  });
  r.init(segments + 1, begin);
  for (int64_t i = 0; i < segments; ++i) {
    r.merge(1, begin + i * r.state, begin + (i + 1) * r.state);
    r.merge(1, totals + i * r.state, begin + (i + 1) * r.state);
  }
  parallel_for(groups, 1, [&](int64_t b, int64_t e) {
    const int64_t first = b * kSegments, last = std::min(segments, e * kSegments);
    rows(last - first, kSegment, x + first * bytes, y + first * bytes, nullptr, begin + first * r.state);
  });
  if (n > segments * kSegment)
    rows(1, n - segments * kSegment, x + segments * bytes, y + segments * bytes, nullptr, begin + segments * r.state);
}

void run_scan(Scan kind, Compute c, const DimSplit& s, const char* x, char* y, int64_t item, int64_t* index) {
  const ScanKernels& k = cpu().reduce.scan;
  const int64_t block = s.n * s.inner;
  if (s.inner == 1 && s.n >= 4 * kSegment && s.outer < kSegments && kind <= Scan::Prod) {
    const size_t bytes = size_t(2 * (s.n / kSegment + 1) * kMaxState);
    char* totals = static_cast<char*>(cached_alloc(bytes));
    {
      ReleaseGil free(s.outer * s.n);
      for (int64_t i = 0; i < s.outer; ++i)
        scan_long_row(kind, c, s.n, x + i * s.n * item, y + i * s.n * item, item, totals);
    }
    return cached_free(totals, bytes);
  }
  over_blocks(s, [&](int64_t b, int64_t e) {
    if (s.inner == 1) {
      const int64_t at = b * block;
      return k.rows[int(kind)][int(c)](e - b, s.n, x + at * item, y + at * item, index ? index + at : nullptr, nullptr);
    }
    for (int64_t i = b; i < e; ++i)
      k.cols[int(kind)][int(c)](s.n, s.inner, x + i * block * item, y + i * block * item,
                                index ? index + i * block : nullptr);
  });
}

Tensor scanned(const Tensor& self, int64_t dim, Scan kind, const char* name, DType in, DType out_dtype, Tensor* index) {
  dim = wrap_dim(dim, self.dim());
  const Compute c = info(in).compute;
  if (!cpu().reduce.scan.rows[int(kind)][int(c)]) unsupported(name, in);
  const DType d = dtype_for(c);
  if (index) *index = empty(self.sizes(), DType::Int64, self.device());
  if (self.is_meta() || self.numel() == 0) return empty(self.sizes(), out_dtype, self.device());
  // A narrower dtype asked for is what the elements are cast to first.
  Tensor x = contiguous(cast(cast(self, in), d)), y = empty(self.sizes(), d, self.device());
  run_scan(kind, c, DimSplit(x, dim), x->data, y->data, itemsize(d), index ? index->ptr<int64_t>() : nullptr);
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
  // The rows are emptied before as well: their softmax, NaN, would be in the gradient.
  Tensor empty_rows = op::all_dim(op::eq(self, Scalar(-INFINITY)), dim, true);
  return op::where_self(empty_rows, Scalar(0.0), op::softmax_int(op::where_self(empty_rows, Scalar(0.0), self), dim, dtype));
}
Tensor _softmax_backward_data(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype) {
  return backward<false>(grad_output, output, dim, input_dtype);
}
Tensor _log_softmax_backward_data(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype) {
  return backward<true>(grad_output, output, dim, input_dtype);
}

Tensor cumsum(const Tensor& self, int64_t dim, DType dtype) {
  return running_sum(self, dim, Scan::Sum, "cumsum_out_cpu", dtype);
}
Tensor cumprod(const Tensor& self, int64_t dim, DType dtype) {
  return running_sum(self, dim, Scan::Prod, "cumprod_out_cpu", dtype);
}
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
