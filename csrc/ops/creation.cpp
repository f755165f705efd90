// Front functions that make tensors.
#include <cmath>
#include <cstring>
#include "core/parallel.h"
#include "ops.h"
#include "ops/recording.h"

namespace pl {
namespace native {
namespace {

DType or_default(DType d) { return d == DType::Undefined ? default_dtype() : d; }
Device or_cpu(const std::optional<Device>& d) { return d ? *d : default_device(); }

// Calls f with a pointer of the tensor's real type: for loops that run once for each element of a fresh tensor.
template <class F> void fill_with(const Tensor& t, F value) {
  if (!t->data) return;
  int64_t n = t.numel(), size = itemsize(t.dtype());
  for (int64_t i = 0; i < n; ++i) store_scalar(t->data + i * size, t.dtype(), value(i));
}

template <class T> void fill_steps(const Tensor& t, double start, double step) {
  T* p = t.ptr<T>();
  for (int64_t i = 0; i < t.numel(); ++i) p[i] = T(start + step * double(i));
}

Tensor layout_like(const Tensor& self, DType dtype, const std::optional<Device>& device, MemoryFormat format) {
  DType d = dtype == DType::Undefined ? self.dtype() : dtype;
  Device dev = device ? *device : self.device();
  if (format == MemoryFormat::Contiguous) return empty(self.sizes(), d, dev);
  if (format == MemoryFormat::ChannelsLast || format == MemoryFormat::ChannelsLast3d)
    return empty_strided(self.sizes(), channels_last_strides(self.sizes()), d, dev);
  if (dev == self.device()) return empty_like(self, d);
  Tensor shape = empty_like(self, d);
  return empty_strided(self.sizes(), shape.strides(), d, dev);
}

}  // namespace

Tensor empty(Shape size, MemoryFormat format, DType dtype, std::optional<Device> device) {
  if (format == MemoryFormat::ChannelsLast || format == MemoryFormat::ChannelsLast3d)
    return pl::empty_strided(size, channels_last_strides(size), or_default(dtype), or_cpu(device));
  return pl::empty(size, or_default(dtype), or_cpu(device));
}
Tensor empty_strided(Shape size, Shape stride, DType dtype, std::optional<Device> device) {
  return pl::empty_strided(size, stride, or_default(dtype), or_cpu(device));
}
Tensor zeros(Shape size, DType dtype, std::optional<Device> device) { return pl::zeros(size, or_default(dtype), or_cpu(device)); }
Tensor ones(Shape size, DType dtype, std::optional<Device> device) {
  return pl::full(size, Scalar(int64_t(1)), or_default(dtype), or_cpu(device));
}
Tensor full(Shape size, const Scalar& value, DType dtype, std::optional<Device> device) {
  return pl::full(size, value, dtype == DType::Undefined ? value.dtype() : dtype, or_cpu(device));
}
Tensor scalar_tensor(const Scalar& s, DType dtype, std::optional<Device> device) {
  return pl::scalar_tensor(s, or_default(dtype), or_cpu(device));
}

Tensor empty_like(const Tensor& self, DType dtype, std::optional<Device> device, MemoryFormat f) { return layout_like(self, dtype, device, f); }
Tensor zeros_like(const Tensor& self, DType dtype, std::optional<Device> device, MemoryFormat f) {
  return full_like(self, Scalar(int64_t(0)), dtype, device, f);
}
Tensor ones_like(const Tensor& self, DType dtype, std::optional<Device> device, MemoryFormat f) {
  return full_like(self, Scalar(int64_t(1)), dtype, device, f);
}
Tensor full_like(const Tensor& self, const Scalar& value, DType dtype, std::optional<Device> device, MemoryFormat f) {
  Tensor r = layout_like(self, dtype, device, f);
  if (!r->data) return r;
  size_t bytes = size_t(r.numel()) * itemsize(r.dtype());
  if (value.is_integral() && value.i == 0) {
    std::memset(r->data, 0, bytes);     // the layout is dense
  } else {
    Tensor one = pl::full({r.numel()}, value, r.dtype());
    std::memcpy(r->data, one->data, bytes);
  }
  return r;
}

Tensor new_empty(const Tensor& self, Shape size, DType dtype, std::optional<Device> device) {
  return pl::empty(size, dtype == DType::Undefined ? self.dtype() : dtype, device ? *device : self.device());
}
Tensor empty_permuted(Shape size, Shape physical_layout, DType dtype, std::optional<Device> device) {
  PL_CHECK(size.n == physical_layout.n, "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = %d is not equal to "
           "len(physical_layout) = %d", int(size.n), int(physical_layout.n));
  std::vector<bool> seen(size_t(size.n), false);
  std::vector<int64_t> strides(size_t(size.n), 1);
  int64_t step = 1;
  for (int k = int(size.n) - 1; k >= 0; --k) {
    const int64_t d = physical_layout[k];
    PL_CHECK(d >= 0 && d < size.n, "Dimension out of range (expected to be between 0 and %d, but got %lld at index %d).  NB: negative dims not currently supported; "
             "file an issue if you want it.", int(size.n) - 1, (long long)d, k);
    PL_CHECK(!seen[size_t(d)], "Duplicate dim not allowed");
    PL_CHECK(size[int(d)] >= 0, "Trying to create tensor with negative dimension %lld: %s", (long long)size[int(d)], to_string(size).c_str());
    seen[size_t(d)] = true;
    strides[size_t(d)] = step;
    step = checked_mul(step, std::max<int64_t>(size[int(d)], 1));
  }
  return pl::empty_strided(size, strides, or_default(dtype), or_cpu(device));
}

Tensor new_zeros(const Tensor& self, Shape size, DType dtype, std::optional<Device> device) {
  return pl::zeros(size, dtype == DType::Undefined ? self.dtype() : dtype, device ? *device : self.device());
}
Tensor new_ones(const Tensor& self, Shape size, DType dtype, std::optional<Device> device) {
  return new_full(self, size, Scalar(int64_t(1)), dtype, device);
}
Tensor new_full(const Tensor& self, Shape size, const Scalar& value, DType dtype, std::optional<Device> device) {
  return pl::full(size, value, dtype == DType::Undefined ? self.dtype() : dtype, device ? *device : self.device());
}
Tensor new_empty_strided(const Tensor& self, Shape size, Shape stride, DType dtype, std::optional<Device> device) {
  return pl::empty_strided(size, stride, dtype == DType::Undefined ? self.dtype() : dtype, device ? *device : self.device());
}

// How many steps lead from start to before end; the distance may be more than an int64 holds.
static int64_t steps_between(int64_t start, int64_t end, int64_t step) {
  const uint64_t from = uint64_t(step > 0 ? start : end), to = uint64_t(step > 0 ? end : start);
  const uint64_t distance = to - from, by = step > 0 ? uint64_t(step) : -uint64_t(step);
  return int64_t(distance / by + (distance % by != 0));
}

Tensor arange_start(const Scalar& start, const Scalar& end, const Scalar& step, DType dtype, std::optional<Device> device) {
  bool integral = start.is_integral() && end.is_integral() && step.is_integral();
  DType d = dtype != DType::Undefined ? dtype : integral ? DType::Int64 : default_dtype();
  if (is_integral(d) && !integral) {      // PyTorch steps in whole numbers, and counts them so for int64
    PL_CHECK_AS(Value, step.to_int() != 0 || step.to_double() == 0, "", "step must be nonzero");
    if (d == DType::Int64) return arange_start(Scalar(start.to_int()), Scalar(end.to_int()), Scalar(step.to_int()), d, device);
  }
  double s = step.to_double(), a = start.to_double(), b = end.to_double();
  PL_CHECK(s != 0, "step must be nonzero");
  PL_CHECK(std::isfinite(a) && std::isfinite(b), "unsupported range: %g -> %g", a, b);
  PL_CHECK((s > 0 && b >= a) || (s < 0 && b <= a), "upper bound and lower bound inconsistent with step sign");
  PL_CHECK((b - a) / s < 0x1p62, "invalid size, possible overflow?");
  int64_t n = integral && is_integral(d) ? steps_between(start.i, end.i, step.i) : int64_t(std::ceil((b - a) / s));
  Tensor t = pl::empty({n}, d, or_cpu(device));
  if (!t->data) return t;
  if (d == DType::Int64 && integral) {
    int64_t* p = t.ptr<int64_t>();
    for (int64_t i = 0; i < n; ++i) p[i] = start.i + i * step.i;
  } else if (d == DType::Float32) {
    // PyTorch steps in the accumulation type and rounds once.
    fill_steps<float>(t, a, s);
  } else if (d == DType::Float64) {
    fill_steps<double>(t, a, s);
  } else {
    fill_with(t, [&](int64_t i) { return integral ? Scalar(start.i + i * step.i)
                              : is_integral(d) ? Scalar(start.to_int() + i * step.to_int()) : Scalar(a + double(i) * s); });
  }
  return t;
}

Tensor arange(const Scalar& end, DType dtype, std::optional<Device> device) {
  return arange_start(Scalar(int64_t(0)), end, Scalar(int64_t(1)), dtype, device);
}

Tensor range(const Scalar& start, const Scalar& end, const Scalar& step, DType dtype, std::optional<Device> device) {
  double s = step.to_double(), a = start.to_double(), b = end.to_double();
  PL_CHECK(s != 0, "step must be nonzero");
  PL_CHECK((s > 0 && b >= a) || (s < 0 && b <= a), "upper bound and lower bound inconsistent with step sign");
  Tensor t = pl::empty({int64_t((b - a) / s) + 1}, or_default(dtype), or_cpu(device));
  fill_with(t, [&](int64_t i) { return Scalar(a + double(i) * s); });
  return t;
}

namespace {
// From both ends to the middle, as PyTorch does: the last number is exactly `end`. T is the type that it computes in.
template <class T> double evenly(int64_t i, int64_t steps, T a, T b) {
  T step = steps > 1 ? T((b - a) / T(steps - 1)) : T(0);
  return i < steps / 2 ? double(T(a + step * T(i))) : double(T(b - step * T(steps - 1 - i)));
}
template <class F> Tensor spaced(const Scalar& start, const Scalar& end, int64_t steps, DType dtype, const std::optional<Device>& device, F f) {
  PL_CHECK(steps >= 0, "number of steps must be non-negative");
  DType d = dtype != DType::Undefined ? dtype : start.is_complex() || end.is_complex() ? complex_of(default_dtype()) : default_dtype();
  Tensor t = pl::empty({steps}, d, or_cpu(device));
  const bool whole = is_integral(d);      // the ends are cut to whole numbers first, the numbers between them afterwards
  double a = whole ? double(start.to_int()) : start.to_double(), b = whole ? double(end.to_int()) : end.to_double();
  bool narrow = itemsize(d) <= 4 && is_floating(d);
  fill_with(t, [&](int64_t i) {
    if (steps == 1) return is_complex(d) ? Scalar(a, start.im) : f(a);
    if (is_complex(d)) return Scalar(evenly<double>(i, steps, a, b), evenly<double>(i, steps, start.im, end.im));
    return f(narrow ? evenly<float>(i, steps, float(a), float(b)) : evenly<double>(i, steps, a, b));
  });
  return t;
}
}  // namespace

Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps, DType dtype, std::optional<Device> device) {
  return spaced(start, end, steps, dtype, device, [](double v) { return Scalar(v); });
}

Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base, DType dtype, std::optional<Device> device) {
  const DType d = dtype == DType::Undefined && (start.is_complex() || end.is_complex()) ? complex_of(default_dtype()) : dtype;
  if (d != DType::Undefined && is_complex(d)) {
    const DType wide = DType::Complex128;
    return op::_to_copy(op::pow(Scalar(base), linspace(start, end, steps, wide, device)), d, MemoryFormat::None);
  }
  if (d != DType::Undefined && is_integral(d) && steps == 1) return pl::full({1}, Scalar(int64_t(std::pow(base, start.to_double()))), d, or_cpu(device));
  return spaced(start, end, steps, dtype, device, [base](double v) { return Scalar(std::pow(base, v)); });
}

