// Losses: how far predictions are from targets. Forward and backward are one kernel each.
#include "cpu/kernels.h"
#include "native.h"
#include "ops/fused.h"
#include "ops/pointwise.h"

namespace pl {
namespace {

enum Reduce : int64_t { kNone = 0, kMean = 1, kSum = 2 };

constexpr int64_t kPiece = 1 << 15;      // elements that one thread takes and whose loss is one summand

template <class T> const LossFunctions<T>& kernels();
template <> const LossFunctions<float>& kernels() { return cpu().loss.f32; }
template <> const LossFunctions<double>& kernels() { return cpu().loss.f64; }

double divisor(int64_t reduction, int64_t n) { return reduction == kMean ? double(n) : 1; }

Tensor reduced(const Tensor& loss, int64_t reduction) {
  return reduction == kNone ? loss : reduction == kMean ? op::mean(loss, DType::Undefined) : op::sum(loss, DType::Undefined);
}

// A gradient of one number or of one for each element, in the kernel's dtype.
struct GradIn {
  Tensor data;
  int64_t step;
  GradIn(const Tensor& grad, DType d) : data(kernel_data(grad, d)), step(grad.numel() == 1 ? 0 : 1) {}
};

// ---- elementwise losses
struct ElementLoss {
  Loss kind;
  int64_t reduction;
  double param;
};

template <class T> double total(const ElementLoss& l, int64_t n, const T* x, const T* y) {
  const auto sum = kernels<T>().sum[int(l.kind)];
  if (n <= kPiece) return sum(n, x, y, T(l.param));
  const int64_t pieces = (n + kPiece - 1) / kPiece;
  std::vector<double> sums(static_cast<size_t>(pieces));
  {
    ReleaseGil free(n);
    parallel_for(pieces, 1, [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) {
        const int64_t at = i * kPiece;
        sums[size_t(i)] = sum(std::min(kPiece, n - at), x + at, y + at, T(l.param));
      }
    });
  }
  double r = 0;
  for (double s : sums) r += s;
  return r;
}

// x and y have one shape and one dtype.
Tensor element_loss(const ElementLoss& l, const Tensor& x, const Tensor& y) {
  const DType d = kernel_dtype(x.dtype());
  Tensor out = empty(l.reduction == kNone ? x.sizes() : Shape(nullptr, 0), d, x.device());
  if (x.is_meta()) return cast(out, x.dtype());
  Tensor a = kernel_data(x, d), b = kernel_data(y, d);
  const int64_t n = x.numel();
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T *p = a.ptr<T>(), *q = b.ptr<T>();
    T* to = out.ptr<T>();
    if (l.reduction != kNone) {
      *to = T(total(l, n, p, q) / divisor(l.reduction, n));
      return;
    }
    ReleaseGil free(n);
    parallel_for(n, kPiece, [&](int64_t from, int64_t e) {
      kernels<T>().each[int(l.kind)](e - from, p + from, q + from, T(l.param), to + from);
    });
  });
  return cast(out, x.dtype());
}

Tensor element_loss_grad(const ElementLoss& l, const Tensor& grad, const Tensor& x, const Tensor& y) {
  const DType d = kernel_dtype(x.dtype());
  Tensor dx = empty(x.sizes(), d, x.device());
  if (x.is_meta() || x.numel() == 0) return cast(dx, x.dtype());
  Tensor a = kernel_data(x, d), b = kernel_data(y, d);
  GradIn g(grad, d);
  const int64_t n = x.numel(), step = g.step;
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const T *p = a.ptr<T>(), *q = b.ptr<T>(), *gp = g.data.ptr<T>();
    T *to = dx.ptr<T>(), scale = T(1 / divisor(l.reduction, n));
    ReleaseGil free(n);
    parallel_for(n, kPiece, [&](int64_t from, int64_t e) {
      kernels<T>().grad[int(l.kind)](e - from, gp + from * step, step, scale, p + from, q + from, T(l.param), to + from);
    });
  });
  return cast(dx, x.dtype());
}

