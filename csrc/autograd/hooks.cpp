#include "autograd/hooks.h"
#include "ops.h"

namespace pl {
namespace {

bool has_hooks(PyObject* dict) { return dict && PyDict_GET_SIZE(dict) > 0; }

std::string hook_name(PyObject* hook) {
  PyObject* name = PyObject_GetAttrString(hook, "__name__");
  const char* text = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : nullptr;
  PyErr_Clear();
  std::string s = text ? text : "<unknown>";
  Py_XDECREF(name);
  return s;
}

// What a hook gave in place of `grad`; None leaves it.
void replace(Tensor& grad, PyObject* result, PyObject* hook) {
  if (result == Py_None) return;
  PL_CHECK(grad, "can't replace a None gradient with a non-None value");
  PL_CHECK_AS(Type, is_tensor(result), "", "expected Variable, but hook returned '%s'", Py_TYPE(result)->tp_name);
  Tensor fresh = Tensor::borrow(static_cast<TensorImpl*>(result));
  PL_CHECK(fresh.dtype() == grad.dtype() && fresh.device() == grad.device(),
           "hook '%s' has changed the type of value (was torch.%sTensor got torch.%sTensor)", hook_name(hook).c_str(),
           info(grad.dtype()).scalar_name, info(fresh.dtype()).scalar_name);
  PL_CHECK(fresh.sizes() == grad.sizes(), "hook '%s' has changed the size of value", hook_name(hook).c_str());
  grad = std::move(fresh);
}

// Calls f(hook) for the hooks there are now: one may remove itself.
template <class F> void for_each_hook(PyObject* dict, F&& f) {
  if (!has_hooks(dict)) return;
  PyRef hooks(PyMapping_Values(dict));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(hooks.get()); ++i) f(PyList_GET_ITEM(hooks.get(), i));
}

void run_on(PyObject* dict, Tensor& grad) {
  if (!grad) return;
  for_each_hook(dict, [&](PyObject* hook) {
    PyRef result(PyObject_CallOneArg(hook, grad.get()));
    replace(grad, result.get(), hook);
  });
}

void replace_all(Tensor* grads, uint32_t n, PyObject* result, PyObject* hook) {
  if (result == Py_None) return;
  PL_CHECK_AS(Type, PyTuple_Check(result), "", "expected tuple, but hook returned '%s'", Py_TYPE(result)->tp_name);
  PL_CHECK(PyTuple_GET_SIZE(result) == Py_ssize_t(n), "hook '%s' has returned an incorrect number of values (got %zd, but expected %u)",
           hook_name(hook).c_str(), PyTuple_GET_SIZE(result), n);
  for (uint32_t i = 0; i < n; ++i) {
    PyObject* item = PyTuple_GET_ITEM(result, i);
    if (item == Py_None) grads[i] = Tensor();
    else replace(grads[i], item, hook);
  }
}

void keep_gradient(TensorImpl* t, const Tensor& grad) {
  if (!grad) return;
  Tensor sum = t->grad ? op::add(Tensor::borrow(t->grad), grad, Scalar(1)) : op::clone(grad, MemoryFormat::Contiguous);
  Py_XDECREF(std::exchange(t->grad, sum.release()));
}

}  // namespace

PyHooks::~PyHooks() {
  for (Output& o : outputs) Py_DECREF(o.dict);
  for (Retained& r : retained) r.tensor->flags &= uint16_t(~kRetainsGrad);
  Py_XDECREF(pre);
  Py_XDECREF(post);
  Py_XDECREF(metadata);
}

int visit_hooks(TensorImpl* t, visitproc visit, void* arg) {
  if (t->hooks) {
    Py_VISIT(t->hooks->backward);
    Py_VISIT(t->hooks->post_accumulate);
  }
  return 0;
}

TensorHooks& hooks_of(TensorImpl* t) {
  if (!t->hooks) t->hooks = new TensorHooks;
  return *t->hooks;
}

PyHooks& hooks_of(Node* n) {
  if (!n->hooks) n->hooks = new PyHooks;
  return *n->hooks;
}

PyObject* new_hook_dict() {
  PyObject* d = PyODict_New();
  if (!d) throw PythonError();
  return d;
}

