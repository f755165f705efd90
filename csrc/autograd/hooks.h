// Python callables that run when a gradient arrives: on tensors, and before and after nodes. Hooks live in OrderedDicts
// (id -> callable), so that a RemovableHandle can hold them weakly.
#pragma once
#include <vector>
#include "autograd/node.h"

namespace pl {

// An owned Python object; null means that an exception is set.
class PyRef {
 public:
  explicit PyRef(PyObject* owned) : p_(owned) { if (!p_) throw PythonError(); }
  PyRef(const PyRef&) = delete;
  ~PyRef() { Py_DECREF(p_); }
  PyObject* get() const { return p_; }
  PyObject* release() { Py_INCREF(p_); return p_; }
 private:
  PyObject* p_;
};

struct TensorHooks {
  PyObject* backward = nullptr;          // register_hook; shared with the node that made the tensor
  PyObject* post_accumulate = nullptr;   // register_post_accumulate_grad_hook
  TensorHooks() = default;
  TensorHooks(const TensorHooks&) = delete;
  ~TensorHooks() { Py_XDECREF(backward); Py_XDECREF(post_accumulate); }
};

struct PyHooks {
  struct Output { uint32_t nr; PyObject* dict; };         // register_hook of the tensor that is output nr
  struct Retained { uint32_t nr; TensorImpl* tensor; };   // retain_grad(); the tensor is not owned and takes itself out
  std::vector<Output> outputs;
  std::vector<Retained> retained;
  PyObject* pre = nullptr;
  PyObject* post = nullptr;
  PyObject* metadata = nullptr;
  PyHooks() = default;
  PyHooks(const PyHooks&) = delete;
  ~PyHooks();
};

TensorHooks& hooks_of(TensorImpl* t);
PyHooks& hooks_of(Node* n);
PyObject* new_hook_dict();

// The dictionary of t's register_hook, made at the first use and tied to the node that made t. Borrowed.
PyObject* tensor_hook_dict(TensorImpl* t);
void set_tensor_hook_dict(TensorImpl* t, PyObject* dict);
void retain_gradient(TensorImpl* t);
// Before `t->grad_fn` changes: retain_grad moves along, hooks stay with the old node.
void move_hooks(TensorImpl* t, Node* to, uint32_t nr);

// What the engine calls. `grads` are those of the node's outputs and may be replaced.
void run_tensor_hooks(Node* n, Tensor* grads);
void run_leaf_hooks(TensorImpl* leaf, Tensor& grad);
void run_pre_hooks(Node* n, Tensor* grads);
void run_post_hooks(Node* n, Tensor* results, PyObject* grads);
void run_post_accumulate_hooks(TensorImpl* leaf);
PyObject* tuple_of(const Tensor* tensors, uint32_t n);    // None for undefined ones

}  // namespace pl
