// Normalisation: layer, RMS, batch, group and instance norm, each a fused kernel with a fused backward.
#include "cpu/kernels.h"
#include "native.h"
#include "ops/fused.h"

namespace pl {
namespace {

using Sizes = std::vector<int64_t>;
constexpr int64_t kGrain = 1 << 14;      // elements worth a thread

template <class T> const NormFunctions<T>& kernels();
template <> const NormFunctions<float>& kernels() { return cpu().norm.f32; }
template <> const NormFunctions<double>& kernels() { return cpu().norm.f64; }

template <class T> const T* data_of(const Tensor& t) { return t ? t.ptr<T>() : nullptr; }
int64_t rows_a_thread(int64_t row) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(row, 1)); }

Tensor plus(const Tensor& a, const Operand& b) { return op::add(a, b, Scalar(1)); }
Tensor minus(const Tensor& a, const Tensor& b) { return op::sub(a, b, Scalar(1)); }
Tensor mean_over(const Tensor& t, Shape dims) { return op::mean_dim(t, std::optional<Shape>(dims), true, DType::Undefined); }

// (x - mean) / sqrt(variance + eps) over dims, as operators.
Tensor standardised(const Tensor& x, Shape dims, double eps, bool centre = true) {
  Tensor d = centre ? minus(x, mean_over(x, dims)) : x;
  return op::mul(d, op::rsqrt(plus(mean_over(op::mul(d, d), dims), Scalar(eps))));
}

// y * weight + bias, either of which may be missing; both are seen in `shape`.
Tensor with_parameters(Tensor y, const Tensor& weight, const Tensor& bias, Shape shape) {
  if (weight) y = op::mul(y, op::view(weight, shape));
  return bias ? plus(y, op::view(bias, shape)) : y;
}

void check_parameter_dtype(const Tensor& input, std::initializer_list<const Tensor*> parameters) {
  for (const Tensor* p : parameters) {
    if (!*p) continue;
    const bool narrow = itemsize(input.dtype()) == 2 && p->dtype() == DType::Float32;
    PL_CHECK_AS(Runtime, p->dtype() == input.dtype() || narrow, "dtype_mismatch", "mixed dtype (CPU): expect parameter to have scalar type of Float");
  }
}

void check_floating(const Tensor& input, const char* kernel) {
  PL_CHECK_AS(NotImplemented, is_floating(input.dtype()), "dtype_unsupported", "\"%s\" not implemented for '%s'", kernel, info(input.dtype()).scalar_name);
}

// What the nodes of all norms are made of.
struct NormNode : Node {
  SavedTensor input_, weight_, bias_;
  Tensor mean_, rstd_;           // in the kernel's dtype
  double eps = 0;

  void save(const Tensor& input, const Tensor& weight, const Tensor& bias, double e) {
    set_edges(this, {&input, &weight, &bias});
    input_.save(input);
    weight_.save(weight);
    bias_.save(bias);
    eps = e;
  }
  void release_saved() override {
    input_.reset();
    weight_.reset();
    bias_.reset();
    mean_ = rstd_ = Tensor();
  }
  void saved(std::function<void(const char*, const Tensor&)> f) override {
    f("input", input_.unpack(this, "input"));
    if (Tensor w = weight_.unpack(this, "weight")) f("weight", w);
  }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0]) return;
    Tensor x = input_.unpack(this, "input"), w = weight_.unpack(this, "weight"), b = bias_.unpack(this, "bias");
    if (meta_gradients({x, w, b}, *this, results)) return;
    if (!grad_enabled) return fused(grads[0], x, w, results);
    TensorList r = differentiable_gradients({x, w, b}, grads, [this](const TensorList& in) { return TensorList{by_operators(in[0], in[1], in[2])}; });
    for (uint32_t i = 0; i < 3; ++i) if (needs(i)) results[i] = r[i];
  }
  virtual void fused(const Tensor& grad, const Tensor& x, const Tensor& w, Tensor* results) = 0;
  virtual Tensor by_operators(const Tensor& x, const Tensor& w, const Tensor& b) = 0;
};

bool wants_node(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  return grad_enabled && (requires_grad(input) || requires_grad(weight) || requires_grad(bias));
}

// ---- layer norm and RMS norm: over the last dimensions, one row at a time
int64_t row_length(const Tensor& x, int dims) {
  int64_t n = 1;
  for (int d = x.dim() - dims; d < x.dim(); ++d) n *= x.size(d);
  return n;
}

