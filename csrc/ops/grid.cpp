// Sampling images and volumes at the points of a grid, and the grids of affine maps.
#include "cpu/kernels.h"
#include "native.h"
#include "ops/derivatives.h"
#include "ops/fused.h"

namespace pl {
namespace {

constexpr int64_t kPoints = 256;         // of a piece of work
constexpr int64_t kGrain = 1 << 12;      // points times channels worth a thread

template <class T> const GridFunctions<T>& kernels();
template <> const GridFunctions<float>& kernels() { return cpu().grid.f32; }
template <> const GridFunctions<double>& kernels() { return cpu().grid.f64; }

struct Settings {
  int64_t mode, padding;
  bool align;
  int dims;
};

void check_grid(const Tensor& input, const Tensor& grid, const Settings& s) {
  const std::string in = to_string(input.sizes()), points = to_string(grid.sizes());
  PL_CHECK_AS(Runtime, input.device() == grid.device(), "device_mismatch", "grid_sampler(): expected input and grid to be on same device, but input is on %s and grid is on %s",
              device_name(input.device()).c_str(), device_name(grid.device()).c_str());
  PL_CHECK(input.dim() > 0 && grid.dim() > 0 && input.size(0) == grid.size(0),
           "grid_sampler(): expected grid and input to have same batch size, but got input with sizes %s and grid with sizes %s", in.c_str(), points.c_str());
  PL_CHECK(grid.size(-1) == input.dim() - 2, "grid_sampler(): expected grid to have size %d in last dimension, but got grid with sizes %s", input.dim() - 2,
           points.c_str());
  PL_CHECK(input.dim() == s.dims + 2 && input.dim() == grid.dim(),
           "grid_sampler(): expected %dD input and grid with same number of dimensions, but got input with sizes %s and grid with sizes %s", s.dims + 2, in.c_str(),
           points.c_str());
  for (int d = 2; d < input.dim(); ++d)
    PL_CHECK(input.size(d) > 0, "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes %s with dimension %d being empty", in.c_str(), d);
  PL_CHECK(s.mode >= 0 && s.mode <= 2, "grid_sampler(): interpolation mode %lld is none of 0 (bilinear), 1 (nearest) and 2 (bicubic)", (long long)s.mode);
  PL_CHECK(s.padding >= 0 && s.padding <= 2, "grid_sampler(): padding mode %lld is none of 0 (zeros), 1 (border) and 2 (reflection)", (long long)s.padding);
  PL_CHECK(s.dims == 2 || s.mode != int64_t(GridMode::Cubic), "grid_sampler(): bicubic interpolation only supports 4D input");
  PL_CHECK_AS(NotImplemented, is_floating(input.dtype()), "dtype_unsupported", "\"grid_sampler_%dd_cpu_kernel_impl\" not implemented for '%s'", s.dims,
              info(input.dtype()).scalar_name);
  PL_CHECK_AS(Runtime, input.dtype() == grid.dtype(), "dtype_mismatch", "expected scalar type %s but found %s", info(input.dtype()).scalar_name,
              info(grid.dtype()).scalar_name);
}

template <class T> GridArgs<T> args_of(const Tensor& input, const Tensor& grid, const Settings& s) {
  GridArgs<T> a{GridMode(s.mode), GridPadding(s.padding), s.align, s.dims, input.size(1), {1, 1, 1}, grid.numel() / (grid.size(0) * s.dims), grid.ptr<T>()};
  for (int d = 0; d < s.dims; ++d) a.size[3 - s.dims + d] = input.size(2 + d);
  return a;
}

Tensor sample(const Tensor& input, const Tensor& grid, const Settings& s) {
  check_grid(input, grid, s);
  const DType d = kernel_dtype(input.dtype());
  std::vector<int64_t> sizes = {input.size(0), input.size(1)};
  for (int i = 1; i <= s.dims; ++i) sizes.push_back(grid.size(i));
  Tensor out = empty(sizes, d, input.device());
  if (input.is_meta() || out.numel() == 0) return cast(out, input.dtype());
  Tensor x = kernel_data(input, d), g = kernel_data(grid, d);
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const GridArgs<T> all = args_of<T>(x, g, s);
    const T* in = x.ptr<T>();
    T* to = out.ptr<T>();
    const int64_t pieces = (all.points + kPoints - 1) / kPoints, batch = input.size(0);
    ReleaseGil free(out.numel() * 4);
    parallel_for(batch * pieces, std::max<int64_t>(1, kGrain / (kPoints * all.channels)), [&](int64_t from, int64_t end) {
      for (int64_t i = from; i < end; ++i) {
        const int64_t n = i / pieces, p = i % pieces * kPoints;
        GridArgs<T> part = all;
        part.grid += (n * all.points + p) * all.dims;
        part.points = std::min(kPoints, all.points - p);
        kernels<T>().forward(part, in + n * all.channels * all.plane(), to + n * all.channels * all.points + p, all.points);
      }
    });
  });
  return cast(out, input.dtype());
}

