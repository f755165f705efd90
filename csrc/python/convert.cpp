// Converting arguments and results.
#include <cstring>
#include "python/binding.h"

namespace pl {

bool is_number(PyObject* o) {
  if (PyFloat_Check(o) || PyLong_Check(o) || PyComplex_Check(o)) return true;
  return std::strncmp(Py_TYPE(o)->tp_name, "numpy.", 6) == 0 && PyNumber_Check(o) && !PySequence_Check(o) &&
         PyObject_HasAttrString(o, "dtype");
}

Scalar to_scalar(PyObject* o) {
  if (PyBool_Check(o)) return Scalar(o == Py_True);
  if (PyFloat_Check(o)) return Scalar(PyFloat_AS_DOUBLE(o));
  if (PyLong_Check(o)) {
    int overflow = 0;
    long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    PL_CHECK_AS(Runtime, !overflow, "", "Overflow when unpacking long long");
    return Scalar(int64_t(v));
  }
  if (PyComplex_Check(o)) {
    Py_complex c = PyComplex_AsCComplex(o);
    return Scalar(c.real, c.imag);
  }
  if (is_tensor(o)) return item(Tensor::borrow(impl(o)));
  PyObject* plain = PyObject_CallMethod(o, "item", nullptr);    // a NumPy scalar
  if (!plain) throw PythonError();
  Scalar s = is_tensor(plain) || plain == o ? Scalar() : to_scalar(plain);
  Py_DECREF(plain);
  return s;
}

int64_t to_int(PyObject* o) {
  if (is_tensor(o)) return item(Tensor::borrow(impl(o))).to_int();
  PyObject* i = PyNumber_Index(o);
  if (!i) throw PythonError();
  int overflow = 0;
  long long v = PyLong_AsLongLongAndOverflow(i, &overflow);
  Py_DECREF(i);
  PL_CHECK_AS(Runtime, !overflow, "", "Overflow when unpacking long long");
  if (v == -1 && PyErr_Occurred()) throw PythonError();
  return v;
}

std::vector<int64_t> to_ints(PyObject* o) {
  PyObject* fast = PySequence_Fast(o, "expected a sequence of integers");
  if (!fast) throw PythonError();
  std::vector<int64_t> v;
  try {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast); ++i) v.push_back(to_int(PySequence_Fast_GET_ITEM(fast, i)));
  } catch (...) {
    Py_DECREF(fast);
    throw;
  }
  Py_DECREF(fast);
  return v;
}

PyObject* from_scalar(const Scalar& s) {
  switch (s.kind) {
    case Scalar::Bool: return PyBool_FromLong(s.i != 0);
    case Scalar::Int: return PyLong_FromLongLong(s.i);
    case Scalar::Float: return PyFloat_FromDouble(s.d);
    default: return PyComplex_FromDoubles(s.d, s.im);
  }
}

// ---------------------------------------------------------------- arguments
Operand Parsed::operand(int i) const {
  if (is_tensor(at_[i])) return Operand(Tensor::borrow(impl(at_[i])));
  return Operand(to_scalar(at_[i]));
}

TensorList Parsed::tensors(int i) const {
  PyObject* o = at_[i];
  TensorList l;
  if (is_tensor(o)) return {Tensor::borrow(impl(o))};
  Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  l.reserve(size_t(n));
  for (Py_ssize_t k = 0; k < n; ++k) {
    PyObject* x = PySequence_Fast_GET_ITEM(o, k);
    l.push_back(x == Py_None ? Tensor() : Tensor::borrow(impl(x)));
  }
  return l;
}

Scalar Parsed::scalar(int i) const { return to_scalar(at_[i]); }
int64_t Parsed::integer(int i) const { return PyLong_CheckExact(at_[i]) ? to_int(at_[i]) : to_int(at_[i]); }

double Parsed::number(int i) const {
  if (PyFloat_Check(at_[i])) return PyFloat_AS_DOUBLE(at_[i]);
  return to_scalar(at_[i]).to_double();
}

std::vector<Scalar> Parsed::scalars(int i) const {
  std::vector<Scalar> v;
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(at_[i]); ++k) v.push_back(to_scalar(PySequence_Fast_GET_ITEM(at_[i], k)));
  return v;
}

std::vector<double> Parsed::numbers(int i) const {
  if (!PyTuple_Check(at_[i]) && !PyList_Check(at_[i])) return {number(i)};
  std::vector<double> v;
  for (auto& s : scalars(i)) v.push_back(s.to_double());
  return v;
}

std::vector<bool> Parsed::booleans(int i) const {
  std::vector<bool> v;
  for (auto& s : scalars(i)) v.push_back(s.to_bool());
  return v;
}