Tensor normalise_rows(RowNorm kind, const Tensor& input, const Tensor& weight, const Tensor& bias, int dims, double eps, Tensor& mean, Tensor& rstd) {
  const DType d = kernel_dtype(input.dtype());
  const int64_t n = row_length(input, dims), m = n ? input.numel() / n : 0;
  mean = kind == RowNorm::Layer ? empty({m}, d, input.device()) : Tensor();
  rstd = empty({m}, d, input.device());
  Tensor y = empty(input.sizes(), d, input.device());
  if (input.is_meta() || y.numel() == 0) return cast(y, input.dtype());
  Tensor x = kernel_data(input, d), w = kernel_data(weight, d), b = kernel_data(bias, d);
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T *xp = x.ptr<T>(), *wp = data_of<T>(w), *bp = data_of<T>(b);
    T *yp = y.ptr<T>(), *mp = mean ? mean.ptr<T>() : nullptr, *rp = rstd.ptr<T>();
    ReleaseGil free(x.numel());
    parallel_for(m, rows_a_thread(n), [&](int64_t from, int64_t to) {
      kernels<T>().rows[int(kind)](to - from, n, xp + from * n, wp, bp, T(eps), yp + from * n, mp ? mp + from : nullptr, rp + from);
    });
  });
  return cast(y, input.dtype());
}

struct RowNormNode final : NormNode {
  RowNorm kind;
  int dims;

  const char* name() const override { return kind == RowNorm::Layer ? "NativeLayerNormBackward0" : "FusedRmsNormBackward0"; }
  void fused(const Tensor& grad, const Tensor& input, const Tensor& weight, Tensor* results) override {
    const DType d = kernel_dtype(input.dtype());
    const int64_t n = row_length(input, dims), m = n ? input.numel() / n : 0;
    Tensor g = kernel_data(grad, d), x = kernel_data(input, d), w = kernel_data(weight, d);
    Tensor dx = needs(0) ? empty(input.sizes(), d) : Tensor(), dw, db;
    const Shape row(input.sizes().end() - dims, dims);
    if (needs(1) || needs(2)) dw = zeros(row, d);
    if (needs(2)) db = zeros(row, d);
    if (input.numel())
      with_float(d, [&](auto t) {
        using T = decltype(t);
        const T *gp = g.ptr<T>(), *xp = x.ptr<T>(), *wp = data_of<T>(w), *mp = data_of<T>(mean_), *rp = rstd_.ptr<T>();
        T *dxp = dx ? dx.ptr<T>() : nullptr, *dwp = dw ? dw.ptr<T>() : nullptr, *dbp = db ? db.ptr<T>() : nullptr;
        ReleaseGil free(m * n);
        if (dxp)
          parallel_for(m, rows_a_thread(n), [&](int64_t b, int64_t e) {
            kernels<T>().rows_backward[int(kind)](e - b, n, gp + b * n, xp + b * n, wp, mp ? mp + b : nullptr, rp + b, dxp + b * n);
          });
        if (dwp)
          parallel_for(n, std::max<int64_t>(128, rows_a_thread(m)), [&](int64_t b, int64_t e) {
            kernels<T>().rows_params[int(kind)](m, e - b, n, gp + b, xp + b, mp, rp, dwp + b, dbp ? dbp + b : nullptr);
          });
      });
    if (needs(0)) results[0] = cast(dx, input.dtype());
    if (needs(1)) results[1] = cast(dw, weight.dtype());
    if (needs(2)) results[2] = cast(db, bias_.unpack(this, "bias").dtype());
  }
  Tensor by_operators(const Tensor& x, const Tensor& w, const Tensor& b) override {
    Sizes over;
    for (int d = x.dim() - dims; d < x.dim(); ++d) over.push_back(d);
    return with_parameters(standardised(x, over, eps, kind == RowNorm::Layer), w, b, Shape(x.sizes().end() - dims, dims));
  }
};

void check_rows(const Tensor& input, Shape shape, const Tensor& weight, const Tensor& bias) {
  PL_CHECK(shape.n > 0, "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = []");
  auto fits = [&](const Tensor& p, const char* name) {
    PL_CHECK_AS(Runtime, !p || p.sizes() == shape, "normalized_shape", "Expected %s to be of same shape as normalized_shape, but got %s of shape %s and normalized_shape = %s", name,
                name, to_string(p.sizes()).c_str(), to_string(shape).c_str());
  };
  fits(weight, "weight");
  fits(bias, "bias");
  const bool ends = input.dim() >= shape.n && Shape(input.sizes().end() - shape.n, shape.n) == shape;
  std::string wanted = to_string(shape);
  PL_CHECK_AS(Runtime, ends, "normalized_shape", "Given normalized_shape=%s, expected input with shape [*, %s, but got input of size%s", wanted.c_str(), wanted.c_str() + 1,
              to_string(input.sizes()).c_str());
}

