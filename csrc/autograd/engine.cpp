// backward(): walks the graph from the roots, each node once, when the gradients of all its outputs are complete.
//
// A run counts, for every node it can reach, the edges that lead there; a node whose count falls to zero is ready, and of the
// ready ones the latest call comes first. Counts and arriving gradients stand in a Slot that hangs on the node, so that no
// table is searched; nested runs and runs of other threads hang their own.
#include <algorithm>
#include "autograd/hooks.h"
#include "ops.h"
#include "ops/derivatives.h"

namespace pl {

class Run;

struct Slot {
  static constexpr uint32_t kInline = 2;
  Slot* next_on_node;
  Run* run;
  Node* node;
  Tensor* grads;
  uint32_t deps;
  int32_t captures;       // first of the list in Run, -1 for none
  bool visited, executes, queued;
  Tensor inline_grads[kInline];
};

namespace {

thread_local Run* current_run = nullptr;

struct Ready {
  uint64_t seq;
  Slot* slot;
  bool operator<(const Ready& o) const { return seq < o.seq; }
};

struct Capture {
  uint32_t nr;            // which gradient of the node
  uint32_t input;         // of which of the inputs that were asked for
  int32_t next;
};

// Memory of slots, kept between runs: blocks of growing size, filled one after the other.
class SlotPool {
 public:
  Slot* take() {
    if (used_ == size_) grow();
    return &blocks_.back()[used_++];
  }
  template <class F> void for_each(F&& f) {
    for (size_t b = 0; b + 1 < blocks_.size(); ++b)
      for (size_t i = 0; i < kFirst << b; ++i) f(blocks_[b][i]);
    for (size_t i = 0; i < used_; ++i) f(blocks_.back()[i]);
  }
  // Large graphs are rare, so that only the first block stays.
  void clear() {
    if (blocks_.size() > 1) blocks_.resize(1);
    used_ = 0;
    size_ = blocks_.empty() ? 0 : kFirst;
  }

 private:
  static constexpr size_t kFirst = 64;
  void grow() {
    size_ = kFirst << blocks_.size();
    blocks_.push_back(std::make_unique<Slot[]>(size_));
    used_ = 0;
  }
  std::vector<std::unique_ptr<Slot[]>> blocks_;
  size_t used_ = 0, size_ = 0;
};

// ---- gradients on their way ----
// Whether nobody else can see this tensor's memory.
bool is_sole_owner(const TensorImpl* t) { return Py_REFCNT(t) == 1 && t->storage->refs == 1; }

bool may_add_into(const TensorImpl* sum, const TensorImpl* t) {
  return !grad_enabled && is_sole_owner(sum) && sum->dtype == t->dtype && !sum->base && !overlaps_itself(sum) &&
         Py_TYPE(sum) == tensor_type;
}

void add_to(Tensor& sum, Tensor&& grad) {
  if (!sum) sum = std::move(grad);
  else if (may_add_into(sum.get(), grad.get())) op::add_(sum, grad, Scalar(1));
  else if (may_add_into(grad.get(), sum.get())) {
    op::add_(grad, sum, Scalar(1));
    sum = std::move(grad);
  } else {
    sum = op::add(sum, grad, Scalar(1));
  }
}

bool expands_to(Shape small, Shape large) {
  if (small.n > large.n) return false;
  for (int i = 1; i <= small.n; ++i)
    if (small[small.n - i] != large[large.n - i] && small[small.n - i] != 1) return false;
  return true;
}

// Sums over what was broadcast, casts; raises where neither helps.
__attribute__((noinline)) void fix_gradient(Node* n, uint32_t index, const OutputMeta& want, Tensor& grad) {
  Shape sizes = want.sizes();
  if (!(grad.sizes() == sizes)) {
    PL_CHECK(expands_to(sizes, grad.sizes()),
             "Function %s returned an invalid gradient at index %u - got %s but expected shape compatible with %s", n->name(), index,
             to_string(grad.sizes()).c_str(), to_string(sizes).c_str());
    grad = op::sum_to_size(grad, sizes);
  }
  if (grad.dtype() != want.dtype) {
    PL_CHECK(is_differentiable(grad.dtype()) || !is_differentiable(want.dtype),
             "Function %s returned an invalid gradient at index %u - expected type torch.%sTensor but got torch.%sTensor", n->name(),
             index, info(want.dtype).scalar_name, info(grad.dtype()).scalar_name);
    grad = grad_to(grad, want.dtype);
  }
  PL_CHECK(grad.device() == want.device, "Function %s returned an invalid gradient at index %u - expected device %s but got %s",
           n->name(), index, device_name(want.device).c_str(), device_name(grad.device()).c_str());
}

inline void check_gradient(Node* n, uint32_t index, const Edge& e, Tensor& grad) {
  const OutputMeta& want = e.fn->output(e.nr);
  if (want.dtype == DType::Undefined) return;
  const TensorImpl* g = grad.get();
  bool same = g->dtype == want.dtype && g->ndim == want.ndim && g->device() == want.device;
  if (__builtin_expect(same, 1)) {
    Shape sizes = want.sizes();
    for (int i = 0; i < sizes.n; ++i) same &= g->sizes[i] == sizes[i];
  }
  if (__builtin_expect(!same, 0)) fix_gradient(n, index, want, grad);
}

}  // namespace

// ---- a run ----
class Run {
 public:
  Run(BackwardOptions o, size_t n_inputs) : options_(o), selective_(n_inputs > 0), results_(o.accumulate ? 0 : n_inputs) {
    if (!idle_pools.empty()) {
      pool_ = std::move(idle_pools.back());
      idle_pools.pop_back();
    } else {
      pool_ = std::make_unique<Scratch>();
    }
    outer_ = std::exchange(current_run, this);
  }
  ~Run();
  Run(const Run&) = delete;

