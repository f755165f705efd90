// Fourier transforms. NumPy computes them; here are the rules around them: shapes, dtypes, norms, strides, gradients.
#include <algorithm>
#include <numeric>
#include "native.h"
#include "ops/derivatives.h"

namespace pl {
namespace {

using Sizes = std::vector<int64_t>;
using OptShape = std::optional<Shape>;
using Norm = std::optional<std::string>;     // None, "backward", "ortho" or "forward"
enum Normalization { kNone, kByRoot, kByCount };

// The batch dimensions by decreasing stride, then the transformed ones: the order of the result's memory.
Sizes strides_of_result(const Tensor& self, Shape sizes, Shape dim) {
  Sizes order;
  for (int d = 0; d < self.dim(); ++d) if (std::find(dim.begin(), dim.end(), d) == dim.end()) order.push_back(d);
  auto larger_stride = [&](int64_t a, int64_t b) { return self->strides[a] > self->strides[b]; };
  std::stable_sort(order.begin(), order.end(), larger_stride);
  order.insert(order.end(), dim.begin(), dim.end());
  Sizes strides(order.size());
  int64_t step = 1;
  for (size_t i = order.size(); i-- > 0; step *= sizes[int(order[i])]) strides[size_t(order[i])] = step;
  return strides;
}

Sizes by_decreasing_stride(const Tensor& self, Shape dim, bool last_stays) {
  Sizes d = dim.vec();
  std::stable_sort(d.begin(), d.end() - (last_stays && !d.empty()), [&](int64_t a, int64_t b) { return self->strides[a] > self->strides[b]; });
  return d;
}

// Calls penlight.fft._transform(function, input, output, dim, norm), which fills `output`.
void by_numpy(const char* function, const Tensor& self, const Tensor& out, Shape dim, const char* norm) {
  if (self.is_meta() || out.numel() == 0) return;
  PyObject* module = PyImport_ImportModule("penlight.fft");
  if (!module) throw PythonError();
  PyObject* axes = PyTuple_New(dim.n);
  for (int i = 0; i < dim.n; ++i) PyTuple_SET_ITEM(axes, i, PyLong_FromLongLong(dim[i]));
  PyObject* done = PyObject_CallMethod(module, "_transform", "sOONs", function, alias(self).get(), out.get(), axes, norm);
  Py_DECREF(module);
  if (!done) throw PythonError();
  Py_DECREF(done);
}

// NumPy names a norm by the direction that divides.
const char* numpy_norm(int64_t normalization, bool forward) {
  return normalization == kByRoot ? "ortho" : (normalization == kByCount) == forward ? "forward" : "backward";
}

Tensor transformed(const char* function, const Tensor& self, Shape sizes, Shape dim, int64_t normalization, DType dtype, bool forward) {
  Tensor out = pl::empty_strided(sizes, strides_of_result(self, sizes, dim), dtype, self.device());
  by_numpy(function, self, out, dim, numpy_norm(normalization, forward));
  return out;
}

int64_t normalization_of(const Norm& norm, bool forward) {
  if (!norm || *norm == "backward") return forward ? kNone : kByCount;
  if (*norm == "forward") return forward ? kByCount : kNone;
  PL_CHECK(*norm == "ortho", "Invalid normalization mode: \"%s\"", norm->c_str());
  return kByRoot;
}

void check_points(int64_t n) { PL_CHECK(n >= 1, "Invalid number of data points (%lld) specified", (long long)n); }

// The dtype to transform in: integers become floats.
Tensor promoted(const Tensor& self, bool to_complex) {
  DType d = float_dtype(self.dtype());
  PL_CHECK(d != DType::Float16 && d != DType::BFloat16, "Unsupported dtype %s", info(d).scalar_name);
  if (to_complex) d = complex_of(d);
  return d == self.dtype() ? self : op::_to_copy(self, d, MemoryFormat::None);
}

int64_t transform_dim(const Tensor& self, int64_t dim) {
  PL_CHECK_AS(Index, self.dim() > 0, "dim_out_of_range", "Dimension specified as %lld but tensor has no dimensions", (long long)dim);
  return wrap_dim(dim, self.dim());
}

// Cut or filled up with zeros at the end.
Tensor resized(const Tensor& self, Shape dim, Shape sizes) {
  Tensor t = self;
  Sizes pad(size_t(2 * self.dim()), 0);
  bool longer = false;
  for (int i = 0; i < dim.n; ++i) {
    const int64_t have = self->sizes[dim[i]];
    if (sizes[i] < have) t = op::narrow(t, dim[i], 0, sizes[i]);
    if (sizes[i] > have) {
      pad[size_t(2 * (self.dim() - 1 - dim[i]) + 1)] = sizes[i] - have;
      longer = true;
    }
  }
  return longer ? op::constant_pad_nd(t, pad, Scalar(int64_t(0))) : t;
}

struct Plan { Sizes dim, sizes; };

// Which dimensions are transformed, and how many points of each; s may leave a size open with -1.
Plan plan(const Tensor& self, const OptShape& s, const OptShape& dim) {
  Plan p;
  const int64_t ndim = self.dim();
  if (dim) {
    for (int64_t d : *dim) p.dim.push_back(transform_dim(self, d));
    Sizes sorted = p.dim;
    std::sort(sorted.begin(), sorted.end());
    PL_CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(), "FFT dims must be unique");
  }
  if (s) {
    PL_CHECK(!dim || dim->n == s->n, "When given, dim and shape arguments must have the same length");
    PL_CHECK(s->n <= ndim, "Got shape with %d values but input tensor only has %lld dimensions.", s->n, (long long)ndim);
    p.sizes = s->vec();
  }
  if (!dim) {
    p.dim.resize(s ? p.sizes.size() : size_t(ndim));
    std::iota(p.dim.begin(), p.dim.end(), ndim - int64_t(p.dim.size()));
  }
  p.sizes.resize(p.dim.size(), -1);
  for (size_t i = 0; i < p.dim.size(); ++i) {
    if (p.sizes[i] == -1) p.sizes[i] = self->sizes[p.dim[i]];
    check_points(p.sizes[i]);
  }
  return p;
}

// The same for a transform whose input is half of a spectrum: `last` becomes the number of real points.
Plan half_plan(const char* name, const Tensor& self, const OptShape& s, const OptShape& dim, int64_t& last) {
  Plan p = plan(self, s, dim);
  PL_CHECK(!p.dim.empty(), "%s must transform at least one axis", name);
  last = s && (*s)[s->n - 1] != -1 ? (*s)[s->n - 1] : 2 * (self->sizes[p.dim.back()] - 1);
  check_points(last);
  p.sizes.back() = last / 2 + 1;
  return p;
}

Plan real_plan(const char* name, const char* message, const Tensor& self, const OptShape& s, const OptShape& dim) {
  PL_CHECK(!is_complex(self.dtype()), message, info(self.dtype()).scalar_name);
  Plan p = plan(self, s, dim);
  PL_CHECK(!p.dim.empty(), "%s must transform at least one axis", name);
  return p;
}

Tensor complex_or_real_transform(const Tensor& self, std::optional<int64_t> n, int64_t dim, const Norm& norm, bool forward) {
  Tensor x = promoted(self, false);
  dim = transform_dim(x, dim);
  const int64_t points = n.value_or(x->sizes[dim]);
  check_points(points);
  x = resized(x, {dim}, {points});
  const int64_t normalization = normalization_of(norm, forward);
  if (is_complex(x.dtype())) return op::_fft_c2c(x, {dim}, normalization, forward);
  Tensor r = op::_fft_r2c(x, {dim}, normalization, false);
  return forward ? r : op::conj(r);      // of real numbers, the two directions give conjugate results
}

Tensor transform_from_real(const char* name, const Tensor& self, std::optional<int64_t> n, int64_t dim, const Norm& norm, bool forward) {
  PL_CHECK(!is_complex(self.dtype()), "%s expects a real input tensor, but got %s", name, info(self.dtype()).scalar_name);
  Tensor x = promoted(self, false);
  dim = transform_dim(x, dim);
  const int64_t points = n.value_or(x->sizes[dim]);
  check_points(points);
  Tensor r = op::_fft_r2c(resized(x, {dim}, {points}), {dim}, normalization_of(norm, forward), true);
  return forward ? r : op::conj(r);
}

Tensor transform_to_real(const Tensor& self, std::optional<int64_t> n, int64_t dim, const Norm& norm, bool forward) {
  Tensor x = promoted(self, true);
  dim = transform_dim(x, dim);
  const int64_t points = n.value_or(2 * (x->sizes[dim] - 1));
  check_points(points);
  if (n) x = resized(x, {dim}, {points / 2 + 1});
  return op::_fft_c2r(forward ? op::conj(x) : x, {dim}, normalization_of(norm, forward), points);
}

Tensor complex_transforms(const Tensor& self, const OptShape& s, const OptShape& dim, const Norm& norm, bool forward) {
  Plan p = plan(self, s, dim);
  Tensor x = resized(promoted(self, true), p.dim, p.sizes);
  return op::_fft_c2c(x, p.dim, normalization_of(norm, forward), forward);
}

Tensor shifted(const Tensor& self, const OptShape& dim, int64_t rounding) {
  Sizes dims(size_t(self.dim())), shifts;
  std::iota(dims.begin(), dims.end(), 0);
  if (dim) dims = dim->vec();
  for (int64_t d : dims) shifts.push_back((self.size(d) + rounding) / 2);
  return op::roll(self, shifts, dims);
}

// Steps from `start` on, n of them, over n * d; written so that both halves of fftfreq use it.
Tensor frequencies(const char* name, int64_t n, double d, int64_t count, int64_t negative_from, DType dtype, std::optional<Device> device) {
  dtype = dtype == DType::Undefined ? default_dtype() : dtype;
  PL_CHECK(is_differentiable(dtype), "%s requires a floating point or complex dtype", name);
  PL_CHECK(n >= 0, "Trying to create tensor with negative dimension %lld: [%lld]", (long long)n, (long long)n);
  Tensor r = op::arange(Scalar(count), dtype, device);
  if (negative_from < count) {
    Tensor tail = op::narrow(r, 0, negative_from, count - negative_from);
    copy_into(tail, op::arange_start(Scalar(negative_from - count), Scalar(int64_t(0)), Scalar(int64_t(1)), dtype, device));
  }
  return op::mul(r, Scalar(1.0 / (double(n) * d)));
}

}  // namespace

