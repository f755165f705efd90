// The base of torch.nn.Module: attribute look-up and the call, which every layer pays for at every step. Everything else
// of a Module is Python (penlight/nn/modules/module.py).
#include "python/binding.h"
#include <structmember.h>   // needs Python.h before it

namespace pl {
namespace {

// The third field also makes Python lay out every subclass after it: with a dictionary alone, a class that names another base
// first would be laid out like that base, and `dict` would not be where we look for it.
struct ModuleObject : PyObject {
  PyObject* dict;
  PyObject* weakrefs;
  vectorcallfunc vectorcall;
};

PyObject *str_parameters, *str_buffers, *str_modules, *str_forward, *str_call, *str_call_with_hooks, *str_missing;
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

// For classes without the fast call below.
PyObject* call(PyObject* self, PyObject* args, PyObject* kw) {
  PyObject* method = PyObject_GetAttr(self, has_hooks(dict_of(self)) ? str_call_with_hooks : str_forward);
  PyObject* r = method ? PyObject_Call(method, args, kw) : nullptr;
  Py_XDECREF(method);
  return r;
}

// The class's forward, when it is a plain function that nothing in the instance's dictionary hides. Borrowed.
PyObject* plain_forward(PyObject* self) {
  PyObject* f = _PyType_Lookup(Py_TYPE(self), str_forward);
  PyObject* dict = dict_of(self);
  return f && PyFunction_Check(f) && !(dict && PyDict_GetItemWithError(dict, str_forward)) ? f : nullptr;
}

// module(x) without a tuple of arguments and without a bound method.
PyObject* vectorcall(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  constexpr size_t kMost = 16;
  const size_t n = size_t(PyVectorcall_NARGS(nargsf)), all = n + (kwnames ? size_t(PyTuple_GET_SIZE(kwnames)) : 0);
  const bool own_call = Py_TYPE(self)->tp_call == call;   // not so when __call__ was assigned to the class later
  const bool hooks = own_call && has_hooks(dict_of(self));
  PyObject* f = own_call && !hooks && all < kMost ? plain_forward(self) : nullptr;
  if (!f) {
    PyObject* method = PyObject_GetAttr(self, !own_call ? str_call : hooks ? str_call_with_hooks : str_forward);
    PyObject* r = method ? PyObject_Vectorcall(method, args, nargsf, kwnames) : nullptr;
    Py_XDECREF(method);
    return r;
  }
  PyObject* with_self[kMost + 1];
  with_self[0] = self;
  std::copy(args, args + all, with_self + 1);
  Py_INCREF(f);
  PyObject* r = PyObject_Vectorcall(f, with_self, n + 1, kwnames);
  Py_DECREF(f);
  return r;
}

PyObject* allocate(PyTypeObject* type, Py_ssize_t n) {
  PyObject* self = PyType_GenericAlloc(type, n);
  if (self) static_cast<ModuleObject*>(self)->vectorcall = vectorcall;
  return self;
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
// Python does not let its classes inherit the fast call either.
PyObject* fast_attributes(PyObject*, PyObject* cls) {
  auto* type = reinterpret_cast<PyTypeObject*>(cls);
  if (!PyType_Check(cls) || !PyType_IsSubtype(type, base_type)) return PyErr_Format(PyExc_TypeError, "expected a subclass of ModuleBase");
  type->tp_getattro = get_attribute;
  if (type->tp_call == call) {
    type->tp_alloc = allocate;
    type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
  }
  Py_RETURN_NONE;
}

PyMemberDef members[] = {{"__dictoffset__", T_PYSSIZET, offsetof(ModuleObject, dict), READONLY, nullptr},
                         {"__vectorcalloffset__", T_PYSSIZET, offsetof(ModuleObject, vectorcall), READONLY, nullptr},
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
  str_call = PyUnicode_InternFromString("__call__");
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