Shape Parsed::keep(int i, Shape s) {
  (void)i;
  if (ints_used_ + s.n <= int(sizeof ints_ / sizeof *ints_)) {
    int64_t* at = ints_ + ints_used_;
    for (int k = 0; k < s.n; ++k) at[k] = s[k];
    ints_used_ += s.n;
    return {at, s.n};
  }
  long_ints_.reserve(kMax);      // earlier Shapes point into these
  long_ints_.push_back(s.vec());
  return Shape(long_ints_.back());
}

Shape Parsed::ints(int i, int length) {
  PyObject* o = at_[i];
  int64_t buffer[kMaxDims];
  if (!PyTuple_Check(o) && !PyList_Check(o)) {
    int n = length > 0 ? length : 1;
    for (int k = 0; k < n; ++k) buffer[k] = to_int(o);
    return keep(i, {buffer, n});
  }
  Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  if (n > kMaxDims) return keep(i, Shape(to_ints(o)));
  for (Py_ssize_t k = 0; k < n; ++k) buffer[k] = to_int(PySequence_Fast_GET_ITEM(o, k));
  if (length > 1 && n == 1) {    // PyTorch repeats a list of one as it repeats a number
    for (int k = 1; k < length; ++k) buffer[k] = buffer[0];
    n = length;
  }
  return keep(i, {buffer, n});
}

std::string Parsed::string(int i) const {
  const char* s = PyUnicode_AsUTF8(at_[i]);
  if (!s) throw PythonError();
  return s;
}

DType Parsed::dtype(int i) const {
  PyObject* o = at_[i];
  if (!o || o == Py_None) return DType::Undefined;
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return DType::Float64;
  if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) return DType::Int64;
  if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) return DType::Bool;
  if (o == reinterpret_cast<PyObject*>(&PyComplex_Type)) return DType::Complex128;
  return to_dtype(o);
}

std::optional<Device> Parsed::device(int i) const { return given(i) ? std::optional(to_device(at_[i])) : std::nullopt; }
MemoryFormat Parsed::memory_format(int i, MemoryFormat d) const { return given(i) ? to_memory_format(at_[i]) : d; }
Generator* Parsed::generator(int i) const { return given(i) ? to_generator(at_[i]) : nullptr; }

// ---------------------------------------------------------------- results
PyObject* Parsed::give(Tensor t) const { return wrap(std::move(t)); }

PyObject* Parsed::give(const TensorList& l) const {
  PyObject* r = PyTuple_New(Py_ssize_t(l.size()));
  for (size_t i = 0; i < l.size(); ++i) PyTuple_SET_ITEM(r, Py_ssize_t(i), wrap(l[i]));
  return r;
}

PyObject* Parsed::give(const Scalar& s) const { return from_scalar(s); }

PyObject* Parsed::give_leaf(const Tensor& t, int requires_grad, int pin_memory, int layout) const {
  PL_CHECK_AS(NotImplemented, !given(layout) || is_strided(at_[layout]), "", "%s() makes dense tensors only; torch.sparse_coo_tensor() and "
              "Tensor.to_sparse() make sparse ones", callable_.name);
  if (given(requires_grad) && boolean(requires_grad)) {
    PL_CHECK_AS(Runtime, is_differentiable(t.dtype()), "requires_grad_dtype",
                "Only Tensors of floating point and complex dtype can require gradients");
    t->flags |= kRequiresGrad;
  }
  PL_CHECK_AS(Runtime, !given(pin_memory) || !boolean(pin_memory), "no_cuda", "Cannot access accelerator device when none is available.");
  return wrap(t);
}

PyTypeObject* result_type(ResultType& r) {
  if (r.type) return r.type;
  auto* fields = new PyStructSequence_Field[r.fields.size() + 1]();   // the type points to them for good
  for (size_t i = 0; i < r.fields.size(); ++i) fields[i] = {r.fields[i], nullptr};
  auto* name = new std::string(std::string("torch.return_types.") + r.name);
  PyStructSequence_Desc desc{name->c_str(), nullptr, fields, int(r.fields.size())};
  r.type = PyStructSequence_NewType(&desc);
  if (!r.type) throw PythonError();
  return r.type;
}

void Parsed::check_out_arguments(int i) const {
  bool record = false;
  for (int k = 0; k < signature_->count && grad_enabled; ++k)
    if (at_[k] && is_tensor(at_[k]) && k != i) record |= pl::requires_grad(Tensor::borrow(impl(at_[k])));
  PL_CHECK_AS(Runtime, !record, "out_grad", "%s(): functions with out=... arguments don't support automatic differentiation, but one of the "
              "arguments requires grad.", callable_.name);
}

namespace {
// What C++ calls a dtype; some of PyTorch's messages do.
std::string c_name(DType d) {
  if (d == DType::Int64) return "long int";
  std::string name = info(d).scalar_name;
  for (char& c : name) c = char(std::tolower(c));
  return name;
}
}  // namespace