Tensor minus(const Tensor& a, const Operand& b) { return op::sub(a, b, Scalar(1)); }

Tensor logits_loss(const Tensor& x, const Tensor& y) { return minus(op::mul(op::rsub(y, Scalar(1), Scalar(1)), x), op::log_sigmoid(x)); }

Tensor probability_loss(const Tensor& x, const Tensor& y) {
  Tensor log_x = op::clamp_low(op::log(x), Scalar(-100)), log_rest = op::clamp_low(op::log1p(op::neg(x)), Scalar(-100));
  return minus(op::mul(minus(y, Scalar(1)), log_rest), op::mul(y, log_x));
}

// The same as a chain of operators, not reduced.
Tensor by_operators(const ElementLoss& l, const Tensor& x, const Tensor& y) {
  if (l.kind == Loss::Bce) return probability_loss(x, y);
  if (l.kind == Loss::BceLogits) return logits_loss(x, y);
  Tensor d = minus(x, y);
  if (l.kind == Loss::Mse) return op::mul(d, d);
  Tensor a = op::abs(d);
  if (l.kind == Loss::L1) return a;
  Tensor square = op::mul(op::mul(d, d), Scalar(0.5));
  const Scalar p(l.param);
  if (l.kind == Loss::SmoothL1) return op::where_self(op::lt(a, p), op::true_divide(square, p), minus(a, Scalar(0.5 * l.param)));
  return op::where_self(op::le(a, p), square, op::mul(minus(a, Scalar(0.5 * l.param)), p));
}

struct ElementLossNode final : Node {
  SavedTensor self_, target_;
  ElementLoss loss;

  const char* name() const override {
    static const char* const l1[] = {"AbsBackward0", "MeanBackward0", "SumBackward0"};
    static const char* const names[] = {"MseLossBackward0", "", "SmoothL1LossBackward0", "HuberLossBackward0",
                                        "BinaryCrossEntropyBackward0", "BinaryCrossEntropyWithLogitsBackward0"};
    return loss.kind == Loss::L1 ? l1[loss.reduction] : names[int(loss.kind)];
  }
  void release_saved() override {
    self_.reset();
    target_.reset();
  }
  void saved(std::function<void(const char*, const Tensor&)> f) override {
    f("self", self_.unpack(this, "self"));
    f("target", target_.unpack(this, "target"));
  }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0]) return;
    Tensor x = self_.unpack(this, "self"), y = target_.unpack(this, "target");
    const bool simple_target = loss.kind < Loss::Bce;     // its gradient is the opposite of the input's
    if (grad_enabled || (needs(1) && !simple_target)) {
      TensorList r = differentiable_gradients({x, y}, grads, [&](const TensorList& in) {
        return TensorList{reduced(by_operators(loss, in[0], in[1]), loss.reduction)};
      });
      for (uint32_t i = 0; i < 2; ++i) if (needs(i)) results[i] = r[i];
      return;
    }
    Tensor dx = element_loss_grad(loss, grads[0], x, y);
    if (needs(1)) results[1] = op::neg(dx);
    if (needs(0)) results[0] = dx;
  }
};

Tensor in_dtype(const Tensor& t, DType d) { return t.dtype() == d ? t : op::_to_copy(t, d, MemoryFormat::None); }

// Brings both to one dtype and shape, as the arithmetic operators do.
void unify(Tensor& x, Tensor& y) {
  const DType d = x.dtype() == y.dtype() ? x.dtype() : result_type({x, y});
  x = in_dtype(x, d);
  y = in_dtype(y, d);
  if (x.sizes() == y.sizes()) return;
  std::vector<int64_t> shape = broadcast_shapes(x.sizes(), y.sizes());
  x = op::expand(x, shape, false);
  y = op::expand(y, shape, false);
}

