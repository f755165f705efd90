// penlight._C._sgd_step and its like: an optimizer's lists and dictionaries in, one fused step over all parameters.
#include "ops/optim.h"
#include <cmath>
#include <cstring>
#include "python/binding.h"

namespace pl {
namespace {

// A Python object that is released at the end.
struct Owned {
  PyObject* p;
  explicit Owned(PyObject* p) : p(p) { if (!p) throw PythonError(); }
  ~Owned() { Py_DECREF(p); }
  Owned(const Owned&) = delete;
};

PyObject* interned(const char* s) {
  PyObject* r = PyUnicode_InternFromString(s);
  if (!r) throw PythonError();
  return r;
}

double number(PyObject* o) {
  double d = PyFloat_AsDouble(o);
  if (d == -1 && PyErr_Occurred()) throw PythonError();
  return d;
}

bool truth(PyObject* o) {
  int r = PyObject_IsTrue(o);
  if (r < 0) throw PythonError();
  return r;
}

PyObject* lookup(PyObject* dict, PyObject* key) {
  PyObject* v = PyDict_GetItemWithError(dict, key);
  if (!v && PyErr_Occurred()) throw PythonError();
  return v;
}

void put(PyObject* dict, PyObject* key, PyObject* value) {
  if (PyDict_SetItem(dict, key, value) < 0) throw PythonError();
}

void check_arguments(PyObject* const* args, Py_ssize_t given, Py_ssize_t expected) {
  PL_CHECK_AS(Type, given == expected, "", "expected %zd arguments, but got %zd", expected, given);
  PL_CHECK_AS(Type, PyList_Check(args[0]) && PyDict_Check(args[1]), "", "expected a list of parameters and a dict of state");
}

// The dictionary state[param], made where it is missing. Borrowed.
PyObject* state_of(PyObject* state, PyObject* param) {
  if (PyObject* own = lookup(state, param)) {
    PL_CHECK_AS(Type, PyDict_Check(own), "", "the optimizer's state of a parameter must be a dict");
    return own;
  }
  Owned fresh(PyDict_New());
  put(state, param, fresh.p);
  return fresh.p;
}

// own[key] as a tensor; undefined where it is missing or None.
Tensor tensor_at(PyObject* own, PyObject* key) {
  PyObject* v = lookup(own, key);
  if (!v || v == Py_None) return Tensor();
  PL_CHECK_AS(Type, is_tensor(v), "", "the optimizer's state '%s' must be a Tensor", PyUnicode_AsUTF8(key));
  return Tensor::borrow(impl(v));
}

Tensor put_tensor(PyObject* own, PyObject* key, Tensor t) {
  put(own, key, t.get());
  return t;
}

Tensor zeros_like(const Tensor& p) {
  Tensor t = pl::empty_like(p);
  if (t.numel() && !t.is_meta()) std::memset(t->data, 0, size_t(t.numel() * itemsize(t.dtype())));
  return t;
}

// f(param) for every parameter of the list that has a gradient.
template <class F> void each_with_gradient(PyObject* params, F f) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(params); ++i) {
    PyObject* o = PyList_GET_ITEM(params, i);
    PL_CHECK_AS(Type, is_tensor(o), "", "optimizer can only optimize Tensors");
    if (impl(o)->grad) f(Tensor::borrow(impl(o)), Tensor::borrow(impl(o)->grad));
  }
}

