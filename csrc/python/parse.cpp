// Matching a call against the signatures of an operator.
#include <cstring>
#include "python/binding.h"

namespace pl {
namespace {

bool is_int(PyObject* o) {
  if (PyLong_CheckExact(o)) return true;
  if (PyBool_Check(o)) return false;
  if (PyLong_Check(o)) return true;
  if (is_tensor(o)) return impl(o)->numel == 1 && impl(o)->ndim == 0 && is_integral(impl(o)->dtype, false);
  return !PyFloat_Check(o) && PyIndex_Check(o);
}

bool is_real(PyObject* o) {
  if (PyFloat_Check(o) || PyLong_Check(o)) return true;
  if (is_tensor(o)) return impl(o)->ndim == 0 && !requires_grad(Tensor::borrow(impl(o)));
  return is_number(o) && !PyComplex_Check(o);
}

bool is_bool(PyObject* o) {
  if (PyBool_Check(o)) return true;
  return std::strcmp(Py_TYPE(o)->tp_name, "numpy.bool_") == 0 || std::strcmp(Py_TYPE(o)->tp_name, "numpy.bool") == 0;
}

bool is_sequence(PyObject* o) { return PyTuple_Check(o) || PyList_Check(o); }

bool is_plain(PyObject* o) { return Py_TYPE(o) == tensor_type || Py_TYPE(o) == parameter_type || o == Py_None; }

template <class F> bool all_items(PyObject* o, F ok) {
  Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  for (Py_ssize_t i = 0; i < n; ++i) if (!ok(PySequence_Fast_GET_ITEM(o, i))) return false;
  return true;
}

bool fits_array(const Param& p, PyObject* o) {
  if (!is_sequence(o)) {
    if (p.array == 0) return false;
    return p.kind == Kind::Int ? is_int(o) : p.kind == Kind::Float ? is_real(o) : p.kind == Kind::Bool ? is_bool(o) : false;
  }
  switch (p.kind) {
    case Kind::Tensor: return all_items(o, [&p](PyObject* x) { return is_tensor(x) || (x == Py_None && (p.flags & kNullableItems)); });
    case Kind::Int: return all_items(o, is_int);
    case Kind::Float: return all_items(o, is_real);
    case Kind::Bool: return all_items(o, is_bool);
    case Kind::Scalar: return all_items(o, is_number);
    default: return false;
  }
}

bool fits(const Param& p, PyObject* o) {
  if (o == Py_None) return (p.flags & kNullable) || p.kind == Kind::Any;
  if (p.array >= 0) return fits_array(p, o);
  switch (p.kind) {
    case Kind::Tensor: return is_tensor(o);
    case Kind::Operand: return is_tensor(o) || is_number(o);
    case Kind::Scalar: return is_number(o) || (is_tensor(o) && impl(o)->ndim == 0);
    case Kind::Int: return is_int(o);
    case Kind::Float: return is_real(o);
    case Kind::Bool: return is_bool(o);
    case Kind::Str: return PyUnicode_Check(o);
    case Kind::ScalarType: return is_dtype(o) || o == reinterpret_cast<PyObject*>(&PyFloat_Type) ||
        o == reinterpret_cast<PyObject*>(&PyLong_Type) || o == reinterpret_cast<PyObject*>(&PyBool_Type) || o == reinterpret_cast<PyObject*>(&PyComplex_Type);
    case Kind::Device: return is_device(o) || PyUnicode_Check(o) || PyLong_Check(o);
    case Kind::Layout: return is_layout(o);
    case Kind::MemoryFormat: return is_memory_format(o);
    case Kind::Generator: return is_generator(o);
    case Kind::Out: return is_tensor(o) || (is_sequence(o) && all_items(o, [](PyObject* x) { return is_tensor(x); }));
    case Kind::Any: return true;
  }
  return false;
}

// `self` of the schema is `input` to Python; `axis`, `axes` and `keepdims` are NumPy's names that PyTorch also takes.
bool name_is(const Param& p, PyObject* key) {
  if (PyUnicode_CompareWithASCIIString(key, p.name) == 0) return true;
  auto also = [&](const char* ours, const char* theirs) {
    return std::strcmp(p.name, ours) == 0 && PyUnicode_CompareWithASCIIString(key, theirs) == 0;
  };
  return also("self", "input") || also("dim", "axis") || also("keepdim", "keepdims") || also("other", "x2") || also("dims", "axes");
}

std::string type_names(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  std::string s;
  auto one = [&](PyObject* o) {
    if (is_sequence(o)) {
      std::string inner;
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o) && i < 6; ++i)
        inner += (i ? ", " : "") + std::string(Py_TYPE(PySequence_Fast_GET_ITEM(o, i))->tp_name);
      return std::string(PyTuple_Check(o) ? "tuple of (" : "list of [") + inner + (PyTuple_Check(o) ? ")" : "]");
    }
    const char* name = Py_TYPE(o)->tp_name;
    const char* dot = std::strrchr(name, '.');
    return std::string(dot ? dot + 1 : name);
  };
  (void)self;
  for (Py_ssize_t i = 0; i < n; ++i) s += (s.empty() ? "" : ", ") + one(args[i]);
  if (kwnames)
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); ++k)
      s += (s.empty() ? "" : ", ") + std::string(PyUnicode_AsUTF8(PyTuple_GET_ITEM(kwnames, k))) + "=" + one(args[n + k]);
  return s;
}

