// Pooling: the largest element or the average of windows.
#include <array>
#include "cpu/kernels.h"
#include "native.h"
#include "ops/fused.h"

namespace pl {
namespace {

using Sizes = std::vector<int64_t>;
constexpr int64_t kGrain = 1 << 14;      // elements worth a thread

template <class T> const PoolFunctions<T>& kernels();
template <> const PoolFunctions<float>& kernels() { return cpu().pool.f32; }
template <> const PoolFunctions<double>& kernels() { return cpu().pool.f64; }

// The windows along the dimensions, owned.
struct Windows {
  int dims = 0;
  Sizes begin[3], end[3], extent[3];
  int64_t in[3] = {1, 1, 1}, step[3] = {1, 1, 1};

  explicit Windows(int n) : dims(n) {
    for (int d = 0; d < 3 - n; ++d) add(d, 0, 1, 1);
  }
  void add(int d, int64_t from, int64_t to, int64_t count) {
    begin[d].push_back(from);
    end[d].push_back(to);
    extent[d].push_back(count);
  }
  int64_t out(int d) const { return int64_t(begin[d].size()); }
  int64_t in_size() const { return in[0] * in[1] * in[2]; }
  int64_t out_size() const { return out(0) * out(1) * out(2); }
  Sizes output(Shape input) const {
    Sizes r(input.begin(), input.end() - dims);
    for (int d = 3 - dims; d < 3; ++d) r.push_back(out(d));
    return r;
  }
  std::array<PoolDim, 3> view() const {
    std::array<PoolDim, 3> r;
    for (int d = 0; d < 3; ++d) r[size_t(d)] = {in[d], out(d), step[d], begin[d].data(), end[d].data(), extent[d].data()};
    find_regular(r[2]);
    return r;
  }