// (params, state, lr, momentum, dampening, weight_decay, nesterov, maximize)
PyObject* sgd(PyObject*, PyObject* const* args, Py_ssize_t n) try {
  static PyObject* const kBuffer = interned("momentum_buffer");
  check_arguments(args, n, 8);
  const double momentum = number(args[3]);
  OptimSettings step{OptimKind::Sgd, {truth(args[7]) ? -1.0 : 1.0, number(args[5]), number(args[2]), momentum, number(args[4]),
                                      double(truth(args[6]))}};
  OptimSettings first = step;
  if (momentum != 0) {
    step.kind = OptimKind::SgdMomentum;
    first.kind = OptimKind::SgdFirst;
  }
  std::vector<OptimItem> items;
  items.reserve(size_t(PyList_GET_SIZE(args[0])));
  each_with_gradient(args[0], [&](const Tensor& p, const Tensor& grad) {
    OptimItem item{p, grad, {}};
    if (momentum != 0) {
      PyObject* own = state_of(args[1], p.get());
      item.state[0] = tensor_at(own, kBuffer);
      if (!item.state[0]) {
        item.state[0] = put_tensor(own, kBuffer, pl::empty_like(p));
        item.settings = 1;
      }
    }
    items.push_back(std::move(item));
  });
  optimizer_step(items, {step, first});
  Py_RETURN_NONE;
} catch (...) {
  return translate_exception("_sgd_step");
}

struct AdamNames {
  PyObject* step = interned("step");
  PyObject* moments[3] = {interned("exp_avg"), interned("exp_avg_sq"), interned("max_exp_avg_sq")};
};

// The number of this step, counted up in own["step"].
double count_step(PyObject* own, const AdamNames& names) {
  Tensor t = tensor_at(own, names.step);
  PL_CHECK(t, "`state_steps` must contain the number of steps as a tensor");
  PL_CHECK(t.numel() == 1 && !t.is_meta(), "the optimizer's state 'step' must have one element");
  double step = load_scalar(t->data, t.dtype()).to_double() + 1;
  store_scalar(t->data, t.dtype(), step);
  bump_version(t.get());
  return step;
}

// (params, state, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize, decoupled)
PyObject* adam(PyObject*, PyObject* const* args, Py_ssize_t n) try {
  static const AdamNames names;
  check_arguments(args, n, 10);
  const double lr = number(args[2]), beta1 = number(args[3]), beta2 = number(args[4]), decay = number(args[6]);
  const bool decoupled = truth(args[9]);
  const int moments = truth(args[7]) ? 3 : 2;
  std::vector<OptimItem> items;
  items.reserve(size_t(PyList_GET_SIZE(args[0])));
  std::vector<OptimSettings> settings;
  double last = -1;  // parameters have mostly made the same number of steps
  each_with_gradient(args[0], [&](const Tensor& p, const Tensor& grad) {
    PyObject* own = state_of(args[1], p.get());
    OptimItem item{p, grad, {}};
    if (PyDict_GET_SIZE(own) == 0) {
      put_tensor(own, names.step, scalar_tensor(0.0, default_dtype() == DType::Float64 ? DType::Float64 : DType::Float32));
      for (int i = 0; i < moments; ++i) put_tensor(own, names.moments[i], zeros_like(p));
    }
    for (int i = 0; i < moments; ++i) {
      item.state[i] = tensor_at(own, names.moments[i]);
      PL_CHECK_AS(Key, item.state[i], "", "%s", PyUnicode_AsUTF8(names.moments[i]));
    }
    const double step = count_step(own, names);
    if (step != last) {
      settings.push_back({moments == 3 ? OptimKind::Amsgrad : OptimKind::Adam,
                          {truth(args[8]) ? -1.0 : 1.0, decoupled ? 0 : decay, decoupled ? 1 - lr * decay : 1,
                           lr / (1 - std::pow(beta1, step)), std::sqrt(1 - std::pow(beta2, step)), 1 - beta1, beta2, 1 - beta2,
                           number(args[5])}});
      last = step;
    }
    item.settings = int(settings.size()) - 1;
    items.push_back(std::move(item));
  });
  optimizer_step(items, settings);
  Py_RETURN_NONE;
} catch (...) {
  return translate_exception("_adam_step");
}

// The names by which Python calls the kernels of the other optimizers.
constexpr std::pair<const char*, OptimKind> kKinds[] = {
    {"adadelta", OptimKind::Adadelta}, {"adagrad", OptimKind::Adagrad}, {"rmsprop", OptimKind::Rmsprop},
    {"rmsprop_momentum", OptimKind::RmspropMomentum}, {"rmsprop_centered", OptimKind::RmspropCentered},
    {"rmsprop_centered_momentum", OptimKind::RmspropCenteredMomentum}, {"adamax", OptimKind::Adamax}, {"nadam", OptimKind::Nadam},
    {"radam", OptimKind::Radam}, {"rprop", OptimKind::Rprop}, {"asgd", OptimKind::Asgd}};

