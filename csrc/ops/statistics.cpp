// Covariances and histograms.
#include <algorithm>
#include <cmath>
#include "native.h"
#include "ops.h"

namespace pl {
namespace {

using Numbers = std::optional<std::vector<double>>;
const Scalar kOne(int64_t(1));

bool any_negative(const Tensor& t) { return t.numel() > 0 && item(op::min(t)).to_double() < 0; }

void check_weights(const char* name, const Tensor& w, int64_t observations) {
  PL_CHECK(w.dim() <= 1, "cov(): expected %s to have one or fewer dimensions but got %s with %d dimensions", name, name, w.dim());
  const bool counts = name[0] == 'f', right = counts ? is_integral(w.dtype()) : is_floating(w.dtype());
  PL_CHECK(right, "cov(): expected %s to have %s dtype but got %s with %s dtype", name, counts ? "integral" : "floating point", name,
           info(w.dtype()).scalar_name);
  PL_CHECK(w.numel() == observations, "cov(): expected %s to have the same numel as there are observations in the input but got %lld != %lld", name,
           (long long)w.numel(), (long long)observations);
  PL_CHECK(!any_negative(w), "cov(): %s cannot be negative", name);
}

// float, double, as PyTorch's C++ names them
const char* cpp_name(DType d) { return d == DType::Float32 ? "float" : d == DType::Float64 ? "double" : info(d).scalar_name; }

// The points as rows; what they may not be, in PyTorch's order of checks.
void check_histogram(const Tensor& self, const TensorList& bins, const Tensor& weight) {
  PL_CHECK(self.dim() >= 2, "torch.histogramdd: input tensor should have at least 2 dimensions");
  const int64_t n = self.size(-1);
  PL_CHECK(int64_t(bins.size()) == n, "torch.histogramdd: expected %lld sequences of bin edges for a %lld-dimensional histogram but got %zu", (long long)n,
           (long long)n, bins.size());
  for (size_t d = 0; d < bins.size(); ++d) {
    PL_CHECK(bins[d].dtype() == self.dtype(), "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype %s and "
             "bins for dimension %zu with dtype %s", cpp_name(self.dtype()), d, cpp_name(bins[d].dtype()));
    PL_CHECK(bins[d].dim() == 1, "torch.histogramdd: bins tensor should have one dimension, but got %d dimensions in the bins tensor for dimension %zu",
             bins[d].dim(), d);
    PL_CHECK(bins[d].numel() >= 2, "torch.histogram(): bins must be > 0, but got %lld for dimension %zu", (long long)bins[d].numel() - 1, d);
  }
  if (weight) {
    PL_CHECK(weight.dtype() == self.dtype(), "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but "
             "got input(%s), and weight(%s)", cpp_name(self.dtype()), cpp_name(weight.dtype()));
    PL_CHECK(weight.sizes() == Shape(self->sizes, self.dim() - 1), "torch.histogramdd: if weight tensor is provided it should have the same shape as the input "
             "tensor excluding its innermost dimension, but got input with shape %s and weight with shape %s", to_string(self.sizes()).c_str(),
             to_string(weight.sizes()).c_str());
  }
  PL_CHECK_AS(NotImplemented, self.dtype() == DType::Float32 || self.dtype() == DType::Float64, "dtype_unsupported",
              "\"histogramdd\" not implemented for '%s'", info(self.dtype()).scalar_name);
}

// Adds the weight of each point to the box it is in; a point on the last edge belongs to the last box.
template <class T> void fill_boxes(const T* points, const T* weights, int64_t rows, const std::vector<const T*>& edges, const std::vector<int64_t>& boxes,
                                   double* out) {
  const size_t n = boxes.size();
  for (int64_t i = 0; i < rows; ++i) {
    int64_t at = 0;
    for (size_t d = 0; d < n && at >= 0; ++d) {
      const T x = points[i * int64_t(n) + int64_t(d)], *first = edges[d], *last = first + boxes[d];
      const bool inside = x >= *first && x <= *last;
      const int64_t box = std::min(int64_t(std::upper_bound(first, last + 1, x) - first), boxes[d]) - 1;
      at = inside && box >= 0 ? at * boxes[d] + box : -1;
    }
    if (at >= 0) out[at] += weights ? double(weights[i]) : 1.0;
  }
}

template <class T> void count(const Tensor& points, const Tensor& weight, const TensorList& bins, const std::vector<int64_t>& boxes, const Tensor& out) {
  std::vector<const T*> edges;
  for (const Tensor& b : bins) edges.push_back(b.ptr<T>());
  const T *p = points.ptr<T>(), *w = weight ? weight.ptr<T>() : nullptr;
  const int64_t rows = points.numel() / std::max<int64_t>(1, int64_t(boxes.size()));
  double* to = out.ptr<double>();
  ReleaseGil free(points.numel());
  fill_boxes(p, w, rows, edges, boxes, to);
}

}  // namespace

namespace native {

Tensor cov(const Tensor& self, int64_t correction, const Tensor& fweights, const Tensor& aweights) {
  PL_CHECK(self.dim() <= 2, "cov(): expected input to have two or fewer dimensions but got an input with %d dimensions", self.dim());
  PL_CHECK(self.dtype() != DType::Bool, "cov(): bool dtype is not supported for input");
  Tensor x = self.dim() < 2 ? op::reshape(self, {1, self.numel()}) : self;
  const int64_t observations = x->sizes[1];
  if (fweights) check_weights("fweights", fweights, observations);
  if (aweights) check_weights("aweights", aweights, observations);
  const Tensor w = fweights && aweights ? op::mul(fweights, aweights) : fweights ? fweights : aweights;
  const Tensor total = w ? op::sum(w, DType::Undefined) : scalar_tensor(Scalar(observations), DType::Int64, self.device());
  PL_CHECK(!w || item(total).to_double() != 0, "cov(): weights sum to zero, can't be normalized");
  auto weighted = [&](const Tensor& t) { return w ? op::mul(t, w) : t; };
  const Tensor mean = op::true_divide(op::sum_dim_IntList(weighted(x), Shape({1}), true, DType::Undefined), total);
  Tensor divisor = w && aweights && correction != 0
                       ? op::sub(total, op::true_divide(op::mul(op::sum(op::mul(w, aweights), DType::Undefined), Scalar(correction)), total), kOne)
                       : op::sub(total, Scalar(correction), kOne);
  if (item(divisor).to_double() <= 0) {
    if (PyErr_WarnEx(PyExc_UserWarning, "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.", 1) < 0)
      throw PythonError();
    divisor = op::mul(divisor, Scalar(int64_t(0)));
  }
  x = op::sub(x, mean, kOne);
  const Tensor products = op::mm(x, op::conj(op::t(weighted(x))));
  return op::squeeze(op::true_divide(products, divisor));
}

Tensor corrcoef(const Tensor& self) {
  PL_CHECK(self.dim() <= 2, "corrcoef(): expected input to have two or fewer dimensions but got an input with %d dimensions", self.dim());
  Tensor c = op::cov(self, 1, {}, {});
  if (c.dim() == 0) return op::true_divide(c, c);
  Tensor variance = op::diagonal(c, 0, 0, 1);
  Tensor deviation = op::sqrt(is_complex(c.dtype()) ? op::real(variance) : variance);
  c = op::true_divide(op::true_divide(c, op::unsqueeze(deviation, 1)), op::unsqueeze(deviation, 0));
  auto limited = [](const Tensor& t) { return op::clamp(t, Operand(Scalar(-1.0)), Operand(Scalar(1.0))); };
  return is_complex(c.dtype()) ? op::complex(limited(op::real(c)), limited(op::imag(c))) : limited(c);
}

Tensor _histogramdd(const Tensor& self, const TensorList& bins, const Tensor& weight, bool density) {
  check_histogram(self, bins, weight);
  std::vector<int64_t> boxes;
  TensorList edges;
  for (const Tensor& b : bins) {
    boxes.push_back(b.numel() - 1);
    edges.push_back(pl::contiguous(b));
  }
  Tensor sums = pl::zeros(boxes, DType::Float64, self.device());
  if (self.is_meta()) return cast(sums, self.dtype());
  const Tensor points = pl::contiguous(self), weights = weight ? pl::contiguous(weight) : weight;
  if (self.dtype() == DType::Float32) count<float>(points, weights, edges, boxes, sums);
  else count<double>(points, weights, edges, boxes, sums);
  if (density) {
    sums = op::true_divide(sums, op::sum(sums, DType::Undefined));
    for (size_t d = 0; d < boxes.size(); ++d) {
      std::vector<int64_t> shape(boxes.size(), 1);
      shape[d] = boxes[d];
      sums = op::true_divide(sums, op::view(op::diff(edges[d], 1, 0, {}, {}), shape));
    }
  }
  return cast(sums, self.dtype());
}

TensorList _histogramdd_bin_edges(const Tensor& self, Shape bins, Numbers range, const Tensor&) {
  PL_CHECK(self.dim() >= 2, "torch.histogramdd: input tensor should have at least 2 dimensions");
  const int64_t n = self.size(-1);
  PL_CHECK(bins.n == n, "histogramdd: The size of bins must be equal to the innermost dimension of the input.");
  for (int d = 0; d < bins.n; ++d) PL_CHECK(bins[d] > 0, "torch.histogram(): bins must be > 0, but got %lld for dimension %d", (long long)bins[d], d);
  PL_CHECK(!range || int64_t(range->size()) == 2 * n, "torch.histogramdd: for a %lld-dimensional histogram range should have %lld elements, but got %zu",
           (long long)n, (long long)(2 * n), range ? range->size() : 0);
  PL_CHECK_AS(NotImplemented, self.dtype() == DType::Float32 || self.dtype() == DType::Float64, "dtype_unsupported",
              "\"histogramdd\" not implemented for '%s'", info(self.dtype()).scalar_name);
  const Tensor points = op::reshape(self, {-1, n});
  TensorList edges;
  for (int d = 0; d < bins.n; ++d) {
    double low = 0, high = 1;
    if (range) {
      low = (*range)[size_t(2 * d)];
      high = (*range)[size_t(2 * d + 1)];
    } else if (points.numel()) {
      const Tensor column = op::select(points, 1, d);
      low = item(op::min(column)).to_double();
      high = item(op::max(column)).to_double();
    }
    PL_CHECK(std::isfinite(low) && std::isfinite(high), "torch.histogramdd: dimension %d's range [%g, %g] is not finite", d, low, high);
    PL_CHECK(low <= high, "torch.histogramdd: min should not exceed max, but got min %g max %g for dimension %d", low, high, d);
    if (low == high) {
      low -= 0.5;
      high += 0.5;
    }
    edges.push_back(op::linspace(Scalar(low), Scalar(high), bins[d] + 1, self.dtype(), self.device()));
  }
  return edges;
}

std::tuple<Tensor, Tensor> histogram(const Tensor& self, int64_t bins, Numbers range, const Tensor& weight, bool density) {
  const Tensor points = op::reshape(self, {self.numel(), 1});
  const TensorList edges = _histogramdd_bin_edges(points, {bins}, range, weight);
  return {_histogramdd(points, edges, weight ? op::reshape(weight, {weight.numel()}) : weight, density), edges[0]};
}

std::tuple<Tensor, Tensor> histogram_tensor(const Tensor& self, const Tensor& bins, const Tensor& weight, bool density) {
  const Tensor points = op::reshape(self, {self.numel(), 1});
  return {_histogramdd(points, {bins}, weight ? op::reshape(weight, {weight.numel()}) : weight, density), bins};
}

}  // namespace native
}  // namespace pl