 private:
  // The longest stretch around the middle in which each window is like the one before.
  static void find_regular(PoolDim& w) {
    if (w.out < 4) return;
    const int64_t middle = w.out / 2;
    w.stride = w.begin[middle] - w.begin[middle - 1];
    if (w.stride < 1) return;
    auto alike = [&](int64_t a) {
      return w.begin[a + 1] - w.begin[a] == w.stride && w.end[a + 1] - w.end[a] == w.stride && w.extent[a + 1] == w.extent[a];
    };
    w.regular0 = w.regular1 = middle;
    while (w.regular0 > 0 && alike(w.regular0 - 1)) --w.regular0;
    while (w.regular1 + 1 < w.out && alike(w.regular1)) ++w.regular1;
    ++w.regular1;
  }
};

struct Settings {
  Shape kernel, stride, padding, dilation;
  bool ceil_mode;
  int64_t kernel_of(int d) const { return kernel[kernel.n == 1 ? 0 : d]; }
  int64_t stride_of(int d) const { return stride.n == 0 ? kernel_of(d) : stride[stride.n == 1 ? 0 : d]; }
  int64_t padding_of(int d) const { return padding[padding.n == 1 ? 0 : d]; }
  int64_t dilation_of(int d) const { return dilation[dilation.n == 1 ? 0 : d]; }
};

int64_t output_size(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, bool ceil_mode) {
  const int64_t span = in + 2 * padding - dilation * (kernel - 1) - 1 + (ceil_mode ? stride - 1 : 0);
  int64_t out = (span >= 0 ? span / stride : -((-span + stride - 1) / stride)) + 1;
  // The last window must begin inside the input or its left padding.
  if (ceil_mode && (out - 1) * stride >= in + padding) --out;
  return out;
}

std::string joined(Shape s) {
  std::string r;
  for (int i = 0; i < s.n; ++i) r += (i ? "x" : "") + std::to_string(s[i]);
  return r;
}

void check_dims(const char* name, const Tensor& self, int dims) {
  bool fits = self.dim() == dims + 1 || self.dim() == dims + 2;
  for (int d = std::max(0, self.dim() - dims - 1); d < self.dim(); ++d) fits &= self.size(d) > 0;
  if (dims == 1) PL_CHECK_AS(Runtime, fits, "pool_dims", "%s: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:%s", name, to_string(self.sizes()).c_str());
  PL_CHECK_AS(Runtime, fits, "pool_dims", "non-empty %dD or %dD (batch mode) tensor expected for input", dims + 1, dims + 2);
}

void check_positive(const char* name, int dims, const char* what, Shape given, int64_t value) {
  if (dims == 1) PL_CHECK(value > 0, "%s() %s must be greater than zero, but got %lld", name, what, (long long)value);
  PL_CHECK(value > 0, "%s should be greater than zero, but got %s", what, to_string(given).c_str());
  PL_CHECK(value <= INT32_MAX, "%s of %lld is too large", what, (long long)value);
}

void check_settings(const char* name, const Settings& s, int dims) {
  for (int d = 0; d < dims; ++d) {
    check_positive(name, dims, "kernel_size", s.kernel, s.kernel_of(d));
    PL_CHECK(dims == 1 || s.stride_of(d) != 0, "stride should not be zero");
    check_positive(name, dims, "stride", s.stride, s.stride_of(d));
    check_positive(name, dims, "dilation", s.dilation, s.dilation_of(d));
    const int64_t pad = s.padding_of(d), k = s.kernel_of(d), dilation = s.dilation_of(d);
    PL_CHECK(pad >= 0, "pad must be non-negative, but got pad: %lld", (long long)pad);
    PL_CHECK(pad <= (dilation * (k - 1) + 1) / 2, "pad should be at most half of effective kernel size, but got pad=%lld, kernel_size=%lld and dilation=%lld",
             (long long)pad, (long long)k, (long long)dilation);
  }
}

// The order of the checks decides which error wins.
void check_call(const char* name, const Tensor& self, const Settings& s, int dims) {
  if (dims == 1) check_dims(name, self, dims);
  check_settings(name, s, dims);
  if (dims > 1) check_dims(name, self, dims);
}

// `include_padding`: whether padding counts in an average.
Windows sliding(Shape sizes, const Settings& s, int dims, bool include_padding) {
  Windows r(dims);
  bool fits = true;
  Sizes input(sizes.end() - dims - 1, sizes.end()), output = {input[0]};
  for (int d = 0; d < dims; ++d) {
    const int at = 3 - dims + d;
    const int64_t in = r.in[at] = sizes[sizes.n - dims + d], k = s.kernel_of(d), step = r.step[at] = s.dilation_of(d), pad = s.padding_of(d);
    const int64_t out = output_size(in, k, s.stride_of(d), pad, step, s.ceil_mode);
    output.push_back(out);
    fits &= out > 0;
    for (int64_t i = 0; i < out; ++i) {
      const int64_t start = i * s.stride_of(d) - pad, stop = start + (k - 1) * step + 1;
      const int64_t from = start < 0 ? start + (-start + step - 1) / step * step : start, to = std::min(stop, in);
      r.add(at, from, to, include_padding ? std::min(stop, in + pad) - start : to - from);
    }
  }
  if (dims == 1) PL_CHECK_AS(Runtime, fits, "pool_window", "Invalid computed output size: %lld", (long long)output[1]);
  PL_CHECK_AS(Runtime, fits, "pool_window", "Given input size: (%s). Calculated output size: (%s). Output size is too small", joined(input).c_str(),
              joined(output).c_str());
  return r;
}

Windows adaptive(Shape sizes, Shape output, int dims) {
  Windows r(dims);
  for (int d = 0; d < dims; ++d) {
    const int at = 3 - dims + d;
    const int64_t in = r.in[at] = sizes[sizes.n - dims + d], out = output[output.n == 1 ? 0 : d];
    PL_CHECK(out >= 0, "Trying to create tensor with negative dimension %lld: elements of output_size must be greater than or equal to 0", (long long)out);
    PL_CHECK(out <= INT32_MAX, "output_size %lld is too large", (long long)out);
    for (int64_t i = 0; i < out; ++i) {
      const int64_t from = i * in / out, to = ((i + 1) * in + out - 1) / out;
      r.add(at, from, to, to - from);
    }
  }
  return r;
}

// Integers are compared and summed in double.
DType pool_dtype(const char* name, DType d) {
  PL_CHECK_AS(NotImplemented, !is_complex(d) && d != DType::Bool, "dtype_unsupported", "\"%s\" not implemented for '%s'", name, info(d).scalar_name);
  return is_floating(d) ? kernel_dtype(d) : DType::Float64;
}

template <class F> void over_planes(int64_t planes, int64_t in, int64_t out, F run) {
  const int64_t size = std::max<int64_t>(std::max(in, out), 1);
  ReleaseGil free(planes * size);
  parallel_for(planes, std::max<int64_t>(1, kGrain / size), run);
}

int64_t planes_of(Shape sizes, int dims) { return Shape(sizes.p, sizes.n - dims).numel(); }

std::tuple<Tensor, Tensor> largest(const char* name, const Tensor& self, const Windows& w, bool with_index) {
  const DType d = pool_dtype(name, self.dtype());
  PL_CHECK(w.in_size() < INT32_MAX, "%s: a plane of %lld elements is too large", name, (long long)w.in_size());
  const Sizes sizes = w.output(self.sizes());
  Tensor y = empty(sizes, d, self.device()), index = with_index ? empty(sizes, DType::Int64, self.device()) : Tensor();
  if (self.is_meta() || y.numel() == 0) return {cast(y, self.dtype()), index};
  Tensor x = kernel_data(self, d);
  const auto dims = w.view();
  const int64_t in = w.in_size(), out = w.out_size();
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T* xp = x.ptr<T>();
    T* yp = y.ptr<T>();
    int64_t* ip = index ? index.ptr<int64_t>() : nullptr;
    over_planes(planes_of(self.sizes(), w.dims), in, out, [&](int64_t b, int64_t e) {
      kernels<T>().max(e - b, dims.data(), xp + b * in, yp + b * out, ip ? ip + b * out : nullptr);
    });
  });
  return {cast(y, self.dtype()), index};
}