Tensor recorded_element_loss(const ElementLoss& l, const Tensor& self, const Tensor& target) {
  PL_CHECK_AS(Value, l.reduction >= 0 && l.reduction <= 2, "", "%lld is not a valid value for reduction", (long long)l.reduction);
  if (self.dtype() != target.dtype() || !(self.sizes() == target.sizes())) {
    Tensor x = self, y = target;
    unify(x, y);
    return recorded_element_loss(l, x, y);
  }
  static const char* const names[] = {"mse_cpu", "", "smooth_l1_cpu", "huber_cpu", "binary_cross_entropy", "log_sigmoid_cpu"};
  if (!is_floating(self.dtype())) {
    if (l.kind == Loss::L1) return reduced(op::abs(minus(self, target)), l.reduction);
    fail(ErrorType::NotImplemented, "dtype_unsupported", "\"%s\" not implemented for '%s'", names[int(l.kind)], info(self.dtype()).scalar_name);
  }
  if (!(grad_enabled && (requires_grad(self) || requires_grad(target)))) return element_loss(l, self, target);
  NodeRef<ElementLossNode> node(new ElementLossNode);
  set_edges(node.get(), {&self, &target});
  node->loss = l;
  node->self_.save(self);
  node->target_.save(target);
  Tensor r = element_loss(l, self, target);
  set_history(r, node.get());
  return r;
}

void check_unit_interval(const Tensor& t, const char* name) {
  if (t.is_meta() || !is_floating(t.dtype())) return;
  const DType d = kernel_dtype(t.dtype());
  Tensor x = kernel_data(t, d);
  bool inside = with_float(d, [&](auto v) { return kernels<decltype(v)>().in_unit_interval(x.numel(), x.ptr<decltype(v)>()); });
  PL_CHECK_AS(Runtime, inside, "probability_range", "all elements of %s should be between 0 and 1", name);
}

// ---- class numbers as targets
// Scores [n, classes, inner] and one target for each of the n x inner places.
struct Places {
  int64_t n = 1, classes = 1, inner = 1;
  explicit Places(const Tensor& scores) {
    const int dim = scores.dim() > 1;
    if (dim) n = scores.size(0);
    if (scores.dim()) classes = scores.size(dim);
    for (int d = dim + 1; d < scores.dim(); ++d) inner *= scores.size(d);
  }
  int64_t count() const { return n * inner; }
  int64_t at(int64_t place, int64_t label) const { return ((place / inner) * classes + label) * inner + place % inner; }
};

struct ClassLoss {
  bool logits;             // cross entropy; else the scores are log-probabilities
  int64_t reduction, ignored;
};

// The weight of each place: that of its class, 0 where the target is ignored; and their sum.
template <class T> double place_weights(const Places& p, const int64_t* target, const T* weight, int64_t ignored, T* out) {
  double sum = 0;
  for (int64_t i = 0; i < p.count(); ++i) {
    const int64_t label = target[i];
    if (label == ignored) {
      out[i] = 0;
      continue;
    }
    PL_CHECK_AS(Index, label >= 0 && label < p.classes, "target_range", "Target %lld is out of bounds.", (long long)label);
    out[i] = weight ? weight[label] : T(1);
    sum += double(out[i]);
  }
  return sum;
}

template <class T> void log_sum_exp(const Places& p, const T* x, T* largest, T* log_sum) {
  const LossFunctions<T>& k = kernels<T>();
  const int64_t block = p.classes * p.inner;
  parallel_for(p.n, std::max<int64_t>(1, kPiece / std::max<int64_t>(block, 1)), [&](int64_t b, int64_t e) {
    if (p.inner == 1) return k.rows(e - b, p.classes, x + b * block, largest + b, log_sum + b);
    for (int64_t i = b; i < e; ++i) k.cols(p.classes, p.inner, x + i * block, largest + i * p.inner, log_sum + i * p.inner);
  });
}

// What the forward pass leaves for the backward pass, in the kernel's dtype: [3, places] for cross entropy, else [1, places].
struct ClassLossState {
  Tensor data;             // weights of the places; largest scores; logarithms of the sums
  double total = 0;        // sum of the weights
};

