// What the forward call keeps for its derivative.
#include "autograd/node.h"

namespace pl {

struct SavedTensor::Hooked {
  PyObject* value;       // what the pack hook gave
  PyObject* unpack;
  NodeRef<Node> fn;      // where the gradient of the unpacked tensor goes
  ~Hooked() { Py_XDECREF(value); Py_XDECREF(unpack); }
};

namespace {

struct HookPair { PyObject *pack, *unpack; };
thread_local std::vector<HookPair> hook_pairs;
thread_local __attribute__((tls_model("initial-exec"))) bool hooks_active = false;
thread_local std::optional<std::string> hooks_disabled;

// Lets an unpacked leaf be used in double backward: its gradient goes on to the leaf.
struct PassOn final : Node {
  explicit PassOn(const Tensor& to) { set_edges(this, {&to}); }
  const char* name() const override { return "AliasBackward0"; }
  void backward(const Tensor* grads, Tensor* results) override { results[0] = grads[0]; }
};

Tensor output_of(const Tensor& data, Node* fn, uint32_t nr) {
  Tensor t = alias(data);
  retain(fn);
  t->grad_fn = fn;
  t->output_nr = nr;
  return t;
}

uint64_t version_of(const Tensor& t) { return t->flags & kPrivateVersion ? UINT64_MAX : t->storage->version; }

}  // namespace

void push_saved_hooks(PyObject* pack, PyObject* unpack) {
  PL_CHECK(!hooks_disabled, "%s", hooks_disabled->c_str());
  Py_INCREF(pack);
  Py_INCREF(unpack);
  hook_pairs.push_back({pack, unpack});
  hooks_active = true;
}

void pop_saved_hooks() {
  PL_CHECK(!hook_pairs.empty(), "saved_tensors_hooks: nothing to leave");
  HookPair h = hook_pairs.back();
  hook_pairs.pop_back();
  hooks_active = !hook_pairs.empty();
  Py_DECREF(h.pack);
  Py_DECREF(h.unpack);
}

std::optional<std::string> disable_saved_hooks(std::optional<std::string> message) {
  PL_CHECK(!message || hook_pairs.empty(), "%s", message->c_str());
  return std::exchange(hooks_disabled, std::move(message));
}

void SavedTensor::note_kind() {
  numel_ = t_->numel;
  dtype_ = t_->dtype;
  ndim_ = t_->ndim;
}

void SavedTensor::save(const Tensor& t) {
  if (!t) return;
  PL_CHECK(!(t->flags & kInference),
           "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation tracked "
           "by autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, or use "
           "`torch.no_grad()` instead of `torch.inference_mode()`.");
  t_ = t;
  note_kind();
  state_ = Input;
  version_ = version_of(t);
  if (__builtin_expect(hooks_active, 0)) pack(false);
}

void SavedTensor::save_output(const Tensor& t, uint32_t nr) {
  if (!t) return;
  t_ = alias(t);
  note_kind();
  nr_ = nr;
  state_ = Output;
  version_ = t->storage->version;
  if (__builtin_expect(hooks_active, 0)) pack(true);
}

void SavedTensor::pack(bool is_output) {
  HookPair h = hook_pairs.back();
  NodeRef<Node> fn;
  if (!is_output && requires_grad(t_)) {
    if (grad_fn(t_.get())) {
      Edge e = gradient_edge(t_);
      fn = NodeRef<Node>(e.fn);
      nr_ = e.nr;
    } else {
      fn = NodeRef<Node>(new PassOn(t_));
    }
  }
  Tensor given = is_output ? t_ : alias(t_);
  t_ = Tensor();
  // The hooks' own operators must not be packed in turn.
  hooks_active = false;
  PyObject* value = PyObject_CallOneArg(h.pack, given.get());
  hooks_active = true;
  if (!value) throw PythonError();
  PL_CHECK(!(is_tensor(value) && value == given.get() && given->storage->version != version_),
           "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook can not be modified by "
           "in-place operations as this can lead to unexpected side-effects. Please open an issue if you need to perform in-place "
           "operations on the input to a pack hook.");
  Py_INCREF(h.unpack);
  packed_ = new Hooked{value, h.unpack, std::move(fn)};
  state_ = is_output ? PackedOutput : Packed;
}

void SavedTensor::drop_packed() { delete std::exchange(packed_, nullptr); }

Tensor SavedTensor::unpack_hooked(Node* owner, bool with_history) const {
  PyObject* value = PyObject_CallOneArg(packed_->unpack, packed_->value);
  if (!value) throw PythonError();
  if (!is_tensor(value)) {
    std::string type = Py_TYPE(value)->tp_name;
    Py_DECREF(value);
    fail(ErrorType::Type, "", "Output of saved tensor unpack_hook expected to be a Tensor but got result of type %s", type.c_str());
  }
  Tensor t = Tensor::steal(static_cast<TensorImpl*>(value));
  if (!with_history) return t;
  if (state_ == PackedOutput) return output_of(t, owner, nr_);
  return packed_->fn ? output_of(t, packed_->fn.get(), nr_) : t;
}

void SavedTensor::check_version(Node* owner) const {
  PL_CHECK(t_->numel == numel_ && t_->ndim == ndim_ && t_->dtype == dtype_, "a tensor that %s needs for its gradient has been given other data: "
           "it had %lld elements of torch.%s, now it has shape %s and torch.%s", owner->name(), static_cast<long long>(numel_), info(dtype_).name,
           to_string(t_.sizes()).c_str(), info(t_.dtype()).name);
  uint64_t now = t_->storage->version;
  if (__builtin_expect(now == version_ || version_ == UINT64_MAX, 1)) return;
  std::string sizes = to_string(t_.sizes()), by;
  Node* maker = state_ == Output ? owner : t_->grad_fn;
  if (maker) by = format(", which is output %u of %s,", state_ == Output ? nr_ : t_->output_nr, operation_name(maker).c_str());
  fail(ErrorType::Runtime, "inplace_modified",
       "one of the variables needed for gradient computation has been modified by an inplace operation: [torch.%sTensor %s]%s is at "
       "version %llu; expected version %llu instead. Hint: %s",
       info(t_.dtype()).scalar_name, sizes.c_str(), by.c_str(), static_cast<unsigned long long>(now),
       static_cast<unsigned long long>(version_),
       anomaly_enabled ? "the backtrace further above shows the operation that failed to compute its gradient. The variable in question "
                         "was changed in there or anywhere later. Good luck!"
                       : "enable anomaly detection to find the operation that failed to compute its gradient, with "
                         "torch.autograd.set_detect_anomaly(True).");
}

Tensor SavedTensor::unpack(Node* owner, const char*, bool with_history) const {
  switch (state_) {
    case Empty:
      return Tensor();
    case Input:
      check_version(owner);
      return t_;
    case Output:
      check_version(owner);
      return with_history ? output_of(t_, owner, nr_) : t_;
    case Packed:
    case PackedOutput:
      return unpack_hooked(owner, with_history);
    case Released:
      break;
  }
  fail(ErrorType::Runtime, "backward_twice",
       "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). Saved "
       "intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need "
       "to backward through the graph a second time or if you need to access saved tensors after calling backward.");
}

}  // namespace pl