Tensor input_grad(const Tensor& grad, const Tensor& input, const Tensor& grid, const Settings& s) {
  const DType d = kernel_dtype(input.dtype());
  Tensor dx = zeros(input.sizes(), d, input.device());
  if (input.is_meta() || grad.numel() == 0) return cast(dx, input.dtype());
  Tensor g = kernel_data(grad, d), points = kernel_data(grid, d);
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const GridArgs<T> all = args_of<T>(dx, points, s);
    const T* gp = g.ptr<T>();
    T* to = dx.ptr<T>();
    ReleaseGil free(grad.numel() * 4);
    // By planes, because points may share elements.
    parallel_for(input.size(0) * all.channels, std::max<int64_t>(1, kGrain / std::max<int64_t>(all.points, 1)), [&](int64_t from, int64_t end) {
      while (from < end) {
        const int64_t n = from / all.channels, stop = std::min(end, (n + 1) * all.channels);
        GridArgs<T> part = all;
        part.grid += n * all.points * all.dims;
        part.channels = stop - from;
        kernels<T>().input_grad(part, gp + from * all.points, to + from * all.plane());
        from = stop;
      }
    });
  });
  return cast(dx, input.dtype());
}

Tensor grid_grad(const Tensor& grad, const Tensor& input, const Tensor& grid, const Settings& s) {
  const DType d = kernel_dtype(input.dtype());
  Tensor dg = zeros(grid.sizes(), d, grid.device());
  if (input.is_meta() || grad.numel() == 0) return cast(dg, grid.dtype());
  Tensor g = kernel_data(grad, d), x = kernel_data(input, d), points = kernel_data(grid, d);
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const GridArgs<T> all = args_of<T>(x, points, s);
    const T *gp = g.ptr<T>(), *in = x.ptr<T>();
    T* to = dg.ptr<T>();
    const int64_t pieces = (all.points + kPoints - 1) / kPoints;
    ReleaseGil free(grad.numel() * 4);
    parallel_for(input.size(0) * pieces, std::max<int64_t>(1, kGrain / (kPoints * all.channels)), [&](int64_t from, int64_t end) {
      for (int64_t i = from; i < end; ++i) {
        const int64_t n = i / pieces, p = i % pieces * kPoints;
        GridArgs<T> part = all;
        part.grid += (n * all.points + p) * all.dims;
        part.points = std::min(kPoints, all.points - p);
        kernels<T>().grid_grad(part, gp + n * all.channels * all.points + p, all.points, in + n * all.channels * all.plane(), to + (n * all.points + p) * all.dims);
      }
    });
  });
  return cast(dg, grid.dtype());
}

// ---- the same as a chain of operators, for second derivatives
Tensor plus(const Tensor& a, const Operand& b) { return op::add(a, b, Scalar(1)); }
Tensor less(const Tensor& a, const Operand& b) { return op::sub(a, b, Scalar(1)); }
Tensor times(const Tensor& a, const Operand& b) { return op::mul(a, b); }
Tensor polynomial(const Tensor& x, std::initializer_list<double> coefficients) {
  Tensor r;
  for (double c : coefficients) r = r ? plus(times(r, x), Scalar(c)) : plus(times(x, Scalar(0.0)), Scalar(c));
  return r;
}

Tensor floored(const Tensor& x, bool nearest = false) {
  NoGrad no_grad;
  return nearest ? op::round_even(x) : op::floor(x);
}

Tensor reflect_by_operators(const Tensor& p, double low, double span) {
  if (span == 0) return times(p, Scalar(0.0));
  Tensor x = op::abs(less(p, Scalar(low))), flips = floored(times(x, Scalar(1 / span))), extra = less(x, times(flips, Scalar(span)));
  Tensor even = op::eq(op::remainder(flips, Scalar(2.0)), Scalar(0.0));
  return plus(op::where_self(even, extra, less(times(extra, Scalar(-1.0)), Scalar(-span))), Scalar(low));
}