// `scores` [N, C, ...] in any float dtype, `target` int64.
Tensor class_loss(const ClassLoss& l, const Tensor& scores, const Tensor& target, const Tensor& weight, ClassLossState& state) {
  const DType d = kernel_dtype(scores.dtype());
  const Places p(scores);
  const int64_t n = p.count();
  Tensor out = l.reduction == kNone ? empty(target.sizes(), d, scores.device()) : empty({}, d, scores.device());
  if (scores.is_meta()) return cast(out, scores.dtype());
  Tensor x = kernel_data(scores, d), t = kernel_data(target, DType::Int64), w = kernel_data(weight, d);
  state.data = empty({l.logits ? 3 : 1, n}, d);
  with_float(d, [&](auto v) {
    using T = decltype(v);
    const T* xp = x.ptr<T>();
    const int64_t* tp = t.ptr<int64_t>();
    T *wp = state.data.ptr<T>(), *largest = wp + n, *log_sum = largest + n, *to = out.ptr<T>();
    state.total = place_weights(p, tp, w ? w.ptr<T>() : nullptr, l.ignored, wp);
    if (l.logits) {
      ReleaseGil free(x.numel());
      log_sum_exp(p, xp, largest, log_sum);
    }
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      T loss = 0;
      if (tp[i] != l.ignored) {
        const T score = xp[p.at(i, tp[i])];
        loss = wp[i] * (l.logits ? log_sum[i] - (score - largest[i]) : -score);
      }
      if (l.reduction == kNone) to[i] = loss;
      sum += double(loss);
    }
    if (l.reduction != kNone) *to = T(l.reduction == kMean ? sum / state.total : sum);
  });
  return cast(out, scores.dtype());
}

// The gradient of place i's loss: the gradient given, times the place's weight, over the sum of the weights for a mean.
template <class T> void place_scales(const ClassLoss& l, const ClassLossState& s, int64_t n, const T* g, int64_t g_step, T* out) {
  const T *w = s.data.ptr<T>(), factor = T(l.reduction == kMean ? 1 / s.total : 1);
  for (int64_t i = 0; i < n; ++i) out[i] = g[i * g_step] * factor * w[i];
}

Tensor class_loss_grad(const ClassLoss& l, const Tensor& grad, const Tensor& scores, const Tensor& target, const ClassLossState& state) {
  const DType d = kernel_dtype(scores.dtype());
  const Places p(scores);
  const int64_t n = p.count(), block = p.classes * p.inner;
  Tensor dx = l.logits || scores.is_meta() ? empty(scores.sizes(), d, scores.device()) : zeros(scores.sizes(), d, scores.device());
  if (scores.is_meta() || scores.numel() == 0) return cast(dx, scores.dtype());
  Tensor x = kernel_data(scores, d), t = kernel_data(target, DType::Int64), scale = empty({n}, d);
  GradIn g(grad, d);
  if (l.reduction == kNone) g.step = 1;
  with_float(d, [&](auto v) {
    using T = decltype(v);
    const T *xp = x.ptr<T>(), *largest = state.data.ptr<T>() + n, *log_sum = largest + n;
    T *sp = scale.ptr<T>(), *to = dx.ptr<T>();
    const int64_t* tp = t.ptr<int64_t>();
    place_scales(l, state, n, g.data.ptr<T>(), g.step, sp);
    ReleaseGil free(x.numel());
    if (l.logits) {
      const LossFunctions<T>& k = kernels<T>();
      parallel_for(p.n, std::max<int64_t>(1, kPiece / std::max<int64_t>(block, 1)), [&](int64_t b, int64_t e) {
        if (p.inner == 1) return k.rows_grad(e - b, p.classes, xp + b * block, largest + b, log_sum + b, sp + b, to + b * block);
        for (int64_t i = b; i < e; ++i) {
          const int64_t at = i * p.inner;
          k.cols_grad(p.classes, p.inner, xp + i * block, largest + at, log_sum + at, sp + at, to + i * block);
        }
      });
    }
    for (int64_t i = 0; i < n; ++i) if (tp[i] != l.ignored) to[p.at(i, tp[i])] -= sp[i];
  });
  return cast(dx, scores.dtype());
}