namespace {
Scalar end_of_range(const char* name, const Operand& o, const char* which) {
  PL_CHECK(!o.t || o.t.dim() == 0, "%s only supports 0-dimensional start and end tensors, but got %s with %d dimension(s).", name, which, o.t.dim());
  return o.t ? item(o.t) : o.s;
}
}  // namespace

Tensor linspace_tensors(const Operand& start, const Operand& end, int64_t steps, DType dtype, std::optional<Device> device) {
  return linspace(end_of_range("linspace", start, "start"), end_of_range("linspace", end, "end"), steps, dtype, device);
}
Tensor logspace_tensors(const Operand& start, const Operand& end, int64_t steps, double base, DType dtype, std::optional<Device> device) {
  return logspace(end_of_range("logspace", start, "start"), end_of_range("logspace", end, "end"), steps, base, dtype, device);
}

Tensor eye(int64_t n, std::optional<int64_t> m, DType dtype, std::optional<Device> device) {
  PL_CHECK(n >= 0, "n must be greater or equal to 0, got %lld", (long long)n);
  PL_CHECK(!m || *m >= 0, "m must be greater or equal to 0, got %lld", (long long)m.value_or(0));
  int64_t cols = m.value_or(n);
  Tensor t = pl::zeros({n, cols}, or_default(dtype), or_cpu(device));
  int64_t size = itemsize(t.dtype());
  for (int64_t i = 0; t->data && i < n && i < cols; ++i) store_scalar(t->data + (i * cols + i) * size, t.dtype(), Scalar(int64_t(1)));
  return t;
}