struct RowsResult {
  Tensor output, mean, rstd;
};

RowsResult row_norm(RowNorm kind, const Tensor& input, Shape shape, const Tensor& weight, const Tensor& bias, double eps) {
  check_rows(input, shape, weight, bias);
  check_floating(input, kind == RowNorm::Layer ? "LayerNormKernelImpl" : "rms_norm");
  check_parameter_dtype(input, {&weight, &bias});
  RowsResult r;
  if (!wants_node(input, weight, bias)) {
    r.output = normalise_rows(kind, input, weight, bias, shape.n, eps, r.mean, r.rstd);
    return r;
  }
  NodeRef<RowNormNode> node(new RowNormNode);
  node->save(input, weight, bias, eps);
  node->kind = kind;
  node->dims = shape.n;
  r.output = normalise_rows(kind, input, weight, bias, shape.n, eps, node->mean_, node->rstd_);
  r.mean = node->mean_;
  r.rstd = node->rstd_;
  set_history(r.output, node.get());
  return r;
}

// ---- batch norm: over all but the channels
// A tensor seen as [n, c, s]; memory that runs along the channels (channels_last, or no further dimensions) has s = 1.
struct Channels {
  int64_t n = 0, c = 0, s = 1;
  bool last;             // the channels lie innermost
  Channels(const Tensor& t, bool channels_last) {
    n = t.size(0);
    c = t.size(1);
    for (int d = 2; d < t.dim(); ++d) s *= t.size(d);
    if (channels_last) {
      n *= s;
      s = 1;
    }
    last = s == 1;
  }
  int64_t each() const { return n * s; }
  int64_t at(int64_t i, int64_t channel) const { return (i * c + channel) * s; }
};


// Calls run(first channel, last channel) on the threads.
template <class F> void over_channels(const Channels& k, F run) {
  parallel_for(k.c, k.last ? std::max<int64_t>(64, rows_a_thread(k.n)) : rows_a_thread(k.each()), run);
}

template <class T> void channel_moments(const Channels& k, const T* x, Moments* into) {
  over_channels(k, [&](int64_t b, int64_t e) {
    if (k.last) return kernels<T>().column_moments(k.n, e - b, k.c, x + b, into + b);
    for (int64_t c = b; c < e; ++c)
      for (int64_t i = 0; i < k.n; ++i) kernels<T>().moments(k.s, x + k.at(i, c), into + c);
  });
}

template <class T> void channel_affine(const Channels& k, const T* x, const T* a, const T* b, T* y) {
  over_channels(k, [&](int64_t from, int64_t to) {
    if (k.last) return kernels<T>().column_affine(k.n, to - from, k.c, x + from, a + from, b + from, y + from);
    for (int64_t c = from; c < to; ++c)
      for (int64_t i = 0; i < k.n; ++i) kernels<T>().affine(k.s, x + k.at(i, c), a[c], b[c], y + k.at(i, c));
  });
}

template <class T> void channel_grad_sums(const Channels& k, const T* g, const T* x, const T* mean, GradSums* into) {
  over_channels(k, [&](int64_t b, int64_t e) {
    if (k.last) return kernels<T>().column_grad_sums(k.n, e - b, k.c, g + b, x + b, mean + b, into + b);
    for (int64_t c = b; c < e; ++c)
      for (int64_t i = 0; i < k.n; ++i) kernels<T>().grad_sums(k.s, g + k.at(i, c), x + k.at(i, c), mean[c], into + c);
  });
}

template <class T> void channel_grad(const Channels& k, const T* g, const T* x, const T* mean, const T* kg, const T* kx, const T* k0, T* dx) {
  over_channels(k, [&](int64_t b, int64_t e) {
    if (k.last) return kernels<T>().column_grad_affine(k.n, e - b, k.c, g + b, x + b, mean + b, kg + b, kx + b, k0 + b, dx + b);
    for (int64_t c = b; c < e; ++c)
      for (int64_t i = 0; i < k.n; ++i)
        kernels<T>().grad_affine(k.s, g + k.at(i, c), x + k.at(i, c), mean[c], kg[c], kx[c], k0[c], dx + k.at(i, c));
  });
}

// Moves running statistics towards `value` by `momentum`.
void move_towards(const Tensor& running, const std::vector<double>& value, double momentum) {
  if (!running) return;
  Tensor now = empty(running.sizes(), DType::Float64);
  copy_into(now, running);
  for (size_t i = 0; i < value.size(); ++i) now.ptr<double>()[i] += momentum * (value[i] - now.ptr<double>()[i]);
  copy_into(running, now);
  bump_version(running.get());
}