Tensor fft_r2c_backward(const Tensor& grad, Shape dim, int64_t normalization, bool onesided, Shape shape) {
  if (!onesided) return op::real(op::_fft_c2c(grad, dim, normalization, false));
  // The mirrored half was not given out, so it has no gradient of its own.
  const int64_t last = dim[dim.n - 1];
  return op::real(op::_fft_c2c(resized(grad, {last}, {shape[int(last)]}), dim, normalization, false));
}

Tensor fft_c2r_backward(const Tensor& grad, Shape dim, int64_t normalization) {
  // Every point but those that are their own mirror image counted twice.
  const int64_t last = dim[dim.n - 1];
  Tensor g = op::_fft_r2c(grad, dim, normalization, true);
  const int64_t n = grad->sizes[last], half = g->sizes[last];
  Sizes shape(size_t(g.dim()), 1);
  shape[size_t(last)] = half;
  Tensor weights = pl::full(shape, Scalar(2.0), grad.dtype(), grad.device());
  auto count_once = [&](int64_t at) { op::fill_(op::narrow(weights, last, at, 1), Scalar(1.0)); };
  count_once(0);
  if (n % 2 == 0) count_once(half - 1);
  return op::mul(g, weights);
}

namespace native {

// For callers of the primitives by name: everything else here gives them dimensions that are right.
void check_dims(const Tensor& self, Shape dim) {
  for (int i = 0; i < dim.n; ++i) {
    PL_CHECK_AS(Index, dim[i] >= 0 && dim[i] < self.dim(), "dim_out_of_range", "Dimension out of range (expected to be in range of [0, %d], but got %lld)",
                self.dim() - 1, (long long)dim[i]);
    for (int k = 0; k < i; ++k) PL_CHECK(dim[k] != dim[i], "FFT dims must be unique");
  }
}

Tensor _fft_c2c(const Tensor& self, Shape dim, int64_t normalization, bool forward) {
  PL_CHECK(is_complex(self.dtype()), "Only supports complex dtypes, but found: %s", info(self.dtype()).scalar_name);
  check_dims(self, dim);
  if (dim.n == 0) return clone(self, MemoryFormat::Preserve);
  return transformed(forward ? "fftn" : "ifftn", self, self.sizes(), by_decreasing_stride(self, dim, false), normalization, self.dtype(), forward);
}

Tensor _fft_r2c(const Tensor& self, Shape dim, int64_t normalization, bool onesided) {
  PL_CHECK(self.dtype() == DType::Float32 || self.dtype() == DType::Float64, "Only supports floating-point dtypes, but found: %s",
           info(self.dtype()).scalar_name);
  PL_CHECK(dim.n > 0, "_fft_r2c must transform at least one axis");
  check_dims(self, dim);
  Sizes sizes = self.sizes().vec();
  if (onesided) sizes[size_t(dim[dim.n - 1])] = sizes[size_t(dim[dim.n - 1])] / 2 + 1;
  return transformed(onesided ? "rfftn" : "fftn", self, sizes, by_decreasing_stride(self, dim, true), normalization, complex_of(self.dtype()), true);
}

Tensor _fft_c2r(const Tensor& self, Shape dim, int64_t normalization, int64_t last_dim_size) {
  PL_CHECK(is_complex(self.dtype()), "Only supports complex dtypes, but found: %s", info(self.dtype()).scalar_name);
  PL_CHECK(dim.n > 0, "_fft_c2r must transform at least one axis");
  check_dims(self, dim);
  check_points(last_dim_size);
  const int64_t last = dim[dim.n - 1];
  // Several dimensions: complex transforms of all but the last.
  Tensor x = dim.n > 1 ? _fft_c2c(self, Shape(dim.p, dim.n - 1), normalization, false) : self;
  Sizes sizes = self.sizes().vec();
  sizes[size_t(last)] = last_dim_size;
  return transformed("irfftn", x, sizes, {last}, normalization, real_of(self.dtype()), false);
}

#define PL_ONE_DIMENSION(NAME, CALL) \
  Tensor fft_##NAME(const Tensor& self, std::optional<int64_t> n, int64_t dim, const Norm& norm) { return CALL; }
PL_ONE_DIMENSION(fft, complex_or_real_transform(self, n, dim, norm, true))
PL_ONE_DIMENSION(ifft, complex_or_real_transform(self, n, dim, norm, false))
PL_ONE_DIMENSION(rfft, transform_from_real("rfft", self, n, dim, norm, true))
PL_ONE_DIMENSION(ihfft, transform_from_real("ihfft", self, n, dim, norm, false))
PL_ONE_DIMENSION(irfft, transform_to_real(self, n, dim, norm, false))
PL_ONE_DIMENSION(hfft, transform_to_real(self, n, dim, norm, true))
#undef PL_ONE_DIMENSION

Tensor fft_fftn(const Tensor& self, OptShape s, OptShape dim, const Norm& norm) { return complex_transforms(self, s, dim, norm, true); }
Tensor fft_ifftn(const Tensor& self, OptShape s, OptShape dim, const Norm& norm) { return complex_transforms(self, s, dim, norm, false); }

Tensor fft_rfftn(const Tensor& self, OptShape s, OptShape dim, const Norm& norm) {
  Plan p = real_plan("rfftn", "rfftn expects a real-valued input tensor, but got %s", self, s, dim);
  return op::_fft_r2c(resized(promoted(self, false), p.dim, p.sizes), p.dim, normalization_of(norm, true), true);
}

Tensor fft_irfftn(const Tensor& self, OptShape s, OptShape dim, const Norm& norm) {
  int64_t last;
  Plan p = half_plan("irfftn", self, s, dim, last);
  return op::_fft_c2r(resized(promoted(self, true), p.dim, p.sizes), p.dim, normalization_of(norm, false), last);
}

Tensor fft_hfftn(const Tensor& self, OptShape s, OptShape dim, const Norm& norm) {
  int64_t last;
  Plan p = half_plan("hfftn", self, s, dim, last);
  const int64_t normalization = normalization_of(norm, true);
  Tensor x = resized(promoted(self, true), p.dim, p.sizes);
  if (p.dim.size() > 1) x = op::_fft_c2c(x, Shape(p.dim.data(), int64_t(p.dim.size()) - 1), normalization, true);
  return op::_fft_c2r(op::conj(x), {p.dim.back()}, normalization, last);
}

Tensor fft_ihfftn(const Tensor& self, OptShape s, OptShape dim, const Norm& norm) {
  Plan p = real_plan("ihfftn", "Only supports floating-point dtypes, but found: %s", self, s, dim);
  const int64_t normalization = normalization_of(norm, false);
  Tensor x = op::_fft_r2c(resized(promoted(self, false), p.dim, p.sizes), {p.dim.back()}, normalization, true);
  if (p.dim.size() == 1) return op::conj(x);
  return op::_fft_c2c(op::conj(x), Shape(p.dim.data(), int64_t(p.dim.size()) - 1), normalization, false);
}

#define PL_TWO_DIMENSIONS(NAME) \
  Tensor fft_##NAME##2(const Tensor& self, OptShape s, Shape dim, const Norm& norm) { return fft_##NAME##n(self, s, dim, norm); }
PL_TWO_DIMENSIONS(fft)
PL_TWO_DIMENSIONS(ifft)
PL_TWO_DIMENSIONS(rfft)
PL_TWO_DIMENSIONS(irfft)
PL_TWO_DIMENSIONS(hfft)
PL_TWO_DIMENSIONS(ihfft)
#undef PL_TWO_DIMENSIONS

Tensor fft_fftfreq(int64_t n, double d, DType dtype, std::optional<Device> device) {
  return frequencies("fftfreq", n, d, n, n / 2 + n % 2, dtype, device);
}
Tensor fft_rfftfreq(int64_t n, double d, DType dtype, std::optional<Device> device) {
  return frequencies("rfftfreq", n, d, n / 2 + 1, n / 2 + 1, dtype, device);
}

Tensor fft_fftshift(const Tensor& self, OptShape dim) { return shifted(self, dim, 0); }
Tensor fft_ifftshift(const Tensor& self, OptShape dim) { return shifted(self, dim, 1); }

}  // namespace native
}  // namespace pl