Tensor averaged(const char* name, const Tensor& self, const Windows& w, double divisor) {
  const DType d = pool_dtype(name, self.dtype());
  Tensor y = empty(w.output(self.sizes()), d, self.device());
  if (self.is_meta() || y.numel() == 0) return cast(y, self.dtype());
  Tensor x = kernel_data(self, d);
  const auto dims = w.view();
  const int64_t in = w.in_size(), out = w.out_size();
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T* xp = x.ptr<T>();
    T* yp = y.ptr<T>();
    over_planes(planes_of(self.sizes(), w.dims), in, out, [&](int64_t b, int64_t e) {
      kernels<T>().average(e - b, dims.data(), divisor, xp + b * in, yp + b * out);
    });
  });
  return cast(y, self.dtype());
}

Tensor average_grad(const Tensor& grad, Shape input_size, const Windows& w, double divisor) {
  const DType d = kernel_dtype(grad.dtype());
  Tensor dx = grad.numel() ? empty(input_size, d, grad.device()) : zeros(input_size, d, grad.device());
  if (grad.is_meta() || dx.numel() == 0 || grad.numel() == 0) return cast(dx, grad.dtype());
  Tensor g = kernel_data(grad, d);
  const auto dims = w.view();
  const int64_t in = w.in_size(), out = w.out_size();
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T* gp = g.ptr<T>();
    T* to = dx.ptr<T>();
    over_planes(planes_of(input_size, w.dims), in, out, [&](int64_t b, int64_t e) {
      kernels<T>().average_backward(e - b, dims.data(), divisor, gp + b * out, to + b * in);
    });
  });
  return cast(dx, grad.dtype());
}

std::tuple<Tensor, Tensor> in_layout_of(const Tensor& like, const std::tuple<Tensor, Tensor>& r) {
  const auto& [values, index] = r;
  return {pl::in_layout_of(like, values), index ? pl::in_layout_of(like, index) : index};
}

std::tuple<Tensor, Tensor> max_pool(const char* name, int dims, const Tensor& self, const Settings& s, bool with_index) {
  check_call(name, self, s, dims);
  return in_layout_of(self, largest(name, self, sliding(self.sizes(), s, dims, true), with_index));
}

const int64_t kOne = 1;

Settings average_settings(Shape kernel, Shape stride, Shape padding, bool ceil_mode) { return {kernel, stride, padding, Shape(&kOne, 1), ceil_mode}; }