Tensor pad_by_operators(const Tensor& p, int64_t size, const Settings& s) {
  Tensor r = p;
  if (s.padding == int64_t(GridPadding::Zeros)) return r;
  if (s.padding == int64_t(GridPadding::Reflection)) r = s.align ? reflect_by_operators(r, 0, double(size - 1)) : reflect_by_operators(r, -0.5, double(size));
  const Scalar zero(0.0), last(double(size - 1));
  r = op::where_self(op::gt(r, zero), r, zero);
  return op::where_self(op::lt(r, last), r, last);
}

struct OperatorTaps {
  TensorList index, weight;          // [batch, 1, points] each; weights are 0 outside
};

OperatorTaps taps_by_operators(const Tensor& coordinate, int64_t size, const Settings& s) {
  Tensor p = s.align ? times(plus(coordinate, Scalar(1.0)), Scalar(double(size - 1) / 2))
                     : times(less(times(plus(coordinate, Scalar(1.0)), Scalar(double(size))), Scalar(1.0)), Scalar(0.5));
  const bool cubic = s.mode == int64_t(GridMode::Cubic), nearest = s.mode == int64_t(GridMode::Nearest);
  if (!cubic) p = pad_by_operators(p, size, s);
  Tensor low = floored(p, nearest), x = less(p, low);
  OperatorTaps t;
  auto add = [&](const Tensor& at, const Tensor& weight) {
    Tensor inside = op::logical_and(op::ge(at, Scalar(0.0)), op::le(at, Scalar(double(size - 1))));
    t.index.push_back(op::_to_copy(op::where_self(inside, at, Scalar(0.0)), DType::Int64, MemoryFormat::None));
    t.weight.push_back(op::where_self(inside, weight, Scalar(0.0)));
  };
  if (nearest) {
    add(low, plus(times(x, Scalar(0.0)), Scalar(1.0)));
  } else if (!cubic) {
    add(low, plus(times(x, Scalar(-1.0)), Scalar(1.0)));
    add(plus(low, Scalar(1.0)), x);
  } else {
    Tensor rest = plus(times(x, Scalar(-1.0)), Scalar(1.0));
    const Tensor weights[] = {polynomial(plus(x, Scalar(1.0)), {-0.75, 3.75, -6, 3}), polynomial(x, {1.25, -2.25, 0, 1}), polynomial(rest, {1.25, -2.25, 0, 1}),
                              polynomial(plus(rest, Scalar(1.0)), {-0.75, 3.75, -6, 3})};
    for (int k = 0; k < 4; ++k) add(pad_by_operators(plus(low, Scalar(double(k - 1))), size, s), weights[k]);
  }
  return t;
}

Tensor by_operators(const Tensor& input, const Tensor& grid, const Settings& s) {
  const int64_t batch = input.size(0), channels = input.size(1);
  Tensor flat = op::flatten(input, 2, -1), result;
  OperatorTaps taps[3];        // x, y, z
  for (int d = 0; d < s.dims; ++d) taps[d] = taps_by_operators(op::reshape(op::select(grid, -1, d), {batch, 1, -1}), input.size(-1 - d), s);
  if (s.dims == 2) taps[2] = {{zeros({1, 1, 1}, DType::Int64)}, {full({1, 1, 1}, Scalar(1.0), input.dtype())}};
  for (size_t k = 0; k < taps[2].index.size(); ++k)
    for (size_t j = 0; j < taps[1].index.size(); ++j)
      for (size_t i = 0; i < taps[0].index.size(); ++i) {
        const int64_t height = s.dims == 3 ? input.size(-2) : 1;
        Tensor row = plus(times(taps[2].index[k], Scalar(height)), taps[1].index[j]);
        Tensor at = plus(times(row, Scalar(input.size(-1))), taps[0].index[i]);
        Tensor weight = times(times(taps[0].weight[i], taps[1].weight[j]), taps[2].weight[k]);
        Tensor part = times(op::gather(flat, 2, op::expand(at, {batch, channels, at.size(2)}, false), false), weight);
        result = result ? plus(result, part) : part;
      }
  std::vector<int64_t> sizes = {batch, channels};
  for (int i = 1; i <= s.dims; ++i) sizes.push_back(grid.size(i));
  return op::reshape(result, sizes);
}