// The constant that the scores (or log-probabilities) are multiplied by, not reduced: minus the place's weight at its target.
Tensor negative_selection(const ClassLoss& l, const Tensor& scores, const Tensor& target, const ClassLossState& state) {
  const DType d = kernel_dtype(scores.dtype());
  Tensor m = zeros(scores.sizes(), d), t = contiguous(target);
  const Places p(scores);
  with_float(d, [&](auto v) {
    using T = decltype(v);
    const T* w = state.data.ptr<T>();
    for (int64_t i = 0; i < p.count(); ++i) {
      const int64_t label = t.ptr<int64_t>()[i];
      if (label != l.ignored) m.ptr<T>()[p.at(i, label)] = -w[i];
    }
  });
  return cast(m, scores.dtype());
}

struct ClassLossNode final : Node {
  SavedTensor self_, target_;
  ClassLoss loss;
  ClassLossState state;
  bool matrix;             // scores [N, C] or [C]; else there are further dimensions

  const char* name() const override { return matrix ? "NllLossBackward0" : "NllLoss2DBackward0"; }
  void release_saved() override {
    self_.reset();
    target_.reset();
    state.data = Tensor();
  }
  void saved(std::function<void(const char*, const Tensor&)> f) override {
    f("self", self_.unpack(this, "self"));
    f("target", target_.unpack(this, "target"));
  }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0]) return;
    Tensor x = self_.unpack(this, "self"), t = target_.unpack(this, "target");
    if (!grad_enabled) {
      results[0] = class_loss_grad(loss, grads[0], x, t, state);
      return;
    }
    results[0] = differentiable_gradients({x}, grads, [&](const TensorList& in) { return TensorList{by_operators(in[0], t)}; })[0];
  }

 private:
  Tensor by_operators(const Tensor& x, const Tensor& t) const {
    const int64_t dim = x.dim() > 1;
    Tensor p = loss.logits ? op::_log_softmax(x, dim, false) : x;
    Tensor each = op::sum_dim_IntList(op::mul(p, negative_selection(loss, x, t, state)), std::optional<Shape>(Shape(&dim, 1)), false, DType::Undefined);
    if (loss.reduction == kNone) return op::reshape(each, t.sizes());
    Tensor sum = op::sum(each, DType::Undefined);
    return loss.reduction == kMean ? op::true_divide(sum, Scalar(state.total)) : sum;
  }
};

void check_target_dtype(const Tensor& target) {
  PL_CHECK_AS(Runtime, target.dtype() == DType::Int64 || target.dtype() == DType::UInt8, "target_dtype",
              "expected target dtype to be Long or Byte, but got %s", info(target.dtype()).scalar_name);
}

void check_target_shape(const Tensor& self, const Tensor& target) {
  const int64_t dims = self.dim();
  PL_CHECK_AS(Value, dims > 0, "", "Expected 1 or more dimensions (got 0)");
  const int64_t n = dims == 1 ? 1 : self.size(0), m = target.dim() ? target.size(0) : dims == 1 ? 1 : 0;
  PL_CHECK_AS(Value, n == m, "target_batch", "Expected input batch_size (%lld) to match target batch_size (%lld).", (long long)n, (long long)m);
  if (dims == 1) return;
  std::vector<int64_t> expected = {self.size(0)};
  for (int64_t d = 2; d < dims; ++d) expected.push_back(self.size(d));
  if (dims == 4) {
    PL_CHECK_AS(Runtime, target.dim() == 3, "target_shape",
                "only batches of spatial targets supported (3D tensors) but got targets of dimension: %d", target.dim());
    PL_CHECK_AS(Runtime, target.sizes() == Shape(expected), "target_shape", "size mismatch (got input: %s , target: %s",
                to_string(self.sizes()).c_str(), to_string(target.sizes()).c_str());
  }
  PL_CHECK_AS(Runtime, target.sizes() == Shape(expected), "target_shape", "Expected target size %s, got %s",
              to_string(Shape(expected)).c_str(), to_string(target.sizes()).c_str());
}

