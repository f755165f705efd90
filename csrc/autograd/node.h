// The graph that backward() walks. A Node is the derivative of one forward call: it is given the gradients of the call's
// outputs and returns those of its inputs, which flow along `next` to the nodes that made the inputs.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include "core/tensor.h"

namespace pl {

struct Node;
struct Slot;      // what one backward run keeps about a node (engine.cpp)
struct PyHooks;   // hooks and metadata of a node (hooks.h)

struct Edge {
  Node* fn = nullptr;   // owned by the Node that holds the edge
  uint32_t nr = 0;      // which output of fn's forward call the gradient belongs to
};

// What the gradient of one output must look like. The dtype is Undefined where nothing was recorded.
struct OutputMeta {
  DType dtype = DType::Undefined;
  uint8_t ndim = 0;
  Device device;
  std::unique_ptr<int64_t[]> long_sizes;      // beyond kInlineDims dimensions
  int64_t inline_sizes[kInlineDims];

  void set(const TensorImpl* t) {
    dtype = t->dtype;
    ndim = t->ndim;
    device = t->device();
    if (ndim > kInlineDims) return set_long(t);
    for (int i = 0; i < ndim; ++i) inline_sizes[i] = t->sizes[i];
  }
  Shape sizes() const { return {ndim > kInlineDims ? long_sizes.get() : inline_sizes, ndim}; }

 private:
  void set_long(const TensorImpl* t);
};

extern uint64_t next_seq;
extern bool anomaly_enabled, anomaly_check_nan;

struct Node {
  int64_t refs = 1;
  uint64_t seq;                  // later calls have larger numbers and are differentiated first
  uint32_t n_next = 0;
  uint32_t n_inputs = 1;         // outputs of the forward call = gradients it is given
  Edge* next = inline_next;
  Edge inline_next[3];
  PyObject* wrapper = nullptr;   // the grad_fn object seen from Python, while it lives; not owned
  PyHooks* hooks = nullptr;
  Slot* slots = nullptr;
  uint64_t unwanted = 0;         // inputs whose gradient the run that evaluates this node has no use for, one bit each
  PyObject* where = nullptr;     // anomaly mode: the stack of the forward call, a list of lines
  bool accumulator = false;      // an AccumulateGrad
  OutputMeta first_output;
  std::vector<OutputMeta> more_outputs;

  Node() : seq(next_seq++) { if (__builtin_expect(anomaly_enabled, 0)) record_where(); }
  virtual ~Node();
  Node(const Node&) = delete;
  static void* operator new(size_t size) { return cached_alloc(size); }
  static void operator delete(void* p, size_t size) { cached_free(p, size); }

  virtual const char* name() const = 0;                                   // "AddBackward0"
  virtual void backward(const Tensor* grads, Tensor* results) = 0;        // n_inputs in, n_next out; undefined means zero
  virtual void release_saved() {}                                         // frees what the forward call saved
  virtual void saved(std::function<void(const char*, const Tensor&)>) {}  // shows it as _saved_*
  virtual void dispose() { delete this; }                                 // nobody refers to it any more
  bool is_accumulator() const { return accumulator; }

  void set_next_count(uint32_t n);
  // Whether the gradient of input i leads anywhere, and is wanted in this run.
  bool needs(uint32_t i) const { return next[i].fn != nullptr && !(i < 64 && unwanted >> i & 1); }
  OutputMeta& output(uint32_t nr) {
    if (nr == 0) return first_output;
    if (more_outputs.size() < nr) more_outputs.resize(nr < n_inputs ? n_inputs - 1 : nr);
    return more_outputs[nr - 1];
  }

