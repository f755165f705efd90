// The base of torch.nn.Module: attribute look-up and the call, which every layer pays for at every step. Everything else
// of a Module is Python (penlight/nn/modules/module.py).
#include "python/binding.h"
#include <structmember.h>   // needs Python.h before it

namespace pl {
namespace {

struct ModuleObject : PyObject {
  PyObject* dict;
  PyObject* weakrefs;
};

PyObject *str_parameters, *str_buffers, *str_modules, *str_forward, *str_call_with_hooks, *str_missing;
PyObject* hook_names[4];
PyObject* global_hooks = nullptr;     // a tuple of dicts: all empty while no hook for every module is registered
PyTypeObject* base_type = nullptr;

PyObject* dict_of(PyObject* self) { return static_cast<ModuleObject*>(self)->dict; }

// Class attributes that are data descriptors, the instance's own dictionary, the class, then parameters, buffers and children.
PyObject* get_attribute(PyObject* self, PyObject* name) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject* descr = _PyType_Lookup(type, name);
  descrgetfunc get = nullptr;
  if (descr) {
    Py_INCREF(descr);
    get = Py_TYPE(descr)->tp_descr_get;
    if (get && Py_TYPE(descr)->tp_descr_set) {
      PyObject* r = get(descr, self, reinterpret_cast<PyObject*>(type));
      Py_DECREF(descr);
      return r;
    }
  }
  PyObject* dict = dict_of(self);
  if (dict) {
    PyObject* v = PyDict_GetItemWithError(dict, name);
    if (v) {
      Py_INCREF(v);
      Py_XDECREF(descr);
      return v;
    }
    if (PyErr_Occurred()) {
      Py_XDECREF(descr);
      return nullptr;
    }
  }
  if (get) {
    PyObject* r = get(descr, self, reinterpret_cast<PyObject*>(type));
    Py_DECREF(descr);
    return r;
  }
  if (descr) return descr;
  for (PyObject* group : {str_parameters, str_buffers, str_modules}) {
    PyObject* members = dict ? PyDict_GetItemWithError(dict, group) : nullptr;
    PyObject* v = members && PyDict_Check(members) ? PyDict_GetItemWithError(members, name) : nullptr;
    if (v) {
      Py_INCREF(v);
      return v;
    }
    if (PyErr_Occurred()) return nullptr;
  }
  if (PyUnicode_CompareWithASCIIString(name, "__dict__") == 0) return PyObject_GenericGetAttr(self, name);
  // The message, with names that are near, is Python's.
  PyObject* report = _PyType_Lookup(type, str_missing);
  if (!report) {
    PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute '%U'", type->tp_name, name);
    return nullptr;
  }
  return PyObject_CallFunctionObjArgs(report, self, name, nullptr);
}

bool has_hooks(PyObject* dict) {
  for (Py_ssize_t i = 0; global_hooks && i < PyTuple_GET_SIZE(global_hooks); ++i)
    if (PyDict_GET_SIZE(PyTuple_GET_ITEM(global_hooks, i))) return true;
  for (PyObject* name : hook_names) {
    PyObject* hooks = dict ? PyDict_GetItemWithError(dict, name) : nullptr;
    if (hooks && PyDict_Check(hooks) && PyDict_GET_SIZE(hooks)) return true;
  }
  return false;
}

// A plain function of the class is called with self in front; no method object is made for it.
PyObject* call_function(PyObject* function, PyObject* self, PyObject* args, PyObject* kw) {
  constexpr Py_ssize_t kMost = 8;
  Py_ssize_t n = PyTuple_GET_SIZE(args);
  PyObject* stack[kMost + 1] = {self};
  for (Py_ssize_t i = 0; i < n; ++i) stack[i + 1] = PyTuple_GET_ITEM(args, i);
  Py_INCREF(function);
  PyObject* r = PyObject_VectorcallDict(function, stack, size_t(n + 1), kw);
  Py_DECREF(function);
  return r;
}

PyObject* call(PyObject* self, PyObject* args, PyObject* kw) {
  PyObject* dict = dict_of(self);
  PyObject* name = has_hooks(dict) ? str_call_with_hooks : str_forward;
  PyObject* function = _PyType_Lookup(Py_TYPE(self), name);
  bool plain = function && PyFunction_Check(function) && PyTuple_GET_SIZE(args) <= 8 && !(dict && PyDict_GetItemWithError(dict, name));
  if (plain) return call_function(function, self, args, kw);
  PyObject* method = PyObject_GetAttr(self, name);
  PyObject* r = method ? PyObject_Call(method, args, kw) : nullptr;
  Py_XDECREF(method);
  return r;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(dict_of(self));
  return 0;
}
int clear(PyObject* self) {
  Py_CLEAR(static_cast<ModuleObject*>(self)->dict);
  return 0;
}
void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (static_cast<ModuleObject*>(self)->weakrefs) PyObject_ClearWeakRefs(self);
  clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// _set_global_module_hooks(*dicts): the dictionaries whose being empty means that no global hook exists.
PyObject* set_global_hooks(PyObject*, PyObject* dicts) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(dicts); ++i)
    if (!PyDict_Check(PyTuple_GET_ITEM(dicts, i))) return PyErr_Format(PyExc_TypeError, "expected dictionaries");
  Py_INCREF(dicts);
  Py_XSETREF(global_hooks, dicts);
  Py_RETURN_NONE;
}