void check_class_weight(const Tensor& self, const Tensor& weight, const char* who) {
  if (!weight) return;
  const int64_t classes = Places(self).classes;
  PL_CHECK_AS(Runtime, weight.dim() == 1 && weight.numel() == classes, "class_weight",
              "%sweight tensor should be defined either for all %lld classes or no classes but got weight tensor of shape: %s", who,
              (long long)classes, to_string(weight.sizes()).c_str());
  PL_CHECK_AS(Runtime, weight.dtype() == self.dtype(), "dtype_mismatch", "expected scalar type %s but found %s", info(self.dtype()).scalar_name,
              info(weight.dtype()).scalar_name);
}

Tensor recorded_class_loss(const ClassLoss& l, const Tensor& self, const Tensor& given, const Tensor& weight) {
  PL_CHECK_AS(Value, l.reduction >= 0 && l.reduction <= 2, "", "%lld is not a valid value for reduction", (long long)l.reduction);
  check_target_shape(self, given);
  check_target_dtype(given);
  check_class_weight(self, weight, "");
  PL_CHECK_AS(NotImplemented, is_floating(self.dtype()), "dtype_unsupported", "\"%s\" not implemented for '%s'",
              l.logits ? "log_softmax_lastdim_kernel_impl" : "nll_loss_out_frame", info(self.dtype()).scalar_name);
  Tensor target = cast(given, DType::Int64);
  ClassLossState state;
  if (!(grad_enabled && requires_grad(self))) return class_loss(l, self, target, weight, state);
  NodeRef<ClassLossNode> node(new ClassLossNode);
  set_edges(node.get(), {&self});
  node->loss = l;
  node->matrix = self.dim() <= 2;
  node->self_.save(self);
  node->target_.save(target);
  Tensor r = class_loss(l, self, target, weight, node->state);
  set_history(r, node.get());
  return r;
}

// ---- cross entropy with probabilities or smoothed labels: PyTorch's own compositions
Tensor shaped_for_classes(const Tensor& weight, const Tensor& self) {
  if (self.dim() < 2) return weight;
  std::vector<int64_t> shape(size_t(self.dim()), 1);
  shape[1] = weight.numel();
  return op::view(weight, shape);
}

Tensor sum_over(const Tensor& t, int64_t dim) { return op::sum_dim_IntList(t, std::optional<Shape>(Shape(&dim, 1)), false, DType::Undefined); }

Tensor probability_cross_entropy(const Tensor& self, const Tensor& given, const Tensor& weight, int64_t reduction, double smoothing) {
  PL_CHECK_AS(Runtime, is_floating(given.dtype()), "target_dtype", "Expected floating point type for target with class probabilities, got %s",
              info(given.dtype()).scalar_name);
  check_class_weight(self, weight, "cross_entropy: ");
  const int64_t dim = self.dim() > 1, classes = self.dim() ? self.size(dim) : 1;
  Tensor target = given;
  if (smoothing > 0) target = op::add(op::mul(target, Scalar(1 - smoothing)), Scalar(smoothing / double(classes)), Scalar(1));
  Tensor weighted = op::mul(op::_log_softmax(self, dim, false), target);
  if (weight) weighted = op::mul(weighted, shaped_for_classes(weight, self));
  if (reduction == kNone) return op::neg(sum_over(weighted, dim));
  Tensor sum = op::neg(op::sum(weighted, DType::Undefined));
  if (reduction == kSum) return sum;
  return op::true_divide(sum, Scalar(double(self.numel()) / double(std::max<int64_t>(classes, 1))));
}

Tensor smoothed_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction, int64_t ignored, double smoothing) {
  const int64_t dim = self.dim() > 1, classes = self.size(dim);
  Tensor log_p = op::_log_softmax(self, dim, false);
  Tensor hard = native::nll_loss_nd(log_p, target, weight, reduction, ignored);
  Tensor smooth = op::neg(sum_over(weight ? op::mul(log_p, shaped_for_classes(weight, self)) : log_p, dim));
  Tensor counted = op::ne(target, Scalar(ignored));
  smooth = op::where_self(op::view(counted, smooth.sizes()), smooth, Scalar(0));
  if (reduction != kNone) smooth = op::sum(smooth, DType::Undefined);
  if (reduction == kMean) {
    // The weights of the places that count, or their number.
    ClassLossState state;
    class_loss({false, kSum, ignored}, log_p, cast(target, DType::Int64), weight, state);
    smooth = op::true_divide(smooth, Scalar(state.total));
  }
  return op::add(op::mul(hard, Scalar(1 - smoothing)), smooth, Scalar(smoothing / double(classes)));
}

}  // namespace

