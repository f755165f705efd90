// Reductions of stretches along a dimension, and the hash of a tensor's bits.
#include <cmath>
#include <limits>
#include "ops/derivatives.h"
#include "ops.h"

namespace pl {
namespace {

enum class Reduce { Sum, Mean, Max, Min, Prod };

Reduce reduction(const std::string& name) {
  if (name == "sum") return Reduce::Sum;
  if (name == "mean") return Reduce::Mean;
  if (name == "max") return Reduce::Max;
  if (name == "min") return Reduce::Min;
  PL_CHECK(name == "prod", "reduce argument must be either sum, prod, mean, amax or amin, got %s", name.c_str());
  return Reduce::Prod;
}

// Data [outer, length, inner] and where its segments begin and end: [outer, segments + 1] offsets.
struct Segments {
  int64_t outer = 1, length = 0, inner = 1, count = 0;
  std::vector<int64_t> offsets;
  std::vector<int64_t> shape;      // of the result

  int64_t begin(int64_t o, int64_t s) const { return offsets[size_t(o * (count + 1) + s)]; }
};

Segments find_segments(const Tensor& data, const Tensor& lengths, const Tensor& offsets, int64_t axis, bool unsafe) {
  const bool by_offsets = bool(offsets);
  const Tensor& given = by_offsets ? offsets : lengths;
  const char* name = by_offsets ? "offsets" : "lengths";
  PL_CHECK(data.dim() >= given.dim() && given.dim() > 0, "segment_reduce(): Expected data.dim() >= %s.dim(), but got %d and %d.", name, data.dim(), given.dim());
  PL_CHECK(axis == given.dim() - 1, "segment_reduce(): Expected axis to be the last dimension of %s but got %lld.", name, (long long)axis);
  if (given.dtype() != DType::Int64 && given.dtype() != DType::Int32)
    not_implemented_for(by_offsets ? "_segment_reduce_offsets" : "_segment_reduce_lengths", given.dtype());
  Segments g;
  g.length = data.size(axis);
  for (int d = 0; d < axis; ++d) {
    PL_CHECK(given.size(d) == data.size(d), "segment_reduce(): data and %s differ in dimension %d: %lld and %lld", name, d, (long long)data.size(d),
             (long long)given.size(d));
    g.outer *= data.size(d);
  }
  for (int d = int(axis) + 1; d < data.dim(); ++d) g.inner *= data.size(d);
  g.count = given.size(axis) - by_offsets;
  PL_CHECK(g.count >= 0, "segment_reduce(): offsets need at least one element along axis");
  g.shape = data.sizes().vec();
  g.shape[size_t(axis)] = g.count;
  const Tensor values = contiguous(cast(given, DType::Int64));
  const int64_t* p = values.ptr<int64_t>();
  g.offsets.resize(size_t(g.outer * (g.count + 1)));
  for (int64_t o = 0; o < g.outer; ++o) {
    int64_t at = by_offsets ? *p++ : 0;
    PL_CHECK(at >= 0 && at <= g.length, "segment_reduce(): offset %lld is out of range for size %lld", (long long)at, (long long)g.length);
    int64_t* out = &g.offsets[size_t(o * (g.count + 1))];
    *out++ = at;
    for (int64_t s = 0; s < g.count; ++s, ++p) {
      PL_CHECK(by_offsets || *p >= 0, "lengths contains negative value!");
      const int64_t next = by_offsets ? *p : at + *p;
      PL_CHECK(next >= at, "segment_reduce(): Expected segment_length >= 0 to be true, but got offsets that decrease");
      PL_CHECK(next <= g.length, "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe.");
      *out++ = at = next;
    }
    PL_CHECK(by_offsets || unsafe || at == g.length,
             "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe.");
  }
  return g;
}

double start_value(Reduce r, const std::optional<Scalar>& initial) {
  if (initial) return initial->to_double();
  const double inf = std::numeric_limits<double>::infinity();
  return r == Reduce::Max ? -inf : r == Reduce::Min ? inf : r == Reduce::Prod ? 1.0 : 0.0;
}

template <class T> T combine(Reduce r, T a, T x) {
  switch (r) {
    case Reduce::Max: return std::isnan(a) || a > x ? a : x;
    case Reduce::Min: return std::isnan(a) || a < x ? a : x;
    case Reduce::Prod: return a * x;
    default: return a + x;
  }
}

template <class T> void reduce_segments(const Segments& g, Reduce r, const std::optional<Scalar>& initial, const T* in, T* out) {
  const T first = T(start_value(r, initial));
  for (int64_t o = 0; o < g.outer; ++o)
    for (int64_t s = 0; s < g.count; ++s) {
      const int64_t b = g.begin(o, s), e = g.begin(o, s + 1);
      for (int64_t i = 0; i < g.inner; ++i, ++out) {
        T a = first;
        for (int64_t k = b; k < e; ++k) a = combine(r, a, in[(o * g.length + k) * g.inner + i]);
        if (r == Reduce::Mean && e > b) a = a / T(e - b);
        if (r == Reduce::Mean && e == b && !initial) a = std::numeric_limits<T>::quiet_NaN();
        *out = a;
      }
    }
}

// The gradient of one segment of one column; `at` steps over it.
template <class T> void segment_gradient(Reduce r, T first, T grad, T result, int64_t n, int64_t step, const T* in, T* out) {
  if (r == Reduce::Max || r == Reduce::Min) {
    int64_t equal = 0;
    for (int64_t k = 0; k < n; ++k) equal += std::isnan(in[k * step]) || in[k * step] == result;
    for (int64_t k = 0; k < n; ++k) out[k * step] = std::isnan(in[k * step]) || in[k * step] == result ? grad / T(equal) : T(0);
    return;
  }
  for (int64_t k = 0; k < n; ++k) {
    const T x = in[k * step];
    T d = grad;
    if (r == Reduce::Mean) d = grad / T(n);
    if (r == Reduce::Prod && x != T(0) && !std::isnan(x)) d = grad * result / x;
    if (r == Reduce::Prod && (x == T(0) || std::isnan(x))) {
      d = grad * first;
      for (int64_t j = 0; j < n; ++j) if (j != k) d *= in[j * step];
    }
    out[k * step] = d;
  }
}

template <class T>
void segment_gradients(const Segments& g, Reduce r, const std::optional<Scalar>& initial, const T* grad, const T* result, const T* in, T* out) {
  const T first = T(start_value(r, initial));
  for (int64_t o = 0; o < g.outer; ++o)
    for (int64_t s = 0; s < g.count; ++s)
      for (int64_t i = 0; i < g.inner; ++i, ++grad, ++result) {
        const int64_t b = g.begin(o, s), at = (o * g.length + b) * g.inner + i;
        segment_gradient(r, first, *grad, *result, g.begin(o, s + 1) - b, g.inner, in + at, out + at);
      }
}

DType compute_dtype(DType d) { return d == DType::Float64 ? d : DType::Float32; }

}  // namespace

Tensor segment_reduce_backward(const Tensor& grad, const Tensor& result, const Tensor& data, const std::string& reduce, const Tensor& lengths,
                               const Tensor& offsets, int64_t axis, const std::optional<Scalar>& initial) {
  PL_CHECK(!grad_enabled || !(requires_grad(grad) || requires_grad(data)), "the derivative of segment_reduce's gradient is not implemented");
  const DType d = compute_dtype(data.dtype());
  const Segments g = find_segments(data, lengths, offsets, wrap_dim(axis, data.dim()), true);
  const Tensor x = contiguous(cast(data, d)), y = contiguous(cast(result, d)), dy = contiguous(cast(grad, d)), dx = pl::zeros(data.sizes(), d);
  const Reduce r = reduction(reduce);
  if (d == DType::Float64) segment_gradients(g, r, initial, dy.ptr<double>(), y.ptr<double>(), x.ptr<double>(), dx.ptr<double>());
  else segment_gradients(g, r, initial, dy.ptr<float>(), y.ptr<float>(), x.ptr<float>(), dx.ptr<float>());
  return cast(dx, data.dtype());
}

namespace native {

Tensor segment_reduce(const Tensor& data, const std::string& reduce, const Tensor& lengths, const Tensor& indices, const Tensor& offsets, int64_t axis,
                      bool unsafe, const std::optional<Scalar>& initial) {
  const Reduce r = reduction(reduce);
  axis = wrap_dim(axis, data.dim());
  PL_CHECK(!indices, "segment_reduce(): indices based reduction is not supported yet.");
  PL_CHECK(lengths || offsets, "segment_reduce(): Either lengths or offsets must be defined.");
  PL_CHECK(!data->is_meta(), "segment_reduce(): the result depends on the lengths, which a meta tensor does not have");
  if (!is_floating(data.dtype())) not_implemented_for("_segment_reduce", data.dtype());
  const Segments g = find_segments(data, lengths, offsets, axis, unsafe);
  const DType d = compute_dtype(data.dtype());
  const Tensor x = contiguous(cast(data, d)), out = pl::empty(g.shape, d);
  if (d == DType::Float64) reduce_segments(g, r, initial, x.ptr<double>(), out.ptr<double>());
  else reduce_segments(g, r, initial, x.ptr<float>(), out.ptr<float>());
  return cast(out, data.dtype());
}

namespace {
// The exclusive or along the last dimension, by halves.
Tensor fold(Tensor t) {
  for (int64_t n = t.size(-1); n > 1; n = t.size(-1)) {
    Tensor pairs = op::bitwise_xor(op::narrow(t, -1, 0, n / 2), op::narrow(t, -1, n / 2, n / 2));
    t = n % 2 ? op::cat({pairs, op::narrow(t, -1, n - 1, 1)}, -1) : pairs;
  }
  return op::squeeze_dim(t, -1);
}
}  // namespace

Tensor hash_tensor(const Tensor& self, Shape dim, bool keepdim, int64_t mode) {
  NoGrad no_grad;
  PL_CHECK(mode == 0, "Unknown hash_tensor mode: %lld", (long long)mode);
  if (is_complex(self.dtype())) not_implemented_for("xor_sum", self.dtype());
  std::vector<int64_t> kept, gone, shape, ones;
  std::vector<bool> reduced(size_t(self.dim()), dim.n == 0);
  for (int64_t d : dim) {
    d = wrap_dim(d, self.dim());
    if (self.dim() > 0) reduced[size_t(d)] = true;
  }
  PL_CHECK(self.numel() > 0 || dim.n > 0,
           "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.");
  for (int64_t d = 0; d < self.dim(); ++d) {
    PL_CHECK_AS(Index, !reduced[size_t(d)] || self.size(d) > 0, "", "hash_tensor: Expected reduction dim %lld to have non-zero size.", (long long)d);
    (reduced[size_t(d)] ? gone : kept).push_back(d);
    if (!reduced[size_t(d)]) shape.push_back(self.size(d));
    ones.push_back(reduced[size_t(d)] ? 1 : self.size(d));
  }
  Tensor bits = is_floating(self.dtype()) ? op::view_dtype(contiguous(cast(self, DType::Float64)), DType::Int64) : cast(self, DType::Int64);
  kept.insert(kept.end(), gone.begin(), gone.end());
  std::vector<int64_t> rows = shape;
  int64_t n = 1;
  for (int64_t d : gone) n *= self.size(d);
  rows.push_back(n);
  Tensor r = n > 1 ? fold(op::reshape(op::permute(bits, kept), rows)) : op::clone(bits, MemoryFormat::Contiguous);
  return op::view_dtype(op::reshape(r, keepdim ? Shape(ones) : Shape(shape)), DType::UInt64);
}

}  // namespace native
}  // namespace pl