  void ask_for(uint32_t input, const Tensor& t);
  void start(const Tensor& root, Tensor grad);
  TensorList finish();
  Node* evaluating() const { return evaluating_; }
  int64_t id() const { return id_; }
  bool selective() const { return selective_; }
  bool visits(Node* n) const {
    Slot* s = find(n);
    return s && s->visited && (s->executes || s->captures >= 0);
  }

 private:
  struct Frame { Slot* slot; uint32_t edge; };
  struct Scratch {
    SlotPool slots;
    std::vector<Ready> ready;
    std::vector<Frame> path;
    std::vector<Capture> captures;
    std::vector<Node*> roots;            // retained
  };
  static std::vector<std::unique_ptr<Scratch>> idle_pools;

  Slot* find(Node* n) const {
    Slot* s = n->slots;
    while (s && s->run != this) s = s->next_on_node;
    return s;
  }
  Slot* slot_of(Node* n);
  void count_edges(Slot* root);
  void arrive(Slot* s);
  void execute(Slot* s);
  void execute_leaf(Slot* s);
  void capture(Slot* s);
  uint64_t unwanted_of(Node* n);
  void differentiate(Slot* s, Tensor* results);
  void distribute(Node* n, Tensor* results);
  void drop_gradients(Slot* s) {
    for (uint32_t i = 0; i < s->node->n_inputs; ++i) s->grads[i] = Tensor();
  }