namespace native {

Tensor mse_loss(const Tensor& self, const Tensor& target, int64_t reduction) { return recorded_element_loss({Loss::Mse, reduction, 0}, self, target); }
Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction) { return recorded_element_loss({Loss::L1, reduction, 0}, self, target); }

Tensor smooth_l1_loss(const Tensor& self, const Tensor& target, int64_t reduction, double beta) {
  PL_CHECK(beta >= 0, "smooth_l1_loss does not support negative values for beta.");
  return recorded_element_loss({beta == 0 ? Loss::L1 : Loss::SmoothL1, reduction, beta}, self, target);
}

Tensor huber_loss(const Tensor& self, const Tensor& target, int64_t reduction, double delta) {
  PL_CHECK(delta > 0, "huber_loss does not support non-positive values for delta.");
  return recorded_element_loss({Loss::Huber, reduction, delta}, self, target);
}

Tensor binary_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction) {
  PL_CHECK_AS(Runtime, self.dtype() == target.dtype(), "dtype_mismatch", "Found dtype %s but expected %s", info(target.dtype()).scalar_name,
              info(self.dtype()).scalar_name);
  check_unit_interval(self, "input");
  check_unit_interval(target, "target");
  if (!weight) return recorded_element_loss({Loss::Bce, reduction, 0}, self, target);
  return reduced(op::mul(recorded_element_loss({Loss::Bce, kNone, 0}, self, target), weight), reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& self, const Tensor& target, const Tensor& weight, const Tensor& pos_weight, int64_t reduction) {
  PL_CHECK_AS(Runtime, is_floating(target.dtype()), "dtype_mismatch", "result type Float can't be cast to the desired output type %s",
              info(target.dtype()).scalar_name);
  if (!weight && !pos_weight) return recorded_element_loss({Loss::BceLogits, reduction, 0}, self, target);
  Tensor loss;
  if (pos_weight) {
    Tensor factor = op::add(op::mul(minus(pos_weight, Scalar(1)), target), Scalar(1), Scalar(1));
    loss = minus(op::mul(op::rsub(target, Scalar(1), Scalar(1)), self), op::mul(factor, op::log_sigmoid(self)));
  } else {
    loss = recorded_element_loss({Loss::BceLogits, kNone, 0}, self, target);
  }
  return reduced(weight ? op::mul(loss, weight) : loss, reduction);
}

Tensor nll_loss_nd(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction, int64_t ignore_index) {
  return recorded_class_loss({false, reduction, ignore_index}, self, target, weight);
}

Tensor cross_entropy_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction, int64_t ignore_index, double label_smoothing) {
  const bool probabilities = self.sizes() == target.sizes();
  PL_CHECK(!probabilities || ignore_index < 0, "ignore_index is not supported for floating point target");
  PL_CHECK(label_smoothing >= 0 && label_smoothing <= 1, "label_smoothing must be between 0.0 and 1.0. Got: %g", label_smoothing);
  if (probabilities) return probability_cross_entropy(self, target, weight, reduction, label_smoothing);
  if (label_smoothing == 0) return recorded_class_loss({true, reduction, ignore_index}, self, target, weight);
  check_class_weight(self, weight, "");
  return smoothed_cross_entropy(self, target, weight, reduction, ignore_index, label_smoothing);
}

Tensor kl_div(const Tensor& self, const Tensor& target, int64_t reduction, bool log_target) {
  Tensor loss = log_target ? op::mul(op::exp(target), minus(target, self)) : minus(op::xlogy(target, target), op::mul(target, self));
  return reduced(loss, reduction);
}

}  // namespace native
}  // namespace pl