const char* kind_name(const Param& p) {
  static const char* const names[] = {"Tensor", "Tensor", "Number", "int", "float", "bool", "str", "torch.dtype", "torch.device", "torch.layout",
                                      "torch.memory_format", "torch.Generator", "object", "Tensor"};
  if (p.array >= 0) return p.kind == Kind::Tensor ? "tuple of Tensors" : p.kind == Kind::Int ? "tuple of ints" : p.kind == Kind::Float ? "tuple of floats" : "tuple";
  return names[int(p.kind)];
}

bool draws_random(const char* name, const Signature& s) {
  for (int i = 0; i < s.count; ++i) if (s.params[i].kind == Kind::Generator) return true;
  return std::strstr(name, "dropout");
}

std::string describe(const Signature& s) {
  std::string t = "(";
  bool star = false;
  for (int i = 0; i < s.count; ++i) {
    const Param& p = s.params[i];
    if (!*p.name) continue;
    if (i) t += ", ";
    if ((p.flags & kKeywordOnly) && !star) {
      t += "*, ";
      star = true;
    }
    t += std::string(kind_name(p)) + " " + (std::strcmp(p.name, "self") ? p.name : "input");
    if (p.flags & kHasDefault) t += "=" + std::string(*p.default_text ? p.default_text : "None");
  }
  return t + ")";
}

}  // namespace

PyObject* random_hook = nullptr;