  BackwardOptions options_;
  bool selective_;
  std::unique_ptr<Scratch> pool_;
  TensorList results_;
  Node* evaluating_ = nullptr;
  Run* outer_;
  int64_t id_ = runs_++;
  uint32_t steps_ = 0;
  static int64_t runs_;
};

std::vector<std::unique_ptr<Run::Scratch>> Run::idle_pools;
int64_t Run::runs_ = 0;

Run::~Run() {
  current_run = outer_;
  pool_->slots.for_each([this](Slot& s) {
    Slot** at = &s.node->slots;
    while (*at != &s) at = &(*at)->next_on_node;
    *at = s.next_on_node;
    drop_gradients(&s);
    if (s.grads != s.inline_grads) delete[] s.grads;
  });
  pool_->slots.clear();
  pool_->ready.clear();
  pool_->path.clear();
  pool_->captures.clear();
  for (Node* n : pool_->roots) unref(n);
  pool_->roots.clear();
  idle_pools.push_back(std::move(pool_));
}

Slot* Run::slot_of(Node* n) {
  if (Slot* s = find(n)) return s;
  Slot* s = pool_->slots.take();
  s->next_on_node = n->slots;
  s->run = this;
  s->node = n;
  s->grads = n->n_inputs <= Slot::kInline ? s->inline_grads : new Tensor[n->n_inputs];
  s->deps = 0;
  s->captures = -1;
  s->visited = s->queued = false;
  s->executes = !selective_;
  n->slots = s;
  return s;
}

// The gradient of t is wanted: it is caught where it enters the node that made t.
void Run::ask_for(uint32_t input, const Tensor& t) {
  Edge e = gradient_edge(t);
  PL_CHECK(e.fn, "One of the differentiated Tensors does not require grad");
  pool_->roots.push_back(e.fn);
  Slot* s = slot_of(e.fn);
  if (options_.accumulate && e.fn->is_accumulator()) s->executes = true;
  pool_->captures.push_back({e.nr, input, s->captures});
  s->captures = int32_t(pool_->captures.size()) - 1;
}

// Depth first: counts the edges that lead to each node, and finds out which nodes lie on a way to an input asked for.
void Run::count_edges(Slot* root) {
  if (root->visited) return;
  auto& path = pool_->path;
  root->visited = true;
  path.push_back({root, 0});
  while (!path.empty()) {
    Slot* s = path.back().slot;
    uint32_t i = path.back().edge;
    if (i == s->node->n_next) {
      path.pop_back();
      if (!path.empty()) path.back().slot->executes |= s->executes || s->captures >= 0;
      continue;
    }
    path.back().edge = i + 1;
    Node* to = s->node->next[i].fn;
    if (!to) continue;
    Slot* t = slot_of(to);
    ++t->deps;
    if (t->visited) {
      s->executes |= t->executes || t->captures >= 0;
    } else {
      t->visited = true;
      path.push_back({t, 0});
    }
  }
}

void Run::start(const Tensor& root, Tensor grad) {
  Edge e = gradient_edge(root);
  pool_->roots.push_back(e.fn);
  Slot* s = slot_of(e.fn);
  count_edges(s);
  add_to(s->grads[e.nr], std::move(grad));
}

void Run::arrive(Slot* s) {
  s->queued = true;
  pool_->ready.push_back({s->node->is_accumulator() ? UINT64_MAX : s->node->seq, s});
  std::push_heap(pool_->ready.begin(), pool_->ready.end());
}

TensorList Run::finish() {
  GradMode mode(options_.create_graph);
  auto& ready = pool_->ready;
  for (size_t i = 0; i < pool_->roots.size(); ++i) {
    Slot* s = find(pool_->roots[i]);
    if (s->visited && s->deps == 0 && !s->queued) arrive(s);
  }
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end());
    Slot* s = ready.back().slot;
    ready.pop_back();
    execute(s);
    // Ctrl-C reaches a long backward, too.
    if ((++steps_ & 255) == 0 && PyErr_CheckSignals()) throw PythonError();
  }
  return std::move(results_);
}

void Run::capture(Slot* s) {
  if (options_.accumulate) return;
  for (int32_t c = s->captures; c >= 0; c = pool_->captures[size_t(c)].next) {
    const Capture& k = pool_->captures[size_t(c)];
    results_[k.input] = s->grads[k.nr];
  }
}

void Run::execute_leaf(Slot* s) {
  auto* node = static_cast<AccumulateGrad*>(s->node);
  TensorImpl* leaf = node->variable.get();
  Tensor grad = std::move(s->grads[0]);
  if (leaf->hooks) run_leaf_hooks(leaf, grad);
  if (node->hooks) {
    run_tensor_hooks(node, &grad);
    run_pre_hooks(node, &grad);
  }
  if (s->captures >= 0 && !options_.accumulate)
    for (int32_t c = s->captures; c >= 0; c = pool_->captures[size_t(c)].next) results_[pool_->captures[size_t(c)].input] = grad;
  if (!s->executes || !grad) return;
  if (node->hooks && node->hooks->post) {
    PyRef given(tuple_of(&grad, 1));
    node->accumulate(std::move(grad));
    run_post_hooks(node, nullptr, given.get());
  } else {
    node->accumulate(std::move(grad));
  }
  if (leaf->hooks) run_post_accumulate_hooks(leaf);
}

void Run::execute(Slot* s) {
  Node* n = s->node;
  if (n->is_accumulator()) return execute_leaf(s);
  if (n->hooks) run_tensor_hooks(n, s->grads);
  if (s->captures >= 0) capture(s);
  if (!s->executes) return drop_gradients(s);
  if (n->n_next <= std::size(n->inline_next)) {
    Tensor results[std::size(n->inline_next)];
    differentiate(s, results);
    distribute(n, results);
  } else {
    TensorList results(n->n_next);
    differentiate(s, results.data());
    distribute(n, results.data());
  }
}