OptimKind kind_named(PyObject* name) {
  for (auto& [text, kind] : kKinds)
    if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, text) == 0) return kind;
  fail(ErrorType::Value, "", "unknown optimizer step");
}

// (kind, [(param, coefficients, state tensor, ...), ...]): one step for parameters that have gradients.
PyObject* other_step(PyObject*, PyObject* const* args, Py_ssize_t n) try {
  PL_CHECK_AS(Type, n == 2 && PyList_Check(args[1]), "", "expected the step's name and a list");
  const OptimKind kind = kind_named(args[0]);
  std::vector<OptimItem> items;
  std::vector<OptimSettings> settings;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[1]); ++i) {
    PyObject* entry = PyList_GET_ITEM(args[1], i);
    PL_CHECK_AS(Type, PyTuple_Check(entry) && PyTuple_GET_SIZE(entry) >= 2 && PyTuple_GET_SIZE(entry) <= 5, "",
                "expected (parameter, coefficients, up to three tensors)");
    OptimItem item;
    for (Py_ssize_t j = 0; j < PyTuple_GET_SIZE(entry); ++j) {
      if (j == 1) continue;
      PyObject* o = PyTuple_GET_ITEM(entry, j);
      PL_CHECK_AS(Type, is_tensor(o), "", "expected a Tensor, but got %s", Py_TYPE(o)->tp_name);
      (j == 0 ? item.param : item.state[j - 2]) = Tensor::borrow(impl(o));
    }
    item.grad = Tensor::borrow(item.param->grad);
    PL_CHECK(item.grad, "a parameter has no gradient");
    PyObject* k = PyTuple_GET_ITEM(entry, 1);
    PL_CHECK_AS(Type, PyTuple_Check(k) && PyTuple_GET_SIZE(k) <= kOptimCoefficients, "", "expected a tuple of coefficients");
    OptimSettings own{kind, {}};
    for (Py_ssize_t j = 0; j < PyTuple_GET_SIZE(k); ++j) own.k[j] = number(PyTuple_GET_ITEM(k, j));
    settings.push_back(own);
    item.settings = int(i);
    items.push_back(std::move(item));
  }
  optimizer_step(items, settings);
  Py_RETURN_NONE;
} catch (...) {
  return translate_exception("_optimizer_step");
}

// (params, set_to_none)
PyObject* zero_grad(PyObject*, PyObject* const* args, Py_ssize_t n) try {
  PL_CHECK_AS(Type, n == 2 && PyList_Check(args[0]), "", "expected a list of tensors and a bool");
  const bool set_to_none = truth(args[1]);
  each_with_gradient(args[0], [&](const Tensor& p, const Tensor& grad) {
    if (set_to_none) {
      Py_CLEAR(p->grad);
      return;
    }
    detach_inplace(grad);
    op::zero_(grad);
  });
  Py_RETURN_NONE;
} catch (...) {
  return translate_exception("_zero_grad");
}

PyMethodDef methods[] = {
    {"_sgd_step", (PyCFunction)(void (*)(void))sgd, METH_FASTCALL, "One step of SGD for a list of parameters."},
    {"_adam_step", (PyCFunction)(void (*)(void))adam, METH_FASTCALL, "One step of Adam for a list of parameters."},
    {"_optimizer_step", (PyCFunction)(void (*)(void))other_step, METH_FASTCALL, "One step of another optimizer."},
    {"_zero_grad", (PyCFunction)(void (*)(void))zero_grad, METH_FASTCALL, "Clears the gradients of a list of parameters."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_optim(PyObject* module) { return PyModule_AddFunctions(module, methods) == 0; }

}  // namespace pl