Tensor avg_pool(const char* name, int dims, const Tensor& self, const Settings& s, bool include_padding, std::optional<int64_t> divisor) {
  PL_CHECK(!divisor || *divisor != 0, "divisor must be not zero");
  check_call(name, self, s, dims);
  Tensor r = averaged(name, self, sliding(self.sizes(), s, dims, include_padding), double(divisor.value_or(0)));
  return dims == 2 ? pl::in_layout_of(self, r) : r;      // PyTorch's volumes are contiguous
}

// "{1, 2}", as PyTorch writes it; one dimension is seen as two.
std::string braced(Shape sizes, int dims) {
  std::string r = dims == 1 ? "{1" : "{";
  for (int d = 0; d < dims; ++d) r += (r.size() > 1 ? ", " : "") + std::to_string(sizes[sizes.n == 1 ? 0 : d]);
  return r + "}";
}

void check_adaptive(const char* name, const Tensor& self, Shape output_size, int dims) {
  if (dims == 1) PL_CHECK(output_size.n == 1, "%s: 'output_size' should contain one int", name);
  const std::string plain = std::string(name).substr(0, std::string(name).find('('));
  const bool average = plain.find("avg") != std::string::npos;
  if (average) PL_CHECK(output_size.n == dims || output_size.n == 1, "%s: output_size must be %d", plain.c_str(), dims);
  PL_CHECK(output_size.n == dims || output_size.n == 1, "%s: internal error: output_size.size() must be %d", name, dims);
  if (average)
    for (int64_t n : output_size)
      PL_CHECK(n >= 0, "adaptive_avg_pool%dd: elements of output_size must be greater than or equal to 0 but received %s", std::max(dims, 2),
               braced(output_size, dims).c_str());
  PL_CHECK(self.dim() == dims + 1 || self.dim() == dims + 2, "%s: Expected %dD or %dD tensor, but got %s", name, dims + 1, dims + 2,
           to_string(self.sizes()).c_str());
  for (int d = self.dim() - dims; d < self.dim(); ++d)
    PL_CHECK(self.size(d) > 0, "%s: Expected input to have non-zero size for non-batch dimensions, but input has sizes %s with dimension %d being empty", name,
             to_string(self.sizes()).c_str(), d);
}

bool all_ones(Shape s) {
  for (int64_t v : s) if (v != 1) return false;
  return true;
}

Tensor adaptive_average(const char* name, int dims, const Tensor& self, Shape output_size) {
  check_adaptive(name, self, output_size, dims);
  Tensor r = averaged(name, self, adaptive(self.sizes(), output_size, dims), 0);
  return dims == 2 ? pl::in_layout_of(self, r) : r;
}

}  // namespace

namespace native {

Tensor max_pool_scatter(const Tensor& grad_output, const Tensor& indices, Shape input_size, int64_t dims) {
  const DType d = kernel_dtype(grad_output.dtype());
  Tensor dx = zeros(input_size, d, grad_output.device());
  if (grad_output.is_meta() || grad_output.numel() == 0) return cast(dx, grad_output.dtype());
  Tensor g = kernel_data(grad_output, d), at = kernel_data(indices, DType::Int64);
  const int64_t planes = planes_of(input_size, int(dims)), size = dx.numel() / planes, n = g.numel() / planes;
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T* gp = g.ptr<T>();
    const int64_t* ip = at.ptr<int64_t>();
    T* to = dx.ptr<T>();
    over_planes(planes, size, n, [&](int64_t b, int64_t e) { kernels<T>().scatter(e - b, n, size, gp + b * n, ip + b * n, to + b * size); });
  });
  return cast(dx, grad_output.dtype());
}

