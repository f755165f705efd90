// Autograd as Python sees it: grad_fn objects, hooks, gradients of tensors, autograd.Function.
#pragma once
#include "autograd/hooks.h"
#include "python/binding.h"

namespace pl {

bool add_autograd_types(PyObject* module);
bool add_node_type(PyObject* module);
bool add_function_type(PyObject* module);      // function.cpp
bool add_grad_mode_type(PyObject* module);     // grad_mode.cpp

// ---- grad_fn objects (graph_nodes.cpp)
PyObject* wrap_node(Node* n);                  // a new reference; None for null
bool is_node(PyObject* o);
NodeRef<Node> to_node(PyObject* o);            // raises TypeError
// Stores `hook` in the dictionary under a new RemovableHandle, which is returned.
PyObject* register_hook_in(PyObject* dict, PyObject* hook);

// The methods and attributes that grad_fn objects and autograd.Function's contexts share.
extern PyMethodDef node_methods[];
extern PyGetSetDef node_getset[];

// ---- autograd.Function: the context is the grad_fn (function.cpp)
extern PyTypeObject function_type;
Node* function_node(PyObject* context);        // borrowed
NodeRef<Node> hold_function_node(PyObject* context);

// A call of `body` with the parsed arguments, its errors turned into exceptions.
template <class F> PyObject* with_arguments(Callable& c, PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kw, F&& body) {
  Parsed p(c);
  try {
    return p.parse(self, args, n, kw) < 0 ? p.overridden() : body(p);
  } catch (...) {
    return p.translate_exception();
  }
}
template <class F> PyObject* guarded(const char* name, PyObject* self, F&& body) {
  try {
    return body();
  } catch (...) {
    return translate_exception(name, &self, self ? 1 : 0);
  }
}

}  // namespace pl