struct GridNode final : Node {
  Settings settings;
  SavedTensor input_, grid_;

  const char* name() const override { return settings.dims == 2 ? "GridSampler2DBackward0" : "GridSampler3DBackward0"; }
  void release_saved() override {
    input_.reset();
    grid_.reset();
  }
  void saved(std::function<void(const char*, const Tensor&)> f) override {
    f("input", input_.unpack(this, "input"));
    f("grid", grid_.unpack(this, "grid"));
  }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0]) return;
    Tensor x = input_.unpack(this, "input"), g = grid_.unpack(this, "grid");
    if (!grad_enabled || grads[0].numel() == 0) {
      if (needs(0)) results[0] = input_grad(grads[0], x, g, settings);
      if (needs(1)) results[1] = grid_grad(grads[0], x, g, settings);
      return;
    }
    TensorList r = differentiable_gradients({x, g}, grads, [&](const TensorList& in) { return TensorList{by_operators(in[0], in[1], settings)}; });
    for (uint32_t i = 0; i < 2; ++i) if (needs(i)) results[i] = r[i];
  }
};

Tensor sampled(const Tensor& input, const Tensor& grid, const Settings& s) {
  if (!(grad_enabled && (requires_grad(input) || requires_grad(grid)))) return sample(input, grid, s);
  NodeRef<GridNode> node(new GridNode);
  set_edges(node.get(), {&input, &grid});
  node->settings = s;
  node->input_.save(input), node->grid_.save(grid);
  Tensor out = [&] {
    NoGrad no_grad;
    return sample(input, grid, s);
  }();
  set_history(out, node.get(), 0);
  return out;
}

// [-1, 1] in n steps; with the corners not aligned, the middles of n parts of it.
Tensor axis(int64_t n, bool align, DType d, Device device) {
  if (n <= 1) return zeros({n}, d, device);
  Tensor t = op::linspace(Scalar(-1.0), Scalar(1.0), n, d, device);
  return align ? t : op::mul(t, Scalar(double(n - 1) / double(n)));
}

}  // namespace

namespace native {

Tensor grid_sampler_2d(const Tensor& input, const Tensor& grid, int64_t mode, int64_t padding, bool align) { return sampled(input, grid, {mode, padding, align, 2}); }
Tensor grid_sampler_3d(const Tensor& input, const Tensor& grid, int64_t mode, int64_t padding, bool align) { return sampled(input, grid, {mode, padding, align, 3}); }
Tensor grid_sampler(const Tensor& input, const Tensor& grid, int64_t mode, int64_t padding, bool align) {
  return sampled(input, grid, {mode, padding, align, input.dim() == 5 ? 3 : 2});
}

Tensor affine_grid_generator(const Tensor& theta, Shape size, bool align) {
  PL_CHECK(size.n == 4 || size.n == 5, "AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.");
  const int dims = size.n - 2;
  PL_CHECK(theta.dim() == 3 && theta.size(0) == size[0] && theta.size(1) == dims && theta.size(2) == dims + 1,
           "Expected a batch of affine matrices of shape %lldx%dx%d. Got %s.", (long long)size[0], dims, dims + 1, to_string(theta.sizes()).c_str());
  std::vector<int64_t> sizes(size.begin() + 2, size.end());
  TensorList coordinates;
  for (int d = dims - 1; d >= 0; --d) {
    std::vector<int64_t> seen(size_t(dims), 1);
    seen[size_t(d)] = sizes[size_t(d)];
    coordinates.push_back(op::expand(op::view(axis(sizes[size_t(d)], align, theta.dtype(), theta.device()), seen), sizes, false));
  }
  coordinates.push_back(op::expand(full({1}, Scalar(1.0), theta.dtype(), theta.device()), sizes, false));
  Tensor base = op::expand(op::reshape(op::stack(coordinates, -1), {1, -1, dims + 1}), {size[0], -1, -1}, false);
  std::vector<int64_t> shape = {size[0]};
  shape.insert(shape.end(), sizes.begin(), sizes.end());
  shape.push_back(dims);
  return op::view(op::bmm(base, op::transpose(theta, 1, 2)), shape);
}

}  // namespace native
}  // namespace pl