struct BatchNorm {
  Tensor running_mean, running_var;
  bool training;
  double momentum, eps;
};

// mean and rstd: of the batch in training, else from the running statistics.
template <class T> void batch_statistics(const BatchNorm& l, const Channels& k, const T* x, T* mean, T* rstd) {
  std::vector<Moments> found(static_cast<size_t>(k.c));
  {
    ReleaseGil free(k.each() * k.c);
    channel_moments(k, x, found.data());
  }
  std::vector<double> means, variances;
  for (int64_t c = 0; c < k.c; ++c) {
    const Moments& m = found[size_t(c)];
    mean[c] = T(m.mean);
    rstd[c] = T(1 / std::sqrt(m.m2 / m.count + l.eps));
    means.push_back(m.mean);
    variances.push_back(m.m2 / (m.count - 1));
  }
  move_towards(l.running_mean, means, l.momentum);
  move_towards(l.running_var, variances, l.momentum);
}

template <class T> void running_statistics(const BatchNorm& l, int64_t channels, T* mean, T* rstd) {
  Tensor m = cast(l.running_mean, DType::Float64), v = cast(l.running_var, DType::Float64);
  m = contiguous(m);
  v = contiguous(v);
  for (int64_t c = 0; c < channels; ++c) {
    mean[c] = T(m.ptr<double>()[c]);
    rstd[c] = T(1 / std::sqrt(v.ptr<double>()[c] + l.eps));
  }
}

// Contiguous data, or channels_last data as it lies.
Tensor channel_data(const Tensor& t, DType d, bool channels_last) {
  if (!channels_last) return kernel_data(t, d);
  if (t.dtype() == d && t.strides() == Shape(channels_last_strides(t.sizes()))) return t;
  Tensor r = empty_strided(t.sizes(), channels_last_strides(t.sizes()), d, t.device());
  copy_into(r, t);
  return r;
}

Tensor channel_result(const Tensor& like, DType d, bool channels_last) {
  return channels_last ? empty_strided(like.sizes(), channels_last_strides(like.sizes()), d, like.device()) : empty(like.sizes(), d, like.device());
}

Tensor batch_normalise(const BatchNorm& l, const Tensor& input, const Tensor& weight, const Tensor& bias, Tensor& mean, Tensor& rstd) {
  const DType d = kernel_dtype(input.dtype());
  const bool last = is_channels_last(input);
  const Channels k(input, last);
  mean = empty({k.c}, d, input.device());
  rstd = empty({k.c}, d, input.device());
  Tensor y = channel_result(input, d, last);
  if (input.is_meta() || input.numel() == 0) return cast(y, input.dtype());
  Tensor x = channel_data(input, d, last), w = kernel_data(weight, d), b = kernel_data(bias, d), factors = empty({2, k.c}, d);
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T *wp = data_of<T>(w), *bp = data_of<T>(b);
    T *mp = mean.ptr<T>(), *rp = rstd.ptr<T>(), *a = factors.ptr<T>(), *c = a + k.c;
    if (l.training) batch_statistics(l, k, x.ptr<T>(), mp, rp);
    else running_statistics(l, k.c, mp, rp);
    for (int64_t i = 0; i < k.c; ++i) {
      a[i] = (wp ? wp[i] : T(1)) * rp[i];
      c[i] = (bp ? bp[i] : T(0)) - mp[i] * a[i];
    }
    const T* xp = x.ptr<T>();
    T* yp = y.ptr<T>();
    ReleaseGil free(x.numel());
    channel_affine(k, xp, a, c, yp);
  });
  return cast(y, input.dtype());
}

struct BatchNormNode final : NormNode {
  bool training;
  const char* name() const override { return "NativeBatchNormBackward0"; }