PyObject* tensor_hook_dict(TensorImpl* t) {
  TensorHooks& h = hooks_of(t);
  if (!h.backward) {
    PyRef dict(new_hook_dict());
    set_tensor_hook_dict(t, dict.get());
  }
  return h.backward;
}

void set_tensor_hook_dict(TensorImpl* t, PyObject* dict) {
  TensorHooks& h = hooks_of(t);
  Node* fn = grad_fn(t);
  if (fn) {
    auto& outputs = hooks_of(fn).outputs;
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i].nr == t->output_nr && outputs[i].dict == h.backward) {
        Py_DECREF(outputs[i].dict);
        outputs.erase(outputs.begin() + long(i));
        break;
      }
    Py_XINCREF(dict);
    if (dict) outputs.push_back({t->output_nr, dict});
  }
  Py_XINCREF(dict);
  Py_XDECREF(std::exchange(h.backward, dict));
}

void retain_gradient(TensorImpl* t) {
  PL_CHECK(requires_grad(t), "can't retain_grad on Tensor that has requires_grad=False");
  if (t->flags & kRetainsGrad) return;
  // A view made under no_grad has no history of its own, whatever has become of its base.
  Node* fn = t->flags & kNoGradView ? t->grad_fn : grad_fn(t);
  if (!fn) return;
  t->flags |= kRetainsGrad;
  hooks_of(fn).retained.push_back({t->output_nr, t});
}

void forget_retained(TensorImpl* t) {
  t->flags &= uint16_t(~kRetainsGrad);
  if (!t->grad_fn || !t->grad_fn->hooks) return;
  std::erase_if(t->grad_fn->hooks->retained, [t](const PyHooks::Retained& r) { return r.tensor == t; });
}

void move_hooks(TensorImpl* t, Node* to, uint32_t nr) {
  if (t->flags & kRetainsGrad) {
    forget_retained(t);
    t->flags |= kRetainsGrad;
    hooks_of(to).retained.push_back({nr, t});
  }
  if (t->hooks) Py_CLEAR(t->hooks->backward);
}

void run_tensor_hooks(Node* n, Tensor* grads) {
  // By index: a hook may register another.
  for (size_t i = 0; i < n->hooks->outputs.size(); ++i) {
    PyHooks::Output o = n->hooks->outputs[i];
    run_on(o.dict, grads[o.nr]);
  }
  for (size_t i = 0; i < n->hooks->retained.size(); ++i) {
    PyHooks::Retained r = n->hooks->retained[i];
    Tensor alive = Tensor::borrow(r.tensor);
    keep_gradient(r.tensor, grads[r.nr]);
  }
}

void run_leaf_hooks(TensorImpl* leaf, Tensor& grad) { run_on(leaf->hooks->backward, grad); }

PyObject* tuple_of(const Tensor* tensors, uint32_t n) {
  PyObject* tuple = PyTuple_New(Py_ssize_t(n));
  if (!tuple) throw PythonError();
  for (uint32_t i = 0; i < n; ++i) {
    PyObject* item = tensors[i] ? static_cast<PyObject*>(tensors[i].get()) : Py_None;
    Py_INCREF(item);
    PyTuple_SET_ITEM(tuple, i, item);
  }
  return tuple;
}

void run_pre_hooks(Node* n, Tensor* grads) {
  for_each_hook(n->hooks->pre, [&](PyObject* hook) {
    PyRef given(tuple_of(grads, n->n_inputs));
    PyRef result(PyObject_CallOneArg(hook, given.get()));
    replace_all(grads, n->n_inputs, result.get(), hook);
  });
}

void run_post_hooks(Node* n, Tensor* results, PyObject* grads) {
  for_each_hook(n->hooks->post, [&](PyObject* hook) {
    PyRef given(tuple_of(results, n->n_next));
    PyRef result(PyObject_CallFunctionObjArgs(hook, given.get(), grads, nullptr));
    replace_all(results, n->n_next, result.get(), hook);
  });
}

void run_post_accumulate_hooks(TensorImpl* leaf) {
  for_each_hook(leaf->hooks->post_accumulate, [&](PyObject* hook) { PyRef result(PyObject_CallOneArg(hook, leaf)); });
}

}  // namespace pl