 private:
  void record_where();
};

std::string operation_name(const Node* n);   // "Exp" of an ExpBackward0, as error messages say it
void destroy(Node* n);     // without recursion, however long the chain
inline void retain(Node* n) { if (n) ++n->refs; }
inline void unref(Node* n) { if (n && --n->refs == 0) destroy(n); }

template <class T> class NodeRef {
 public:
  explicit NodeRef(T* owned = nullptr) : p_(owned) {}
  NodeRef(const NodeRef& o) : p_(o.p_) { retain(p_); }
  NodeRef(NodeRef&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  NodeRef& operator=(NodeRef o) noexcept { std::swap(p_, o.p_); return *this; }
  ~NodeRef() { unref(p_); }
  T* get() const { return p_; }
  T* operator->() const { return p_; }
  explicit operator bool() const { return p_ != nullptr; }
  T* release() { return std::exchange(p_, nullptr); }
 private:
  T* p_;
};

// The end of the graph at a leaf: adds what it is given to `variable.grad`. A leaf has at most one, which keeps it alive;
// the leaf's `grad_accumulator` points back without owning.
struct AccumulateGrad final : Node {
  Tensor variable;
  explicit AccumulateGrad(TensorImpl* leaf);
  ~AccumulateGrad() override;
  const char* name() const override { return "AccumulateGrad"; }
  void backward(const Tensor* grads, Tensor*) override { accumulate(Tensor(grads[0])); }
  void accumulate(Tensor grad);
};

// ---- grad mode ----
extern constinit thread_local bool grad_enabled __attribute__((tls_model("initial-exec")));
struct GradMode {
  bool before = grad_enabled;
  explicit GradMode(bool on) { grad_enabled = on; }
  ~GradMode() { grad_enabled = before; }
};
struct NoGrad : GradMode { NoGrad() : GradMode(false) {} };

// ---- tensors in the graph ----
bool view_wants_grad(TensorImpl* view);   // a view whose base was changed in place by something that wants a gradient
inline bool requires_grad(TensorImpl* p) {
  return p && ((p->flags & kRequiresGrad) || p->grad_fn || (p->base && view_wants_grad(p)));
}
inline bool requires_grad(const Tensor& t) { return requires_grad(t.get()); }
inline bool requires_grad(const TensorList& l) { for (auto& t : l) if (requires_grad(t)) return true; return false; }
Node* grad_fn(TensorImpl* t);             // borrowed; made anew for a view whose base changed
Edge gradient_edge(const Tensor& t);      // retained; null where no gradient is wanted
inline bool is_leaf(TensorImpl* t) { return !grad_fn(t); }

void set_edges(Node* n, std::initializer_list<const Tensor*> inputs);
void set_edges(Node* n, const TensorList& inputs);
// Declares `result` to be output `nr` of the call that `n` differentiates.
void set_history(const Tensor& result, Node* n, uint32_t nr = 0);
// In-place calls: the checks before, and the history after (rebasing the graph of the base when t is a view).
void check_inplace(const Tensor& t, bool wants_grad);
// `nr` is the output of n that t is, `self` the edge of n that leads to what t was.
void set_inplace_history(const Tensor& t, NodeRef<Node> n, uint32_t nr = 0, uint32_t self = 0);
// Cuts t off the graph in place, as detach_(): it becomes a leaf that wants no gradient.
void detach_inplace(const Tensor& t);
// For the tensor type's dealloc, clear and traverse.
void forget_retained(TensorImpl* t);      // of a tensor with kRetainsGrad, before its grad_fn goes
int visit_hooks(TensorImpl* t, visitproc visit, void* arg);

// An input or output that the derivative needs, with the version it had.
class SavedTensor {
 public:
  SavedTensor() = default;
  SavedTensor(SavedTensor&& o) noexcept
      : t_(std::move(o.t_)), version_(o.version_), numel_(o.numel_), nr_(o.nr_), state_(std::exchange(o.state_, Empty)), dtype_(o.dtype_),
        ndim_(o.ndim_), packed_(std::exchange(o.packed_, nullptr)) {}
  SavedTensor& operator=(SavedTensor&&) = delete;
  ~SavedTensor() { if (__builtin_expect(packed_ != nullptr, 0)) drop_packed(); }

  void save(const Tensor& t);             // an input
  void save_output(const Tensor& t, uint32_t nr = 0);   // output `nr`: kept without its grad_fn, which would be a cycle
  // Raises when it was changed in place or released. The history is given back where it can matter.
  Tensor unpack(Node* owner, const char* what, bool with_history = grad_enabled) const;
  void reset() {
    t_ = Tensor();
    if (packed_) drop_packed();
    state_ = Released;
  }

 private:
  enum State : uint8_t { Empty, Input, Output, Packed, PackedOutput, Released };
  struct Hooked;                          // what a saved_tensors_hooks pack function gave, and its unpack function
  void pack(bool is_output);
  void drop_packed();
  Tensor unpack_hooked(Node* owner, bool with_history) const;
  void check_version(Node* owner) const;
  void note_kind();

  Tensor t_;
  uint64_t version_ = 0;
  int64_t numel_ = 0;                     // what it was: x.data = ... can make x another kind of tensor
  uint32_t nr_ = 0;
  State state_ = Empty;
  DType dtype_ = DType::Undefined;
  uint8_t ndim_ = 0;
  Hooked* packed_ = nullptr;
};

// saved_tensors_hooks: the innermost pair of a thread is used; both objects are new references of the caller's.
void push_saved_hooks(PyObject* pack, PyObject* unpack);
void pop_saved_hooks();
// While a message is set, using saved_tensors_hooks raises it. Returns the former one.
std::optional<std::string> disable_saved_hooks(std::optional<std::string> message);

// ---- running backward ----
struct BackwardOptions { bool keep_graph = false, create_graph = false, accumulate = true; };
// Without `inputs`: adds into the .grad of the leaves. With them and `accumulate`: of those leaves only. With them and not
// `accumulate`: returns their gradients, undefined where unused.
TensorList run_backward(std::span<const Tensor> roots, std::span<const Tensor> grads, std::span<const Tensor> inputs,
                        BackwardOptions o);
inline TensorList run_backward(const TensorList& roots, const TensorList& grads, const TensorList& inputs, BackwardOptions o) {
  return run_backward(std::span(roots), std::span(grads), std::span(inputs), o);
}
Node* evaluating_node();                  // whose backward() runs on this thread; null outside
int64_t current_run_id();                 // of the run on this thread; -1 outside
extern PyObject* node_observer;           // the profiler's function, called around every node; null when off
bool run_is_selective();                  // whether it was asked for the gradients of some inputs only
bool will_execute(Node* n);               // whether the run on this thread computes n's gradient

}  // namespace pl