  void fused(const Tensor& grad, const Tensor& input, const Tensor& weight, Tensor* results) override {
    const DType d = kernel_dtype(input.dtype());
    const bool last = is_channels_last(input);
    const Channels k(input, last);
    Tensor g = channel_data(grad, d, last), x = channel_data(input, d, last), w = kernel_data(weight, d);
    Tensor dx = needs(0) ? channel_result(input, d, last) : Tensor(), dw = empty({k.c}, d), db = empty({k.c}, d), factors = empty({3, k.c}, d);
    with_float(d, [&](auto t) {
      using T = decltype(t);
      const T *gp = g.ptr<T>(), *xp = x.ptr<T>(), *wp = data_of<T>(w), *mp = mean_.ptr<T>(), *rp = rstd_.ptr<T>();
      T *kg = factors.ptr<T>(), *kx = kg + k.c, *k0 = kx + k.c, *dwp = dw.ptr<T>(), *dbp = db.ptr<T>(), *dxp = dx ? dx.ptr<T>() : nullptr;
      std::vector<GradSums> sums(static_cast<size_t>(k.c));
      ReleaseGil free(x.numel());
      if (x.numel()) channel_grad_sums(k, gp, xp, mp, sums.data());
      const double count = double(k.each());
      for (int64_t c = 0; c < k.c; ++c) {
        const double r = double(rp[c]), s = (wp ? double(wp[c]) : 1.0) * r;
        dwp[c] = T(sums[size_t(c)].gx * r);
        dbp[c] = T(sums[size_t(c)].g);
        kg[c] = T(s);
        kx[c] = training ? T(-s * r * r * sums[size_t(c)].gx / count) : T(0);
        k0[c] = training ? T(-s * sums[size_t(c)].g / count) : T(0);
      }
      if (dxp && x.numel()) channel_grad(k, gp, xp, mp, kg, kx, k0, dxp);
    });
    if (needs(0)) results[0] = cast(dx, input.dtype());
    if (needs(1)) results[1] = cast(dw, weight.dtype());
    if (needs(2)) results[2] = cast(db, bias_.unpack(this, "bias").dtype());
  }
  Tensor by_operators(const Tensor& x, const Tensor& w, const Tensor& b) override {
    Sizes shape(size_t(x.dim()), 1), dims = {0};
    shape[1] = x.size(1);
    for (int d = 2; d < x.dim(); ++d) dims.push_back(d);
    auto constant = [&](const Tensor& t) { return op::view(cast(t, x.dtype()), shape); };
    Tensor y = training ? standardised(x, dims, eps) : op::mul(minus(x, constant(mean_)), constant(rstd_));
    return with_parameters(y, w, b, shape);
  }
};

void check_batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const BatchNorm& l) {
  PL_CHECK(input.dim() >= 2, "running_mean should contain 0 elements not %lld", (long long)(l.running_mean ? l.running_mean.numel() : 0));
  const int64_t channels = input.size(1);
  auto fits = [&](const Tensor& t, const char* name) {
    PL_CHECK_AS(Runtime, !t || t.numel() == channels, "batch_norm_channels", "%s should contain %lld elements not %lld", name, (long long)channels, (long long)t.numel());
  };
  PL_CHECK(l.training || l.running_mean, "running_mean must be defined in evaluation mode");
  PL_CHECK(l.training || l.running_var, "running_var must be defined in evaluation mode");
  fits(l.running_mean, "running_mean");
  fits(l.running_var, "running_var");
  fits(weight, "weight");
  fits(bias, "bias");
  check_floating(input, "batch_norm");
  check_parameter_dtype(input, {&weight, &bias});
}

// Nothing to normalise: any shape will do, but the parameters belong to the graph.
Tensor empty_batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  Tensor y = op::clone(input, MemoryFormat::None);
  if (weight) y = op::mul(y, op::select(weight, 0, 0));
  return bias ? plus(y, op::select(bias, 0, 0)) : y;
}

RowsResult recorded_batch_norm(const BatchNorm& l, const Tensor& input, const Tensor& weight, const Tensor& bias) {
  check_batch_norm(input, weight, bias, l);
  RowsResult r;
  if (!wants_node(input, weight, bias)) {
    r.output = batch_normalise(l, input, weight, bias, r.mean, r.rstd);
    return r;
  }
  NodeRef<BatchNormNode> node(new BatchNormNode);
  node->save(input, weight, bias, l.eps);
  node->training = l.training;
  r.output = batch_normalise(l, input, weight, bias, node->mean_, node->rstd_);
  r.mean = node->mean_;
  r.rstd = node->rstd_;
  set_history(r.output, node.get());
  return r;
}

// ---- group norm: over the channels of a group, sample by sample
struct Groups {
  int64_t n, c, s = 1, groups, d;        // d channels in a group
  Groups(const Tensor& t, int64_t g) : n(t.size(0)), c(t.size(1)), groups(g), d(c / g) {
    for (int i = 2; i < t.dim(); ++i) s *= t.size(i);
  }
  int64_t rows() const { return n * groups; }
  int64_t row() const { return d * s; }
  int64_t channel(int64_t row, int64_t i) const { return row % groups * d + i; }
};