// ---- complex numbers
Tensor complex(const Tensor& real, const Tensor& imag) {
  for (const Tensor* t : {&real, &imag})
    PL_CHECK(t->dtype() == DType::Float32 || t->dtype() == DType::Float64 || t->dtype() == DType::Float16,
             "Expected both inputs to be Half, Float or Double tensors but got %s and %s", info(real.dtype()).scalar_name, info(imag.dtype()).scalar_name);
  PL_CHECK(real.dtype() == imag.dtype(), "Expected object of scalar type %s but got scalar type %s for second argument",
           info(real.dtype()).scalar_name, info(imag.dtype()).scalar_name);
  Tensor r = pl::empty(broadcast_shapes(real.sizes(), imag.sizes()), complex_of(real.dtype()), real.device());
  Tensor parts = view_as_real(r);
  auto part = [&](int64_t i) {
    return alias(parts, r.sizes(), Shape(parts.strides().p, r.dim()), parts->offset + i, parts.dtype());
  };
  copy_into(part(0), real);
  copy_into(part(1), imag);
  return r;
}

Tensor polar(const Tensor& abs, const Tensor& angle) {
  return op::complex(op::mul(abs, op::cos(angle)), op::mul(abs, op::sin(angle)));
}

namespace {
Tensor retyped_view(const Tensor& self, Shape sizes, Shape strides, int64_t offset, DType dtype) {
  Tensor v = as_view(self, sizes, strides, 0);
  v->dtype = dtype;
  set_geometry(v.get(), sizes, strides, offset);
  return v;
}
}  // namespace

