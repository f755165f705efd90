// no_grad and its like. The enter and exit of a `with` block are paid for by every training step, so that they are C.
#include "python/autograd.h"

namespace pl {
namespace {

enum Kind : int { kNoGrad, kEnableGrad, kSetGradEnabled, kInferenceMode };

struct GuardObject : PyObject {
  uint64_t before;          // the modes to go back to, two bits for each entry
  int8_t depth;
  bool grad, inference;     // the modes inside
  bool sets_inference;
  bool fresh;               // set_grad_enabled: the mode was changed when the object was made, and `before` is known
};

uint64_t modes_now() { return uint64_t(grad_enabled) | uint64_t(inference_enabled) << 1; }
void set_modes(uint64_t bits) {
  grad_enabled = bits & 1;
  inference_enabled = bits & 2;
}

int kind_of(PyTypeObject* type) {
  static PyObject* name = PyUnicode_InternFromString("_kind");
  PyObject* kind = PyObject_GetAttr(reinterpret_cast<PyObject*>(type), name);
  int k = kind ? int(PyLong_AsLong(kind)) : -1;
  Py_XDECREF(kind);
  return k;
}

// Nothing is recorded in inference mode, whatever enable_grad says.
void apply(GuardObject* g) {
  if (g->sets_inference) inference_enabled = g->inference;
  grad_enabled = (g->grad || keep_recording) && !inference_enabled;
}

// The one argument of a constructor, or null. `name` is its keyword.
PyObject* only_argument(const char* name, PyObject* args, PyObject* kw) {
  PyObject* value = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : kw ? PyDict_GetItemString(kw, name) : nullptr;
  Py_ssize_t given = PyTuple_GET_SIZE(args) + (kw ? PyDict_GET_SIZE(kw) : 0);
  PL_CHECK_AS(Type, given == (value ? 1 : 0), "", "expected at most one argument, '%s'", name);
  return value;
}

bool truth(PyObject* o) {
  int r = PyObject_IsTrue(o);
  if (r < 0) throw PythonError();
  return r;
}

PyObject* guard_new(PyTypeObject* type, PyObject* args, PyObject* kw) {
  return guarded("", nullptr, [&]() -> PyObject* {
    int kind = kind_of(type);
    if (kind < 0) throw PythonError();
    PyObject* argument = only_argument(kind == kNoGrad || kind == kEnableGrad ? "orig_func" : "mode", args, kw);
    PL_CHECK_AS(Type, argument || kind != kSetGradEnabled, "", "set_grad_enabled() missing 1 required positional argument: 'mode'");
    bool is_function = argument && PyCallable_Check(argument);
    auto* g = reinterpret_cast<GuardObject*>(type->tp_alloc(type, 0));
    if (!g) throw PythonError();
    PyRef owner(g);
    bool on = !argument || is_function || truth(argument);
    g->grad = kind == kEnableGrad || (kind == kSetGradEnabled && on) || (kind == kInferenceMode && !on);
    g->sets_inference = kind == kInferenceMode;
    g->inference = on;
    if (kind == kSetGradEnabled) {     // takes effect at once, also without `with`
      g->before = modes_now();
      g->fresh = true;
      apply(g);
    }
    if (is_function) return PyObject_CallOneArg(g, argument);      // used as @no_grad without brackets
    return owner.release();
  });
}

PyObject* enter(PyObject* self, PyObject*) {
  auto* g = static_cast<GuardObject*>(self);
  if (g->depth == 31) {
    PyErr_SetString(PyExc_RuntimeError, "one grad mode object is entered too many times");
    return nullptr;
  }
  if (!std::exchange(g->fresh, false)) g->before = g->before << 2 | modes_now();
  ++g->depth;
  apply(g);
  Py_RETURN_NONE;
}

PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) {
  auto* g = static_cast<GuardObject*>(self);
  if (g->depth > 0) {
    set_modes(g->before & 3);
    g->before >>= 2;
    --g->depth;
  }
  Py_RETURN_NONE;
}

// For decorators: set_grad_enabled's immediate effect is undone.
PyObject* undo(PyObject* self, PyObject*) {
  set_modes(static_cast<GuardObject*>(self)->before & 3);
  Py_RETURN_NONE;
}

PyObject* get_mode(PyObject* self, void*) {
  auto* g = static_cast<GuardObject*>(self);
  return PyBool_FromLong(g->sets_inference ? g->inference : g->grad);
}

void guard_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

}  // namespace

thread_local bool keep_recording = false;

bool add_grad_mode_type(PyObject* module) {
  static PyMethodDef methods[] = {
      {"__enter__", enter, METH_NOARGS, nullptr},
      {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(leave)), METH_FASTCALL, nullptr},
      {"_undo", undo, METH_NOARGS, nullptr},
      {nullptr, nullptr, 0, nullptr}};
  static PyGetSetDef getset[] = {{"mode", get_mode, nullptr, "The mode inside the block.", nullptr}, {nullptr, nullptr, nullptr, nullptr, nullptr}};
  PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(guard_new)}, {Py_tp_dealloc, reinterpret_cast<void*>(guard_dealloc)},
                         {Py_tp_methods, methods},                       {Py_tp_getset, getset},
                         {0, nullptr}};
  PyType_Spec spec{"penlight._C._GradModeGuard", int(sizeof(GuardObject)), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  PyObject* type = PyType_FromSpec(&spec);
  return type && PyModule_AddObject(module, "_GradModeGuard", type) == 0;
}

}  // namespace pl