template <class T> void normalise_group(const Groups& k, int64_t row, const T* x, const T* w, const T* b, T mean, T rstd, T* y) {
  for (int64_t i = 0; i < k.d; ++i) {
    const int64_t c = k.channel(row, i), at = row * k.row() + i * k.s;
    const T a = (w ? w[c] : T(1)) * rstd;
    kernels<T>().affine(k.s, x + at, a, (b ? b[c] : T(0)) - mean * a, y + at);
  }
}

Tensor group_normalise(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t groups, double eps, Tensor& mean, Tensor& rstd,
                       std::vector<Moments>& found) {
  const DType d = kernel_dtype(input.dtype());
  const Groups k(input, groups);
  mean = empty({k.n, k.groups}, d, input.device());
  rstd = empty({k.n, k.groups}, d, input.device());
  Tensor y = empty(input.sizes(), d, input.device());
  if (input.is_meta() || input.numel() == 0) return cast(y, input.dtype());
  found.resize(size_t(k.rows()));
  Tensor x = kernel_data(input, d), w = kernel_data(weight, d), b = kernel_data(bias, d);
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T *xp = x.ptr<T>(), *wp = data_of<T>(w), *bp = data_of<T>(b);
    T *yp = y.ptr<T>(), *mp = mean.ptr<T>(), *rp = rstd.ptr<T>();
    ReleaseGil free(x.numel());
    parallel_for(k.rows(), rows_a_thread(k.row()), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        Moments& m = found[size_t(i)];
        kernels<T>().moments(k.row(), xp + i * k.row(), &m);
        mp[i] = T(m.mean);
        rp[i] = T(1 / std::sqrt(m.m2 / m.count + eps));
        normalise_group(k, i, xp, wp, bp, mp[i], rp[i], yp);
      }
    });
  });
  return cast(y, input.dtype());
}

struct GroupNormNode final : NormNode {
  int64_t groups;
  const char* name() const override { return "NativeGroupNormBackward0"; }

  void fused(const Tensor& grad, const Tensor& input, const Tensor& weight, Tensor* results) override {
    const DType d = kernel_dtype(input.dtype());
    const Groups k(input, groups);
    Tensor g = kernel_data(grad, d), x = kernel_data(input, d), w = kernel_data(weight, d);
    Tensor dx = needs(0) ? empty(input.sizes(), d) : Tensor(), dw = zeros({k.c}, d), db = zeros({k.c}, d);
    with_float(d, [&](auto t) {
      using T = decltype(t);
      const T *gp = g.ptr<T>(), *xp = x.ptr<T>(), *wp = data_of<T>(w), *mp = mean_.ptr<T>(), *rp = rstd_.ptr<T>();
      T *dxp = dx ? dx.ptr<T>() : nullptr, *dwp = dw.ptr<T>(), *dbp = db.ptr<T>();
      std::vector<GradSums> sums(static_cast<size_t>(k.n * k.c));
      ReleaseGil free(x.numel());
      if (x.numel())
        parallel_for(k.rows(), rows_a_thread(k.row()), [&](int64_t b, int64_t e) {
          for (int64_t i = b; i < e; ++i) backward_group(k, i, gp, xp, wp, mp[i], rp[i], sums.data() + i * k.d, dxp);
        });
      for (int64_t i = 0; i < k.n * k.c; ++i) {
        dwp[i % k.c] += T(sums[size_t(i)].gx * double(rp[i / k.d]));
        dbp[i % k.c] += T(sums[size_t(i)].g);
      }
    });
    if (needs(0)) results[0] = cast(dx, input.dtype());
    if (needs(1)) results[1] = cast(dw, weight.dtype());
    if (needs(2)) results[2] = cast(db, bias_.unpack(this, "bias").dtype());
  }
  Tensor by_operators(const Tensor& x, const Tensor& w, const Tensor& b) override {
    const Groups k(x, groups);
    Tensor y = op::reshape(standardised(op::reshape(x, {k.n, k.groups, k.row()}), {2}, eps), x.sizes());
    Sizes shape(size_t(x.dim()), 1);
    shape[1] = k.c;
    return with_parameters(y, w, b, shape);
  }

 private:
  template <class T>
  static void backward_group(const Groups& k, int64_t row, const T* g, const T* x, const T* w, T mean, T rstd, GradSums* sums, T* dx) {
    double sum_g = 0, sum_gx = 0;
    auto weight = [&](int64_t i) { return w ? w[k.channel(row, i)] : T(1); };
    for (int64_t i = 0; i < k.d; ++i) {
      const int64_t at = row * k.row() + i * k.s;
      kernels<T>().grad_sums(k.s, g + at, x + at, mean, sums + i);
      sum_g += double(weight(i)) * sums[i].g;
      sum_gx += double(weight(i)) * sums[i].gx;
    }
    if (!dx) return;
    const double r = double(rstd), count = double(k.row());
    const T kx = T(-r * r * r * sum_gx / count), k0 = T(-r * sum_g / count);
    for (int64_t i = 0; i < k.d; ++i) {
      const int64_t at = row * k.row() + i * k.s;
      kernels<T>().grad_affine(k.s, g + at, x + at, mean, weight(i) * rstd, kx, k0, dx + at);
    }
  }
};