namespace {
// Puts each element where its index says; the rest is zero.
Tensor unpool(const Tensor& self, const Tensor& indices, Shape output_size, int dims) {
  PL_CHECK_AS(Runtime, indices.dtype() == DType::Int64, "index_dtype", "elements in indices should be type int64 but got: %s", info(indices.dtype()).scalar_name);
  PL_CHECK(output_size.n == dims, "There should be exactly %d elements in output_size, but got %d elements.", dims, output_size.n);
  PL_CHECK(self.dim() == dims + 1 || self.dim() == dims + 2, "Input to max_unpooling%dd should be a %dd or %dd Tensor, but got a tensor with %d dimensions.",
           dims, dims + 1, dims + 2, self.dim());
  PL_CHECK(self.sizes() == indices.sizes(), "Expected shape of indices to be same as that of the input tensor (%s) but got indices tensor with shape: %s",
           to_string(self.sizes()).c_str(), to_string(indices.sizes()).c_str());
  Sizes sizes(self.sizes().begin(), self.sizes().end() - dims);
  sizes.insert(sizes.end(), output_size.begin(), output_size.end());
  const DType d = pool_dtype("max_unpool", self.dtype());
  Tensor r = zeros(sizes, d, self.device());
  if (self.is_meta() || self.numel() == 0) return cast(r, self.dtype());
  Tensor x = kernel_data(self, d), at = kernel_data(indices, DType::Int64);
  const int64_t planes = planes_of(self.sizes(), dims), n = x.numel() / planes, size = output_size.numel();
  const int64_t* index = at.ptr<int64_t>();
  for (int64_t i = 0; i < x.numel(); ++i)
    PL_CHECK_AS(Runtime, index[i] >= 0 && index[i] < size, "", "Found an invalid max index: %lld (output volumes are of size %s)", (long long)index[i],
                joined(output_size).c_str());
  with_float(d, [&](auto t) {
    using T = decltype(t);
    for (int64_t i = 0; i < x.numel(); ++i) r.ptr<T>()[i / n * size + index[i]] = x.ptr<T>()[i];
  });
  return cast(r, self.dtype());
}
}  // namespace

Tensor max_unpool2d(const Tensor& self, const Tensor& indices, Shape output_size) { return unpool(self, indices, output_size, 2); }
Tensor max_unpool3d(const Tensor& self, const Tensor& indices, Shape output_size) { return unpool(self, indices, output_size, 3); }

