// Brings the tensors of an optimizer step into flat arrays and runs the kernels on them, in parallel when they are large.
#include "ops/optim.h"
#include <algorithm>
#include "cpu/kernels.h"

namespace pl {
namespace {

constexpr int64_t kChunk = 1 << 15;  // elements a task updates: about 10 us

struct Arrays {
  char* param;
  const char* grad;
  char* state[3];
  int64_t n;          // real numbers: two for each complex element
  OptimType type;
  const OptimSettings* settings;

  void update(int64_t begin, int64_t count) const {
    const int64_t b = begin * (type == kOptimF32 ? 4 : type == kOptimF64 ? 8 : 2);
    void* shifted[3];
    for (int i = 0; i < 3; ++i) shifted[i] = state[i] ? state[i] + b : nullptr;
    cpu().optim.step[int(settings->kind)][type](count, param + b, grad + b, shifted, settings->k);
  }
};

OptimType optim_type(DType d) {
  switch (real_of(d)) {
    case DType::Float32: return kOptimF32;
    case DType::Float64: return kOptimF64;
    case DType::Float16: return kOptimF16;
    case DType::BFloat16: return kOptimBF16;
    default: not_implemented_for("optimizer_step", d);
  }
}

bool same_layout(const TensorImpl* a, const TensorImpl* b) {
  if (a->is_contiguous() && b->is_contiguous()) return true;
  for (int i = 0; i < a->ndim; ++i) if (a->strides[i] != b->strides[i] && a->sizes[i] > 1) return false;
  return true;
}

// Arrays in the order of the parameter's memory. Tensors that lie otherwise are copied, and copied back by finish().
class Layout {
 public:
  Arrays arrays(OptimItem& item, const OptimSettings& settings) {
    TensorImpl* p = item.param.get();
    Tensor param = item.param;
    check(item.grad.get(), p, "gradient");
    check_writable(param);
    if (!p->is_contiguous() && !is_non_overlapping_and_dense(p)) param = in_order_of(param, param, true);
    OptimType type = optim_type(p->dtype);
    Arrays a{param->data, ordered(param, item.grad, false)->data, {}, p->numel * (is_complex(p->dtype) ? 2 : 1),
             type, &settings};
    for (int i = 0; i < cpu().optim.states[int(settings.kind)]; ++i) {
      PL_CHECK(item.state[i], "the optimizer's state of a parameter lacks a tensor");
      check(item.state[i].get(), p, "state");
      a.state[i] = ordered(param, item.state[i], true)->data;
      bump_version(item.state[i].get());
    }
    bump_version(p);
    return a;
  }

  void finish() {
    for (auto& [original, copy] : changed_) copy_into(original, copy);
  }

 private:
  static void check(const TensorImpl* t, const TensorImpl* p, const char* what) {
    PL_CHECK(t->dtype == p->dtype, "the %s of a parameter has dtype %s, but the parameter has %s", what, info(t->dtype).name,
             info(p->dtype).name);
    PL_CHECK(Shape(t->sizes, t->ndim) == Shape(p->sizes, p->ndim), "the %s of a parameter has shape %s, but the parameter has %s",
             what, to_string({t->sizes, t->ndim}).c_str(), to_string({p->sizes, p->ndim}).c_str());
    PL_CHECK(t->device() == p->device(), "the %s of a parameter is on %s, but the parameter is on %s", what,
             device_name(t->device()).c_str(), device_name(p->device()).c_str());
  }

  Tensor ordered(const Tensor& param, const Tensor& t, bool written) {
    return same_layout(param.get(), t.get()) ? t : in_order_of(param, t, written);
  }

  Tensor in_order_of(const Tensor& like, const Tensor& t, bool written) {
    Tensor copy = pl::empty_like(like);
    copy_into(copy, t);
    kept_.push_back(copy);
    if (written) changed_.emplace_back(t, copy);
    return copy;
  }

  TensorList kept_;                                 // alive while the kernels run
  std::vector<std::pair<Tensor, Tensor>> changed_;
};

}  // namespace

void optimizer_step(std::vector<OptimItem>& items, const std::vector<OptimSettings>& settings) {
  Layout layout;
  std::vector<Arrays> all;
  all.reserve(items.size());
  int64_t total = 0;
  for (auto& item : items) {
    if (item.param.numel() == 0 || item.param.is_meta()) continue;
    all.push_back(layout.arrays(item, settings[size_t(item.settings)]));
    total += all.back().n;
  }
  if (total <= kChunk) {
    for (auto& a : all) a.update(0, a.n);
  } else {
    std::vector<std::pair<const Arrays*, int64_t>> chunks;
    for (auto& a : all) for (int64_t i = 0; i < a.n; i += kChunk) chunks.emplace_back(&a, i);
    ReleaseGil release(total);
    parallel_for(int64_t(chunks.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        auto [a, i] = chunks[size_t(c)];
        a->update(i, std::min(kChunk, a->n - i));
      }
    });
  }
  layout.finish();
}

}  // namespace pl