RowsResult recorded_group_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t groups, double eps, std::vector<Moments>& found) {
  RowsResult r;
  if (!wants_node(input, weight, bias)) {
    r.output = group_normalise(input, weight, bias, groups, eps, r.mean, r.rstd, found);
    return r;
  }
  NodeRef<GroupNormNode> node(new GroupNormNode);
  node->save(input, weight, bias, eps);
  node->groups = groups;
  r.output = group_normalise(input, weight, bias, groups, eps, node->mean_, node->rstd_, found);
  r.mean = node->mean_;
  r.rstd = node->rstd_;
  set_history(r.output, node.get());
  return r;
}

void check_group_norm(const Tensor& input, int64_t groups, const Tensor& weight, const Tensor& bias) {
  PL_CHECK(input.dim() >= 2, "Expected at least 2 dimensions for input tensor but received %d", input.dim());
  const int64_t c = input.size(1);
  PL_CHECK(groups > 0, "Expected num groups to be greater than 0, got %lld", (long long)groups);
  PL_CHECK(c % groups == 0, "Expected number of channels in input to be divisible by num_groups, but got input of shape %s and num_groups=%lld",
           to_string(input.sizes()).c_str(), (long long)groups);
  auto fits = [&](const Tensor& t, const char* name) {
    PL_CHECK(!t || (t.dim() == 1 && t.numel() == c),
             "Expected %s to be a vector of size equal to the number of channels in input, but got %s of shape %s and input of shape %s", name, name,
             to_string(t.sizes()).c_str(), to_string(input.sizes()).c_str());
  };
  fits(weight, "weight");
  fits(bias, "bias");
  check_floating(input, "GroupNormKernelImpl");
  check_parameter_dtype(input, {&weight, &bias});
}

// The mean over the samples of each channel's value.
std::vector<double> averaged(const std::vector<Moments>& found, int64_t channels, double (*value)(const Moments&)) {
  std::vector<double> r(static_cast<size_t>(channels));
  const double samples = double(found.size()) / double(channels);
  for (size_t i = 0; i < found.size(); ++i) r[i % size_t(channels)] += value(found[i]) / samples;
  return r;
}


// Means and deviations have the input's dtype, but those of a narrow input with wide parameters are wide.
DType statistics_dtype(const Tensor& input, const Tensor& weight) { return weight && itemsize(input.dtype()) == 2 ? weight.dtype() : input.dtype(); }

Tensor complex_rms_norm(const Tensor& input, Shape shape, const Tensor& weight, std::optional<double> eps) {
  check_rows(input, shape, weight, Tensor());
  std::vector<int64_t> dims;
  for (int d = 0; d < shape.n; ++d) dims.push_back(-1 - d);
  const double spacing = input.dtype() == DType::Complex128 ? 0x1p-52 : 0x1p-23;
  Tensor y = op::mul(input, op::rsqrt(plus(mean_over(op::mul(input, input), dims), Scalar(eps.value_or(spacing)))));
  return weight ? op::mul(y, weight) : y;
}

}  // namespace

namespace native {

Tensor layer_norm(const Tensor& input, Shape normalized_shape, const Tensor& weight, const Tensor& bias, double eps, bool) {
  return row_norm(RowNorm::Layer, input, normalized_shape, weight, bias, eps).output;
}

std::tuple<Tensor, Tensor, Tensor> native_layer_norm(const Tensor& input, Shape normalized_shape, const Tensor& weight, const Tensor& bias, double eps) {
  RowsResult r = row_norm(RowNorm::Layer, input, normalized_shape, weight, bias, eps);
  Sizes sizes = input.sizes().vec();
  for (size_t d = sizes.size() - size_t(normalized_shape.n); d < sizes.size(); ++d) sizes[d] = 1;
  const DType d = statistics_dtype(input, weight);
  return {r.output, op::view(cast(pl::alias(r.mean), d), sizes), op::view(cast(pl::alias(r.rstd), d), sizes)};
}

Tensor rms_norm(const Tensor& input, Shape normalized_shape, const Tensor& weight, std::optional<double> eps) {
  if (is_complex(input.dtype())) return complex_rms_norm(input, normalized_shape, weight, eps);
  // The default is the spacing of the numbers next to 1.
  const double spacing = input.dtype() == DType::Float64 ? 0x1p-52 : input.dtype() == DType::Float32 ? 0x1p-23 : input.dtype() == DType::Float16 ? 0x1p-10 : 0x1p-7;
  return row_norm(RowNorm::Rms, input, normalized_shape, weight, Tensor(), eps.value_or(spacing)).output;
}

Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean, const Tensor& running_var, bool training,
                  double momentum, double eps, bool) {
  if (input.numel() == 0) return empty_batch_norm(input, weight, bias);
  return recorded_batch_norm({running_mean, running_var, training, momentum, eps}, input, weight, bias).output;
}

