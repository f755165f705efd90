// Views and in-place changes. A tensor that is changed in place gets the change's node as its grad_fn; when it is a view,
// its base gets it, wrapped in CopySlices, and every view of that base makes its grad_fn anew when it is next asked.
#include "autograd/hooks.h"
#include "ops.h"
#include "ops/derivatives.h"

namespace pl {
namespace {

bool wants_grad(const TensorImpl* t) { return (t->flags & kRequiresGrad) || t->grad_fn; }

struct Geometry {
  std::vector<int64_t> sizes, strides;
  int64_t offset;
  explicit Geometry(const TensorImpl* t)
      : sizes(t->sizes, t->sizes + t->ndim), strides(t->strides, t->strides + t->ndim), offset(t->offset) {}
};

// The base as its view sees it: complex numbers under a view of real ones are pairs.
bool sees_pairs(const TensorImpl* base, const TensorImpl* view) { return base->dtype != view->dtype; }
Geometry seen_base(const TensorImpl* base, const TensorImpl* view) {
  Geometry g(base);
  if (!sees_pairs(base, view)) return g;
  PL_CHECK(is_complex(base->dtype) && real_of(base->dtype) == view->dtype,
           "an in-place change of a tensor and a view of it in another dtype cannot be differentiated; clone it first");
  for (int64_t& s : g.strides) s *= 2;
  g.sizes.push_back(2);
  g.strides.push_back(1);
  g.offset *= 2;
  return g;
}

// The derivative of a view that is taken anew from its changed base.
struct AsStridedView final : Node {
  Geometry base, view;
  bool pairs;
  AsStridedView(const Tensor& b, const TensorImpl* v) : base(seen_base(b.get(), v)), view(v), pairs(sees_pairs(b.get(), v)) {
    set_edges(this, {&b});
  }
  const char* name() const override { return "AsStridedBackward0"; }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0]) return;
    Tensor g = as_strided_backward(grads[0], base.sizes, base.strides, base.offset, view.sizes, view.strides, view.offset);
    results[0] = pairs ? op::view_as_complex(g) : g;
  }
};

// The derivative of a change to a part of `base` by `fn`: the part of the gradient that was overwritten goes through fn,
// the rest passes. `self` is the edge of fn that led to the part before the change; here it leads to the base.
struct CopySlices final : Node {
  Geometry base, view;
  NodeRef<Node> fn;
  uint32_t nr, self;
  bool pairs;
  CopySlices(const Tensor& b, const TensorImpl* v, NodeRef<Node> f, uint32_t output, uint32_t edge)
      : base(b.get()), view(v), fn(std::move(f)), nr(output), self(edge), pairs(sees_pairs(b.get(), v)) {
    view.offset -= seen_base(b.get(), v).offset;
    set_next_count(fn->n_next > edge ? fn->n_next : edge + 1);
    next[edge] = gradient_edge(b);
    for (uint32_t i = 0; i < fn->n_next; ++i) {
      if (i == edge) continue;
      next[i] = fn->next[i];
      retain(next[i].fn);
    }
  }
  const char* name() const override { return "CopySlices"; }
  void release_saved() override { fn->release_saved(); }
  void backward(const Tensor* grads, Tensor* results) override;
};

void CopySlices::backward(const Tensor* grads, Tensor* results) {
  if (!grads[0]) return;
  Tensor whole = empty_strided(base.sizes, base.strides, grads[0].dtype(), grads[0].device());
  op::copy_(whole, grads[0], false);
  Tensor part = op::as_strided(pairs ? op::view_as_real(whole) : whole, view.sizes, view.strides, view.offset);
  TensorList given(fn->n_inputs), back(n_next);
  given[nr] = op::clone(part, MemoryFormat::Contiguous);
  fn->backward(given.data(), back.data());
  for (uint32_t i = 0; i < n_next; ++i) if (i != self) results[i] = std::move(back[i]);
  if (!needs(self)) return;
  if (back[self]) op::copy_(part, back[self], false);
  else op::zero_(part);
  results[self] = std::move(whole);
}