// A class that defines __getattr__ gets Python's slower look-up; where the only __getattr__ is Module's own, ours does the same.
PyObject* fast_attributes(PyObject*, PyObject* cls) {
  auto* type = reinterpret_cast<PyTypeObject*>(cls);
  type->tp_getattro = get_attribute;
  Py_RETURN_NONE;
}

PyMemberDef members[] = {{"__dictoffset__", T_PYSSIZET, offsetof(ModuleObject, dict), READONLY, nullptr},
                         {"__weaklistoffset__", T_PYSSIZET, offsetof(ModuleObject, weakrefs), READONLY, nullptr},
                         {nullptr, 0, 0, 0, nullptr}};
PyGetSetDef getset[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr}, {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

PyMethodDef module_base_functions[] = {{"_set_global_module_hooks", set_global_hooks, METH_VARARGS, nullptr},
                                       {"_fast_attributes", fast_attributes, METH_O, nullptr},
                                       {nullptr, nullptr, 0, nullptr}};

bool add_module_base(PyObject* m) {
  str_parameters = PyUnicode_InternFromString("_parameters");
  str_buffers = PyUnicode_InternFromString("_buffers");
  str_modules = PyUnicode_InternFromString("_modules");
  str_forward = PyUnicode_InternFromString("forward");
  str_call_with_hooks = PyUnicode_InternFromString("_call_with_hooks");
  str_missing = PyUnicode_InternFromString("_missing_attribute");
  const char* const names[] = {"_forward_pre_hooks", "_forward_hooks", "_backward_hooks", "_backward_pre_hooks"};
  for (int i = 0; i < 4; ++i) hook_names[i] = PyUnicode_InternFromString(names[i]);
  auto s = [](int id, auto f) { return PyType_Slot{id, reinterpret_cast<void*>(f)}; };
  PyType_Slot slots[] = {s(Py_tp_getattro, get_attribute), s(Py_tp_call, call), s(Py_tp_traverse, traverse), s(Py_tp_clear, clear), s(Py_tp_dealloc, dealloc),
                         s(Py_tp_members, members), s(Py_tp_getset, getset), {0, nullptr}};
  PyType_Spec spec{"penlight._C.ModuleBase", int(sizeof(ModuleObject)), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  base_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!base_type) return false;
  Py_INCREF(base_type);
  return PyModule_AddObject(m, "ModuleBase", reinterpret_cast<PyObject*>(base_type)) == 0;
}

}  // namespace pl