namespace {

// Anomaly mode: tells where the forward call stood, then lets the error go on.
void warn_where(Node* n) {
  if (!n->where) return;
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyObject* empty = PyUnicode_FromString("");
  PyObject* lines = empty ? PyUnicode_Join(empty, n->where) : nullptr;
  Py_XDECREF(empty);
  if (lines) {
    PyErr_WarnFormat(PyExc_UserWarning, 1, "Error detected in %s. Traceback of forward call that caused the error:\n%U", n->name(), lines);
    Py_DECREF(lines);
  }
  if (type) {
    PyErr_Clear();
    PyErr_Restore(type, value, trace);
  } else if (PyErr_Occurred()) {
    PyErr_WriteUnraisable(nullptr);
  }
}

void check_nan(Node* n, const Tensor* results) {
  NoGrad no_grad;
  for (uint32_t i = 0; i < n->n_next; ++i) {
    if (!results[i] || results[i].is_meta() || !is_differentiable(results[i].dtype())) continue;
    PL_CHECK_AS(Runtime, !item(op::any(op::isnan(results[i]))).to_bool(), "backward_nan",
                "Function '%s' returned nan values in its %uth output.", n->name(), i);
  }
}

void differentiate_watched(Node* n, const Tensor* grads, Tensor* results) {
  try {
    n->backward(grads, results);
    if (anomaly_check_nan) check_nan(n, results);
  } catch (...) {
    warn_where(n);
    throw;
  }
}

void tell_observer(Node* n, bool begins) {
  PyRef answer(PyObject_CallFunction(node_observer, "sO", n->name(), begins ? Py_True : Py_False));
}

void differentiate_observed(Node* n, const Tensor* grads, Tensor* results) {
  tell_observer(n, true);
  n->backward(grads, results);
  if (node_observer) tell_observer(n, false);
}

}  // namespace

PyObject* node_observer = nullptr;

namespace {
struct Unwanted {
  Node* node;
  uint64_t before;
  Unwanted(Node* n, uint64_t bits) : node(n), before(std::exchange(n->unwanted, bits)) {}
  ~Unwanted() { node->unwanted = before; }
};
}  // namespace

void Run::differentiate(Slot* s, Tensor* results) {
  Node* n = s->node;
  std::optional<PyRef> given;
  if (n->hooks) {
    run_pre_hooks(n, s->grads);
    if (n->hooks->post) given.emplace(tuple_of(s->grads, n->n_inputs));
  }
  const Unwanted unwanted(n, pool_->captures.empty() ? 0 : unwanted_of(n));
  Node* before = std::exchange(evaluating_, n);
  if (anomaly_enabled) differentiate_watched(n, s->grads, results);
  else if (node_observer) differentiate_observed(n, s->grads, results);
  else n->backward(s->grads, results);
  evaluating_ = before;
  if (!options_.keep_graph) n->release_saved();
  drop_gradients(s);
  if (given) run_post_hooks(n, results, given->get());
}

// grad(outputs, inputs) computes no gradient that none of the inputs needs.
uint64_t Run::unwanted_of(Node* n) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < n->n_next && i < 64; ++i) {
    if (!n->next[i].fn) continue;
    const Slot* t = find(n->next[i].fn);
    if (!t->executes && t->captures < 0) bits |= uint64_t(1) << i;
  }
  return bits;
}

void Run::distribute(Node* n, Tensor* results) {
  for (uint32_t i = 0; i < n->n_next; ++i) {
    const Edge& e = n->next[i];
    if (!e.fn) continue;
    Slot* t = find(e.fn);
    if (!t->executes && t->captures < 0) {
      results[i] = Tensor();
      continue;
    }
    if (results[i]) {
      check_gradient(n, i, e, results[i]);
      add_to(t->grads[e.nr], std::move(results[i]));
    }
    if (--t->deps) continue;
    // A leaf has nothing behind it: done at once, so that its gradient can be freed or its optimizer step begin.
    if (e.fn->is_accumulator()) execute_leaf(t);
    else arrive(t);
  }
}

Node* evaluating_node() { return current_run ? current_run->evaluating() : nullptr; }
int64_t current_run_id() { return current_run ? current_run->id() : -1; }
bool run_is_selective() { return current_run && current_run->selective(); }
bool will_execute(Node* n) { return current_run && current_run->visits(n); }

// ---- leaves ----
AccumulateGrad::AccumulateGrad(TensorImpl* leaf) : variable(Tensor::borrow(leaf)) {
  accumulator = true;
  first_output.set(leaf);
}