bool Parsed::match(const Signature& s, PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  int at = 0;
  if (self) at_[at++] = self;
  Py_ssize_t used = 0;
  // x.view(2, 3): the numbers are one list when the first free parameter is a list of ints.
  if (n > 0 && at < s.count) {
    const Param& p = s.params[at];
    if (p.kind == Kind::Int && p.array == 0 && n >= 1 && is_int(args[0])) {
      bool rest_are_ints = true;
      for (Py_ssize_t i = 1; i < n; ++i) rest_are_ints &= is_int(args[i]);
      if (!rest_are_ints) return false;
      Py_XSETREF(packed_, PyTuple_New(n));
      for (Py_ssize_t i = 0; i < n; ++i) {
        Py_INCREF(args[i]);
        PyTuple_SET_ITEM(packed_, i, args[i]);
      }
      at_[at++] = packed_;
      used = n;
    } else if (p.kind == Kind::Tensor && p.array == 0 && s.count == 1 && is_tensor(args[0])) {   // atleast_1d(x, y)
      for (Py_ssize_t i = 0; i < n; ++i) if (!is_tensor(args[i])) return false;
      Py_XSETREF(packed_, PyTuple_New(n));
      for (Py_ssize_t i = 0; i < n; ++i) {
        Py_INCREF(args[i]);
        PyTuple_SET_ITEM(packed_, i, args[i]);
      }
      at_[at++] = packed_;
      used = n;
    }
  }
  for (; used < n; ++used, ++at) {
    if (at >= s.count || (s.params[at].flags & kKeywordOnly) || !fits(s.params[at], args[used])) return false;
    at_[at] = args[used];
  }
  const int positional = at;
  for (; at < s.count; ++at) at_[at] = nullptr;
  if (kwnames) {
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); ++k) {
      PyObject* key = PyTuple_GET_ITEM(kwnames, k);
      int i = 0;
      while (i < s.count && !name_is(s.params[i], key)) ++i;
      if (i == s.count || i < positional || at_[i] || !fits(s.params[i], args[n + k])) return false;
      at_[i] = args[n + k];
    }
  }
  for (int i = positional; i < s.count; ++i)
    if (!at_[i] && !(s.params[i].flags & kHasDefault) && *s.params[i].name) return false;
  if (s.count > 1 && s.params[0].kind == Kind::Operand && s.params[1].kind == Kind::Operand && !is_tensor(at_[0]) && !is_tensor(at_[1]))
    return false;     // two numbers are no work for tensors
  signature_ = &s;
  return true;
}

int function_modes = 0;

int Parsed::parse(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  if (function_modes && (answer_ = override_call(self, args, n, kwnames))) return -1;
  for (int i = 0; i < callable_.count; ++i) {
    if (!match(callable_.signatures[i], self, args, n, kwnames)) continue;
    for (int k = 0; k < signature_->count; ++k) {
      PyObject* o = at_[k];
      if (!o || Py_TYPE(o) == tensor_type || Py_TYPE(o) == parameter_type) continue;
      bool listed = signature_->params[k].kind == Kind::Tensor && signature_->params[k].array >= 0 && is_sequence(o);
      if (!is_tensor(o) && !(listed && !all_items(o, is_plain))) continue;
      if ((answer_ = override_call(self, args, n, kwnames))) return -1;
    }
    if (random_hook && draws_random(callable_.name, *signature_) && (answer_ = ask(random_hook, self, args, n, kwnames))) return -1;
    return i;
  }
  if (PyObject* r = override_call(self, args, n, kwnames)) {
    answer_ = r;
    return -1;
  }
  no_match(self, args, n, kwnames);
}