PyObject* Parsed::fill_out(int i, const TensorList& results, const char* exact) const {
  TensorList outs = tensors(i);
  PL_CHECK_AS(Type, outs.size() == results.size(), "", "%s() expected %zu elements in 'out' tuple, but got %zu", callable_.name,
              results.size(), outs.size());
  for (size_t k = 0; k < outs.size(); ++k) {
    PL_CHECK(!exact || results[k].dtype() == outs[k].dtype(), exact, info(results[k].dtype()).scalar_name, info(outs[k].dtype()).scalar_name,
             c_name(results[k].dtype()).c_str(), c_name(outs[k].dtype()).c_str());
    PL_CHECK(category(results[k].dtype()) <= category(outs[k].dtype()), "result type %s can't be cast to the desired output type %s",
             info(results[k].dtype()).scalar_name, info(outs[k].dtype()).scalar_name);
    check_writable(outs[k]);
    resize_out(outs[k], results[k].sizes());
    copy_into(outs[k], results[k]);
    bump_version(outs[k].get());
  }
  Py_INCREF(at_[i]);
  return at_[i];
}

void check_inplace_result(const Tensor& self, const Tensor& r) {
  PL_CHECK_AS(Runtime, category(r.dtype()) <= category(self.dtype()), "inplace_dtype", "result type %s can't be cast to the desired output type %s",
              info(r.dtype()).scalar_name, info(self.dtype()).scalar_name);
  PL_CHECK_AS(Runtime, r.sizes() == self.sizes(), "broadcast", "output with shape %s doesn't match the broadcast shape %s",
              to_string(self.sizes()).c_str(), to_string(r.sizes()).c_str());
}

// ---------------------------------------------------------------- errors
PyObject* linalg_error = nullptr;

namespace {

PyObject* exception_type(ErrorType t) {
  switch (t) {
    case ErrorType::Type: return PyExc_TypeError;
    case ErrorType::Value: return PyExc_ValueError;
    case ErrorType::Index: return PyExc_IndexError;
    case ErrorType::NotImplemented: return PyExc_NotImplementedError;
    case ErrorType::Memory: return PyExc_RuntimeError;
    case ErrorType::Key: return PyExc_KeyError;
    case ErrorType::Assertion: return PyExc_AssertionError;
    case ErrorType::LinAlg: return linalg_error;
    default: return PyExc_RuntimeError;
  }
}

// penlight.errors adds notes with the operands and the help, which a traceback shows below the message; str(error) stays
// PyTorch's sentence alone. The error is raised without notes should that fail.
void raise_explained(const Error& e, const char* name, PyObject* args, PyObject* names) {
  PyObject* error = PyObject_CallFunction(exception_type(e.type), "s", e.message.c_str());
  if (!error) return;
  if (PyObject* m = PyImport_ImportModule("penlight.errors")) {
    Py_XDECREF(PyObject_CallMethod(m, "teach", "OssOO", error, name, e.kind, args, names));
    Py_DECREF(m);
  }
  PyErr_Clear();
  PyErr_SetObject(exception_type(e.type), error);
  Py_DECREF(error);
}

// Runs inside a catch block.
template <class Explain> PyObject* set_error(Explain explain) {
  try {
    throw;
  } catch (const PythonError&) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "an operator failed without saying why");
  } catch (const Error& e) {
    explain(e);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  }
  return nullptr;
}

}  // namespace

PyObject* Parsed::translate_exception() {
  return set_error([&](const Error& e) {
    PyObject* args = PyList_New(0);
    PyObject* names = PyList_New(0);
    for (int i = 0; signature_ && i < signature_->count; ++i) {
      if (!at_[i]) continue;
      PyList_Append(args, at_[i]);
      PyObject* n = PyUnicode_FromString(std::strcmp(signature_->params[i].name, "self") ? signature_->params[i].name : "input");
      PyList_Append(names, n);
      Py_DECREF(n);
    }
    PyObject *args_tuple = PyList_AsTuple(args), *names_tuple = PyList_AsTuple(names);
    raise_explained(e, callable_.name, args_tuple, names_tuple);
    Py_DECREF(args);
    Py_DECREF(names);
    Py_DECREF(args_tuple);
    Py_DECREF(names_tuple);
  });
}

PyObject* translate_exception(const char* name, PyObject* const* args, Py_ssize_t n) {
  return set_error([&](const Error& e) {
    PyObject *args_tuple = PyTuple_New(n), *names = PyTuple_New(n);
    static const char* const usual[] = {"input", "other"};
    for (Py_ssize_t i = 0; i < n; ++i) {
      Py_INCREF(args[i]);
      PyTuple_SET_ITEM(args_tuple, i, args[i]);
      PyTuple_SET_ITEM(names, i, PyUnicode_FromString(i < 2 ? usual[i] : "argument"));
    }
    raise_explained(e, name, args_tuple, names);
    Py_DECREF(args_tuple);
    Py_DECREF(names);
  });
}

void raise(const Error& e) {
  PyObject* none = PyTuple_New(0);
  raise_explained(e, "", none, none);
  Py_DECREF(none);
}

}  // namespace pl