AccumulateGrad::~AccumulateGrad() {
  if (variable->grad_accumulator == this) variable->grad_accumulator = nullptr;
}

namespace {

bool has_layout_of(const TensorImpl* grad, const TensorImpl* leaf) {
  if (!is_non_overlapping_and_dense(leaf)) return grad->is_contiguous();
  for (int d = 0; d < leaf->ndim; ++d)
    if (grad->strides[d] != leaf->strides[d] && leaf->sizes[d] != 1) return false;
  return grad->ndim == leaf->ndim;
}

// Whether `grad` can become .grad itself. A view whose base lives on for its sake alone lets the base go.
bool can_steal(TensorImpl* grad, const TensorImpl* leaf) {
  if (Py_REFCNT(grad) != 1 || Py_TYPE(grad) != tensor_type || !has_layout_of(grad, leaf)) return false;
  if (grad->base && Py_REFCNT(grad->base) == 1 && grad->storage->refs == 2 && grad->numel == grad->base->numel) {
    Py_CLEAR(grad->base);
    grad->flags &= uint16_t(~(kNoGradView | kMultiView | kCustomView));
  }
  return !grad->base && grad->storage->refs == 1 && !(grad->flags & kPrivateVersion);
}

Tensor copy_for(const Tensor& grad, const TensorImpl* leaf) {
  if (grad_enabled) return op::clone(grad, MemoryFormat::Preserve);
  Tensor t = is_non_overlapping_and_dense(leaf) ? empty_strided({leaf->sizes, leaf->ndim}, {leaf->strides, leaf->ndim}, grad.dtype(), grad.device())
                                                : empty(grad.sizes(), grad.dtype(), grad.device());
  copy_into(t, grad);
  return t;
}

}  // namespace

void AccumulateGrad::accumulate(Tensor grad) {
  TensorImpl* leaf = variable.get();
  if (!grad || !(leaf->flags & kRequiresGrad)) return;
  if (!leaf->grad) {
    Tensor first = !grad_enabled && can_steal(grad.get(), leaf) ? std::move(grad) : copy_for(grad, leaf);
    leaf->grad = first.release();
    return;
  }
  Tensor sum = Tensor::borrow(leaf->grad);
  if (!grad_enabled) {
    op::add_(sum, grad, Scalar(1));
    return;
  }
  Tensor total = op::add(sum, grad, Scalar(1));
  Py_XDECREF(std::exchange(leaf->grad, total.release()));
}

// ---- the entry ----
namespace {

Tensor first_gradient(const Tensor& root, const Tensor& given, size_t i) {
  if (!given) {
    PL_CHECK_AS(Runtime, root.numel() == 1, "backward_nonscalar", "grad can be implicitly created only for scalar outputs");
    PL_CHECK_AS(Runtime, !is_complex(root.dtype()), "backward_nonscalar",
                "grad can be implicitly created only for real scalar outputs but got torch.%s", info(root.dtype()).name);
    return full(root.sizes(), Scalar(1.0), root.dtype(), root.device());
  }
  PL_CHECK_AS(Runtime, given.sizes() == root.sizes(), "backward_shape",
              "Mismatch in shape: grad_output[%zu] has a shape of torch.Size(%s) and output[%zu] has a shape of torch.Size(%s).", i,
              to_string(given.sizes()).c_str(), i, to_string(root.sizes()).c_str());
  PL_CHECK_AS(Runtime, is_complex(given.dtype()) == is_complex(root.dtype()), "backward_shape",
              "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: grad_output[%zu] has "
              "a dtype of torch.%s and output[%zu] has a dtype of torch.%s.", i, info(given.dtype()).name, i, info(root.dtype()).name);
  return given.dtype() == root.dtype() ? given : grad_to(given, root.dtype());
}

}  // namespace

TensorList run_backward(std::span<const Tensor> roots, std::span<const Tensor> grads, std::span<const Tensor> inputs, BackwardOptions o) {
  Run run(o, inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) run.ask_for(uint32_t(i), inputs[i]);
  for (size_t i = 0; i < roots.size(); ++i) {
    PL_CHECK_AS(Runtime, requires_grad(roots[i]), "backward_no_grad",
                "element %zu of tensors does not require grad and does not have a grad_fn", i);
    GradMode mode(o.create_graph);
    run.start(roots[i], first_gradient(roots[i], i < grads.size() ? grads[i] : Tensor(), i));
  }
  return run.finish();
}

}  // namespace pl