// Views whose history cannot be rewritten. `how` says what happened: they were changed themselves, or their base.
void check_rebase(const TensorImpl* view, const char* how) {
  if (!(view->flags & (kMultiView | kNoGradView | kCustomView))) return;
  bool no_grad = !(view->flags & (kMultiView | kCustomView));
  std::string what = view->grad_fn ? format("Output %u of %s is a view ", view->output_nr, operation_name(view->grad_fn).c_str()) : "A view was ";
  if (view->grad_fn && no_grad) what += "of a view which was ";
  what += !view->grad_fn || no_grad ? format("created in no_grad mode and %s modified inplace with grad mode enabled.", how)
                                    : format("and %s modified inplace.", how);
  const char* why =
      view->flags & kMultiView ? "This view is the output of a function that returns multiple views. Such functions do not allow the output "
                                 "views to be modified inplace. You should replace the inplace operation by an out-of-place one."
      : no_grad ? "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and "
                  "the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want "
                  "the inplace to be tracked)."
                : "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle "
                  "view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. This "
                  "behavior is forbidden. You can fix this by cloning the output of the custom Function.";
  fail(ErrorType::Runtime, "inplace_view", "%s %s", what.c_str(), why);
}

void replace_grad_fn(TensorImpl* t, Node* n, uint32_t nr) {
  n->output(nr).set(t);
  move_hooks(t, n, nr);
  unref(std::exchange(t->grad_fn, n));
  t->output_nr = nr;
  if (t->base) t->view_version = t->storage->version;
}

}  // namespace

Tensor as_view(const Tensor& t, Shape sizes, Shape strides, int64_t offset) {
  Tensor v = alias(t, sizes, strides, offset, t.dtype());
  v->base = Tensor(t->base ? Tensor::borrow(t->base) : t).release();
  v->view_version = t->storage->version;
  // A view of a view that must not be changed must not be changed either.
  v->flags |= uint16_t(grad_enabled ? t->flags & (kMultiView | kNoGradView | kCustomView) : kNoGradView);
  return v;
}

bool view_wants_grad(TensorImpl* view) { return wants_grad(view->base) && is_differentiable(view->dtype); }

Node* grad_fn(TensorImpl* t) {
  if (!t->base || t->view_version == t->storage->version) return t->grad_fn;
  if (!t->grad_fn && !view_wants_grad(t)) return nullptr;
  check_rebase(t, "its base or another view of its base has been");
  replace_grad_fn(t, new AsStridedView(Tensor::borrow(t->base), t), 0);
  return t->grad_fn;
}

void check_inplace(const Tensor& tensor, bool wants) {
  TensorImpl* t = tensor.get();
  PL_CHECK(!(t->flags & kInference) || inference_enabled,
           "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal tensor "
           "before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.");
  if (!wants) return;
  if (t->base) {
    check_rebase(t, "is being");
    PL_CHECK_AS(Runtime, t->base->grad_fn || !requires_grad(t), "inplace_leaf",
                "a view of a leaf Variable that requires grad is being used in an in-place operation.");
  }
  PL_CHECK_AS(Runtime, !(t->flags & kRequiresGrad) || t->grad_fn, "inplace_leaf",
              "a leaf Variable that requires grad is being used in an in-place operation.");
}

void set_inplace_history(const Tensor& tensor, NodeRef<Node> n, uint32_t nr, uint32_t self) {
  TensorImpl* t = tensor.get();
  if (!is_differentiable(t->dtype)) return;
  if (!t->base) return replace_grad_fn(t, n.release(), nr);
  TensorImpl* base = t->base;
  n->output(nr).set(t);
  replace_grad_fn(base, new CopySlices(Tensor::borrow(base), t, std::move(n), nr, self), 0);
  replace_grad_fn(t, new AsStridedView(Tensor::borrow(base), t), 0);
}

void detach_inplace(const Tensor& tensor) {
  TensorImpl* t = tensor.get();
  PL_CHECK(!t->base, "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, "
           "and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be called on "
           "these gradients. To fix this error, please refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as "
           "the solution.");
  if (t->flags & kRetainsGrad) forget_retained(t);
  delete std::exchange(t->hooks, nullptr);
  unref(std::exchange(t->grad_fn, nullptr));
  t->output_nr = 0;
  t->flags &= uint16_t(~(kRequiresGrad | kRetainsGrad));
}

}  // namespace pl