Tensor view_as_real(const Tensor& self) {
  PL_CHECK(is_complex(self.dtype()), "view_as_real is only supported for complex tensors");
  std::vector<int64_t> sizes = self.sizes().vec(), strides = self.strides().vec();
  for (int64_t& s : strides) s *= 2;
  sizes.push_back(2);
  strides.push_back(1);
  return retyped_view(self, sizes, strides, self->offset * 2, real_of(self.dtype()));
}

Tensor view_as_complex(const Tensor& self) {
  PL_CHECK(self.dtype() == DType::Float32 || self.dtype() == DType::Float64, "view_as_complex is only supported for half, float and double tensors, "
           "but got a tensor of scalar type: %s", info(self.dtype()).scalar_name);
  PL_CHECK(self.dim() > 0, "Input tensor must have one or more dimensions");
  PL_CHECK(self.size(-1) == 2, "Tensor must have a last dimension of size 2");
  PL_CHECK(self.stride(-1) == 1, "Tensor must have a last dimension with stride 1");
  std::vector<int64_t> sizes = self.sizes().vec(), strides = self.strides().vec();
  sizes.pop_back();
  strides.pop_back();
  for (int64_t& s : strides) {
    PL_CHECK(s % 2 == 0, "Tensor must have a stride divisible by 2 for all but last dimension");
    s /= 2;
  }
  PL_CHECK(self->offset % 2 == 0, "Tensor must have a storage_offset divisible by 2");
  return retyped_view(self, sizes, strides, self->offset / 2, complex_of(self.dtype()));
}

Tensor real(const Tensor& self) {
  return is_complex(self.dtype()) ? op::select(op::view_as_real(self), -1, 0) : self;
}

Tensor imag(const Tensor& self) {
  PL_CHECK(is_complex(self.dtype()), "imag is not implemented for tensors with non-complex dtypes.");
  return op::select(op::view_as_real(self), -1, 1);
}

}  // namespace native
}  // namespace pl