#define PL_MAX_POOL(n)                                                                                                                        \
  std::tuple<Tensor, Tensor> max_pool##n##d_with_indices(const Tensor& self, Shape kernel_size, Shape stride, Shape padding, Shape dilation,  \
                                                         bool ceil_mode) {                                                                   \
    return max_pool("max_pool" #n "d", n, self, {kernel_size, stride, padding, dilation, ceil_mode}, true);                                   \
  }                                                                                                                                           \
  Tensor max_pool##n##d(const Tensor& self, Shape kernel_size, Shape stride, Shape padding, Shape dilation, bool ceil_mode) {                 \
    if (grad_enabled && requires_grad(self))                                                                                                  \
      return std::get<0>(op::max_pool##n##d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode));                           \
    return std::get<0>(max_pool("max_pool" #n "d", n, self, {kernel_size, stride, padding, dilation, ceil_mode}, false));                     \
  }                                                                                                                                           \
  std::tuple<Tensor, Tensor> adaptive_max_pool##n##d(const Tensor& self, Shape output_size) {                                                 \
    check_adaptive("adaptive_max_pool" #n "d()", self, output_size, n);                                                                       \
    auto r = largest("adaptive_max_pool" #n "d", self, adaptive(self.sizes(), output_size, n), true);                                         \
    return n == 2 ? in_layout_of(self, r) : r;                                                                                                \
  }                                                                                                                                           \
  Tensor adaptive_avg_pool##n##d_windows(const Tensor& self, Shape output_size) {                                                             \
    return adaptive_average("adaptive_avg_pool" #n "d()", n, self, output_size);                                                              \
  }
PL_MAX_POOL(1)
PL_MAX_POOL(2)
PL_MAX_POOL(3)
#undef PL_MAX_POOL

Tensor avg_pool1d(const Tensor& self, Shape kernel_size, Shape stride, Shape padding, bool ceil_mode, bool count_include_pad) {
  return avg_pool("avg_pool1d", 1, self, average_settings(kernel_size, stride, padding, ceil_mode), count_include_pad, std::nullopt);
}
Tensor avg_pool2d(const Tensor& self, Shape kernel_size, Shape stride, Shape padding, bool ceil_mode, bool count_include_pad,
                  std::optional<int64_t> divisor_override) {
  return avg_pool("avg_pool2d", 2, self, average_settings(kernel_size, stride, padding, ceil_mode), count_include_pad, divisor_override);
}
Tensor avg_pool3d(const Tensor& self, Shape kernel_size, Shape stride, Shape padding, bool ceil_mode, bool count_include_pad,
                  std::optional<int64_t> divisor_override) {
  return avg_pool("avg_pool3d", 3, self, average_settings(kernel_size, stride, padding, ceil_mode), count_include_pad, divisor_override);
}

Tensor avg_pool_grad(const Tensor& grad_output, Shape input_size, Shape kernel_size, Shape stride, Shape padding, bool ceil_mode, bool count_include_pad,
                     std::optional<int64_t> divisor_override) {
  const Settings s = average_settings(kernel_size, stride, padding, ceil_mode);
  return average_grad(grad_output, input_size, sliding(input_size, s, kernel_size.n, count_include_pad), double(divisor_override.value_or(0)));
}

Tensor adaptive_avg_pool_grad(const Tensor& grad_output, Shape input_size, int64_t dims) {
  const Shape output(grad_output.sizes().end() - dims, dims);
  return average_grad(grad_output, input_size, adaptive(input_size, output, int(dims)), 0);
}

Tensor adaptive_avg_pool1d(const Tensor& self, Shape output_size) { return op::adaptive_avg_pool1d_windows(self, output_size); }

// One output for each plane is an ordinary mean.
Tensor adaptive_avg_pool2d(const Tensor& self, Shape output_size) {
  check_adaptive("adaptive_avg_pool2d()", self, output_size, 2);
  if (!all_ones(output_size)) return op::adaptive_avg_pool2d_windows(self, output_size);
  const int64_t dims[] = {-1, -2};
  return op::mean_dim(self, std::optional<Shape>(Shape(dims, 2)), true, DType::Undefined);
}
Tensor adaptive_avg_pool3d(const Tensor& self, Shape output_size) {
  check_adaptive("adaptive_avg_pool3d()", self, output_size, 3);
  if (!all_ones(output_size)) return op::adaptive_avg_pool3d_windows(self, output_size);
  const int64_t dims[] = {-1, -2, -3};
  return op::mean_dim(self, std::optional<Shape>(Shape(dims, 3)), true, DType::Undefined);
}

}  // namespace native

// ---- windows at random places
namespace {

// Windows of `kernel` elements, `out` of them spread over the input in steps whose rounding `sample` shifts. Computed in T, as PyTorch does.
template <class T> void add_random_windows(Windows& w, int d, T given, int64_t kernel, int64_t out) {
  const T sample = given >= 0 && given <= 1 ? given : T(0);      // others would lead outside
  const T step = out > 1 ? T(w.in[d] - kernel) / T(out - 1) : T(0);
  for (int64_t i = 0; i < out; ++i) {
    int64_t from = w.in[d] - kernel;
    if (i + 1 < out) from = int64_t((T(i) + sample) * step) - int64_t(sample * step);
    w.add(d, from, from + kernel, kernel);
  }
}

void check_fractional(int dims, const Tensor& self, Shape kernel, Shape output, const Tensor& samples) {
  const char* name = dims == 2 ? "fractional_max_pool2d()" : "fractional_max_pool3d_out()";
  const char* const words[] = {"time", "height", "width"};
  bool fits = self.dim() == dims + 1 || self.dim() == dims + 2;
  for (int d = 1; d <= dims + 1 && fits; ++d) fits = self.size(-d) > 0;
  PL_CHECK(fits, "%s: Expected %dD or %dD (batch mode) tensor with non-zero size for non-batch dimensions, but got %s", name, dims + 1, dims + 2,
           to_string(self.sizes()).c_str());
  for (int d = 0; d < dims; ++d) {
    const int64_t in = self.size(d - dims), k = kernel[d], out = output[d];
    PL_CHECK(k > 0 && out >= 0 && k <= INT32_MAX && out <= INT32_MAX, "%s: a kernel of %lld and an output of %lld are not possible", name, (long long)k, (long long)out);
    PL_CHECK(out + k - 1 <= in, "%s: pool %s %lld too large relative to input %s %lld", name, words[3 - dims + d], (long long)k, words[3 - dims + d], (long long)in);
  }
  const int64_t batch = self.dim() == dims + 2 ? self.size(0) : 1;
  PL_CHECK_AS(Runtime, samples.dtype() == self.dtype(), "dtype_mismatch", "Expect _random_samples to have the same dtype as input");
  PL_CHECK(samples.dim() == 3, "Expect _random_samples to have 3 dimensions, got %d", samples.dim());
  PL_CHECK(samples.size(0) >= batch, "Expect _random_samples.size(0) no less then input batch size.");
  PL_CHECK(samples.size(1) == self.size(-dims - 1), "Expect _random_samples.size(1) equals to input channel size.");
  PL_CHECK(samples.size(2) == dims, "Expect _random_samples.size(2) equals to %d; got %lld.", dims, (long long)samples.size(2));
}

std::tuple<Tensor, Tensor> fractional(int dims, const Tensor& self, Shape kernel, Shape output, const Tensor& samples) {
  check_fractional(dims, self, kernel, output, samples);
  PL_CHECK_AS(NotImplemented, is_floating(self.dtype()), "dtype_unsupported", "\"fractional_max_pool%dd_out_frame\" not implemented for '%s'", dims,
              info(self.dtype()).scalar_name);
  const DType d = kernel_dtype(self.dtype());
  Sizes sizes(self.sizes().begin(), self.sizes().end() - dims);
  sizes.insert(sizes.end(), output.begin(), output.end());
  Tensor y = empty(sizes, d, self.device()), index = empty(sizes, DType::Int64, self.device());
  if (self.is_meta() || y.numel() == 0) return {cast(y, self.dtype()), index};
  Tensor x = kernel_data(self, d), random = kernel_data(samples, d);
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T *xp = x.ptr<T>(), *rp = random.ptr<T>();
    T* yp = y.ptr<T>();
    int64_t* ip = index.ptr<int64_t>();
    const int64_t out = output.numel(), in = Shape(self.sizes().end() - dims, dims).numel();
    over_planes(planes_of(self.sizes(), dims), in, out, [&](int64_t b, int64_t e) {
      for (int64_t plane = b; plane < e; ++plane) {
        Windows w(dims);
        for (int i = 0; i < dims; ++i) {
          const int at = 3 - dims + i;
          w.in[at] = self.sizes()[self.dim() - dims + i];
          // In two dimensions PyTorch takes the width's sample first.
          add_random_windows(w, at, rp[plane * dims + (dims == 2 ? 1 - i : i)], kernel[i], output[i]);
        }
        kernels<T>().max(1, w.view().data(), xp + plane * in, yp + plane * out, ip + plane * out);
      }
    });
  });
  return {cast(y, self.dtype()), index};
}

}  // namespace

namespace native {
std::tuple<Tensor, Tensor> fractional_max_pool2d(const Tensor& self, Shape kernel_size, Shape output_size, const Tensor& random_samples) {
  return fractional(2, self, kernel_size, output_size, random_samples);
}
std::tuple<Tensor, Tensor> fractional_max_pool3d(const Tensor& self, Shape kernel_size, Shape output_size, const Tensor& random_samples) {
  return fractional(3, self, kernel_size, output_size, random_samples);
}
}  // namespace native

// ---- derivatives of the derivatives
Tensor max_pool_gather(const Tensor& grad, const Tensor& indices, int64_t dims) {
  const int64_t first = grad.dim() - dims;
  Tensor picked = op::gather(op::flatten(grad, first, -1), first, op::flatten(indices, first, -1), false);
  return op::reshape(picked, indices.sizes());
}

Tensor avg_pool_again(const Tensor& grad, Shape kernel_size, Shape stride, Shape padding, bool ceil_mode, bool count_include_pad,
                      std::optional<int64_t> divisor_override) {
  if (kernel_size.n == 1) return op::avg_pool1d(grad, kernel_size, stride, padding, ceil_mode, count_include_pad);
  return (kernel_size.n == 2 ? op::avg_pool2d : op::avg_pool3d)(grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override);
}

Tensor adaptive_avg_again(const Tensor& grad, Shape output, int64_t dims) {
  const Shape size(output.end() - dims, dims);
  return dims == 1 ? op::adaptive_avg_pool1d(grad, size) : dims == 2 ? op::adaptive_avg_pool2d(grad, size) : op::adaptive_avg_pool3d(grad, size);
}

}  // namespace pl