void Parsed::no_match(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  const char* name = callable_.name;
  if (callable_.count == 1) {
    const Signature& s = callable_.signatures[0];
    int at = self ? 1 : 0, first = at, count = *s.params[0].name ? s.count : 0;
    Py_ssize_t positional = 0;
    for (int i = at; i < count; ++i) positional += !(s.params[i].flags & kKeywordOnly);
    PL_CHECK_AS(Type, n <= positional || (at < count && s.params[at].array == 0), "",
                "%s() takes %zd positional argument%s but %zd were given", name, positional, positional == 1 ? "" : "s", n);
    for (Py_ssize_t i = 0; i < n && at < count; ++i, ++at) {
      const Param& p = s.params[at];
      if (p.array == 0 && p.kind == Kind::Int && is_int(args[i])) break;
      if (p.kind == Kind::Tensor && p.array >= 0 && is_sequence(args[i]))
        for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(args[i]); ++k)
          PL_CHECK_AS(Type, is_tensor(PySequence_Fast_GET_ITEM(args[i], k)), "argument_type", "expected Tensor as element %zd in argument %zd, but got %s", k, i,
                      Py_TYPE(PySequence_Fast_GET_ITEM(args[i], k))->tp_name);
      if (!fits(p, args[i]))
        fail(ErrorType::Type, "argument_type", "%s(): argument '%s' (position %d) must be %s, not %s", name,
             std::strcmp(p.name, "self") ? p.name : "input", at - first + 1, kind_name(p), type_names(nullptr, args + i, 1, nullptr).c_str());
    }
    std::string given;
    for (Py_ssize_t k = 0; kwnames && k < PyTuple_GET_SIZE(kwnames); ++k) {
      PyObject* key = PyTuple_GET_ITEM(kwnames, k);
      const char* text = PyUnicode_AsUTF8(key);
      int i = 0;
      while (i < count && !name_is(s.params[i], key)) ++i;
      if (i == count) fail(ErrorType::Type, "unexpected_keyword", "%s() got an unexpected keyword argument '%s'", name, text);
      if (!fits(s.params[i], args[n + k]))
        fail(ErrorType::Type, "argument_type", "%s(): argument '%s' must be %s, not %s", name, text, kind_name(s.params[i]),
             type_names(nullptr, args + n + k, 1, nullptr).c_str());
      given += std::string(",") + s.params[i].name + ",";
    }
    std::string missing;
    int missing_count = 0;
    for (; at < count; ++at) {
      const Param& p = s.params[at];
      if ((p.flags & kHasDefault) || given.find(std::string(",") + p.name + ",") != std::string::npos) continue;
      missing += std::string(missing_count++ ? ", " : "") + "\"" + (std::strcmp(p.name, "self") ? p.name : "input") + "\"";
    }
    if (missing_count)
      fail(ErrorType::Type, "missing_argument", "%s() missing %d required positional arguments: %s", name, missing_count, missing.c_str());
  }
  std::string t = std::string(name) + "() received an invalid combination of arguments - got (" + type_names(self, args, n, kwnames) +
                  "), but expected " + (callable_.count > 1 ? "one of:" : "");
  for (int i = 0; i < callable_.count; ++i) t += std::string(callable_.count > 1 ? "\n * " : "") + describe(callable_.signatures[i]);
  fail(ErrorType::Type, "unexpected_keyword", "%s", t.c_str());
}

// ---------------------------------------------------------------- __torch_function__
PyObject* Parsed::override_call(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  static PyObject* handler = nullptr;
  auto wants = [](PyObject* o) {
    if (Py_TYPE(o) == tensor_type || Py_TYPE(o) == parameter_type || PyLong_CheckExact(o) || PyFloat_CheckExact(o)) return false;
    static PyObject* attribute = PyUnicode_InternFromString("__torch_function__");
    return _PyType_Lookup(Py_TYPE(o), attribute) != nullptr;
  };
  bool any = self && wants(self);
  Py_ssize_t all = n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
  for (Py_ssize_t i = 0; i < all && !any; ++i) {
    any = wants(args[i]);
    if (is_sequence(args[i])) any = any || !all_items(args[i], [&](PyObject* x) { return !wants(x); });
  }
  if (!any && !function_modes) return nullptr;
  if (!handler) {
    PyObject* m = PyImport_ImportModule("penlight.overrides");
    if (!m) throw PythonError();
    handler = PyObject_GetAttrString(m, "_dispatch");
    Py_DECREF(m);
    if (!handler) throw PythonError();
  }
  return ask(handler, self, args, n, kwnames);
}

// Null when the handler leaves the call to the operator.
PyObject* Parsed::ask(PyObject* handler, PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  PyObject* positional = PyTuple_New(n + (self ? 1 : 0));
  Py_ssize_t at = 0;
  auto push = [&](PyObject* o) { Py_INCREF(o); PyTuple_SET_ITEM(positional, at++, o); };
  if (self) push(self);
  for (Py_ssize_t i = 0; i < n; ++i) push(args[i]);
  PyObject* keywords = PyDict_New();
  for (Py_ssize_t k = 0; kwnames && k < PyTuple_GET_SIZE(kwnames); ++k) PyDict_SetItem(keywords, PyTuple_GET_ITEM(kwnames, k), args[n + k]);
  PyObject* r = PyObject_CallFunction(handler, "sONN", callable_.name, self ? Py_True : Py_False, positional, keywords);
  if (!r) throw PythonError();
  if (r == Py_NotImplemented) {      // nobody's __torch_function__ is enabled: an ordinary call
    Py_DECREF(r);
    return nullptr;
  }
  return r;
}

}  // namespace pl