std::tuple<Tensor, Tensor, Tensor> native_batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                                                     const Tensor& running_var, bool training, double momentum, double eps) {
  RowsResult r = recorded_batch_norm({running_mean, running_var, training, momentum, eps}, input, weight, bias);
  if (!training) r.mean = r.rstd = pl::empty({0}, input.dtype(), input.device());
  const DType d = training ? statistics_dtype(input, weight) : input.dtype();
  return {r.output, cast(pl::alias(r.mean), d), cast(pl::alias(r.rstd), d)};
}

std::tuple<Tensor, Tensor, Tensor> _native_batch_norm_legit(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                                                            const Tensor& running_var, bool training, double momentum, double eps) {
  return native_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps);
}
std::tuple<Tensor, Tensor, Tensor> _native_batch_norm_legit_no_stats(const Tensor& input, const Tensor& weight, const Tensor& bias, bool training,
                                                                     double momentum, double eps) {
  return native_batch_norm(input, weight, bias, Tensor(), Tensor(), training, momentum, eps);
}
std::tuple<Tensor, Tensor, Tensor, Tensor> _batch_norm_with_update(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                                                                   const Tensor& running_var, double momentum, double eps) {
  auto [output, mean, rstd] = native_batch_norm(input, weight, bias, running_mean, running_var, true, momentum, eps);
  return {output, mean, rstd, pl::empty({0}, DType::UInt8, input.device())};
}

Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight, const Tensor& bias, double eps, bool) {
  check_group_norm(input, num_groups, weight, bias);
  std::vector<Moments> found;
  return recorded_group_norm(input, weight, bias, num_groups, eps, found).output;
}

std::tuple<Tensor, Tensor, Tensor> native_group_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t N, int64_t C, int64_t HxW,
                                                     int64_t group, double eps) {
  const int64_t numel = checked_mul(checked_mul(N, C), HxW);
  PL_CHECK(input.numel() == numel, "native_group_norm: input of shape %s does not have %lld elements", to_string(input.sizes()).c_str(), (long long)numel);
  check_group_norm(input, group, weight, bias);
  std::vector<Moments> found;
  RowsResult r = recorded_group_norm(input, weight, bias, group, eps, found);
  const DType d = statistics_dtype(input, weight);
  if (!(grad_enabled && requires_grad(input))) return {r.output, cast(pl::alias(r.mean), d), cast(pl::alias(r.rstd), d)};
  // These have gradients too.
  Tensor x = op::reshape(input, {N, group, group ? C / group * HxW : 0});
  Tensor mean = mean_over(x, {-1}), centred = minus(x, mean), rstd = op::rsqrt(plus(mean_over(op::mul(centred, centred), {-1}), Scalar(eps)));
  return {r.output, op::squeeze_dim(mean, -1), op::squeeze_dim(rstd, -1)};
}

Tensor instance_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean, const Tensor& running_var,
                     bool use_input_stats, double momentum, double eps, bool cudnn_enabled) {
  PL_CHECK(use_input_stats || (running_mean && running_var), "Expected running_mean and running_var to be defined when use_input_stats is false");
  if (!use_input_stats) return batch_norm(input, weight, bias, running_mean, running_var, false, momentum, eps, cudnn_enabled);
  check_batch_norm(input, weight, bias, {running_mean, running_var, true, momentum, eps});
  const int64_t channels = input.size(1);
  std::vector<Moments> found;
  Tensor r = recorded_group_norm(input, weight, bias, std::max<int64_t>(channels, 1), eps, found).output;
  if (!found.empty()) {
    move_towards(running_mean, averaged(found, channels, [](const Moments& m) { return m.mean; }), momentum);
    move_towards(running_var, averaged(found, channels, [](const Moments& m) { return m.m2 / (m.count - 1); }), momentum);
  }
  return r;
}

}  // namespace native
}  // namespace pl
