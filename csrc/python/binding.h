// Between Python and the operators: matching a call against PyTorch's signatures, converting arguments and results, turning
// errors into exceptions. The generated bindings consist of these pieces.
#pragma once
#include <initializer_list>
#include <tuple>
#include "ops/common.h"
#include "ops/recording.h"

namespace pl {

enum class Kind : uint8_t { Tensor, Operand, Scalar, Int, Float, Bool, Str, ScalarType, Device, Layout, MemoryFormat, Generator, Any, Out };

enum ParamFlag : uint8_t { kHasDefault = 1, kNullable = 2, kKeywordOnly = 4, kNullableItems = 8 };

struct Param {
  const char* name;
  Kind kind;
  uint8_t flags;
  int8_t array;             // -1: one value; 0: a list; n: a list of n, or one number for all of them
  const char* default_text;
};

struct Signature {
  const Param* params;
  int count;
};

struct Callable {
  const char* name;
  const Signature* signatures;
  int count;
  PyObject* function = nullptr;    // what __torch_function__ is given
};

// The structseq type of an operator with named results, made at its first use. Generated: one for each, the last without a name.
struct ResultType {
  const char* name;
  std::vector<const char*> fields;
  PyTypeObject* type = nullptr;
  ResultType(const char* n, std::initializer_list<const char*> f) : name(n), fields(f) {}
};
PyTypeObject* result_type(ResultType& r);
extern ResultType return_types[];

// How many TorchFunctionModes are active in all threads; they are asked before every operator.
extern int function_modes;

class Parsed {
 public:
  static constexpr int kMax = 24;
  explicit Parsed(Callable& c) : callable_(c) {}
  // Matches the call; returns the signature's index, or -1 when __torch_function__ answered (overridden() has its answer).
  int parse(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames);
  PyObject* overridden() { return std::exchange(answer_, nullptr); }
  PyObject* translate_exception();   // of the C++ exception being handled; returns nullptr

  bool given(int i) const { return at_[i] && at_[i] != Py_None; }
  PyObject* object(int i) const { return at_[i]; }

  Tensor tensor(int i) const { return given(i) ? Tensor::borrow(reinterpret_cast<TensorImpl*>(at_[i])) : Tensor(); }
  Tensor out(int i) const { return tensor(i); }
  Operand operand(int i) const;
  Operand operand(int i, const Scalar& d) const { return given(i) ? operand(i) : Operand(d); }
  std::optional<Operand> optional_operand(int i) const { return given(i) ? std::optional(operand(i)) : std::nullopt; }
  TensorList tensors(int i) const;
  TensorList optional_tensors(int i) const { return given(i) ? tensors(i) : TensorList(); }
  Scalar scalar(int i) const;
  Scalar scalar(int i, const Scalar& d) const { return given(i) ? scalar(i) : d; }
  std::optional<Scalar> optional_scalar(int i) const { return given(i) ? std::optional(scalar(i)) : std::nullopt; }
  std::vector<Scalar> scalars(int i) const;
  int64_t integer(int i) const;
  int64_t integer(int i, int64_t d) const { return given(i) ? integer(i) : d; }
  std::optional<int64_t> optional_integer(int i) const { return given(i) ? std::optional(integer(i)) : std::nullopt; }
  Shape ints(int i, int length = 0);
  Shape ints(int i, int length, Shape d) { return given(i) ? ints(i, length) : keep(i, d); }
  std::optional<Shape> optional_ints(int i) { return given(i) ? std::optional(ints(i)) : std::nullopt; }
  double number(int i) const;
  double number(int i, double d) const { return given(i) ? number(i) : d; }
  std::optional<double> optional_number(int i) const { return given(i) ? std::optional(number(i)) : std::nullopt; }
  std::vector<double> numbers(int i) const;
  std::optional<std::vector<double>> optional_numbers(int i) const { return given(i) ? std::optional(numbers(i)) : std::nullopt; }
  bool boolean(int i) const { return PyObject_IsTrue(at_[i]) == 1; }
  bool boolean(int i, bool d) const { return given(i) ? boolean(i) : d; }
  std::optional<bool> optional_boolean(int i) const { return given(i) ? std::optional(boolean(i)) : std::nullopt; }
  std::vector<bool> booleans(int i) const;
  std::string string(int i) const;
  std::string string(int i, const char* d) const { return given(i) ? string(i) : std::string(d); }
  std::optional<std::string> optional_string(int i) const { return given(i) ? std::optional(string(i)) : std::nullopt; }
  DType dtype(int i) const;
  DType dtype(int i, DType d) const { return given(i) ? dtype(i) : d; }
  std::optional<Device> device(int i) const;
  MemoryFormat memory_format(int i, MemoryFormat d = MemoryFormat::None) const;
  Generator* generator(int i) const;

  // Results.
  PyObject* give(Tensor t) const;
  PyObject* give(const TensorList& l) const;
  PyObject* give(const Scalar& s) const;
  PyObject* give(bool b) const { return PyBool_FromLong(b); }
  PyObject* give(PyObject* made) const { return made; }       // rows that return `Any` make the object themselves
  PyObject* give(int64_t i) const { return PyLong_FromLongLong(i); }
  PyObject* give(double d) const { return PyFloat_FromDouble(d); }
  template <class... T> PyObject* give(const std::tuple<T...>& t) const { return give_tuple(t, std::index_sequence_for<T...>{}); }
  template <class... T> PyObject* give(ResultType& type, const std::tuple<T...>& t) const {
    return give_named(type, t, std::index_sequence_for<T...>{});
  }
  PyObject* give_leaf(const Tensor& t, int requires_grad, int pin_memory, int layout) const;
  // `out=` of operators that are not written to fill one: computed, then copied.
  // `exact` is the message for an out= whose dtype is not the result's, where the operator demands that.
  template <class F> PyObject* give_out(int i, F&& compute, const char* exact = nullptr) {
    check_out_arguments(i);
    NoGrad no_grad;
    return fill_out(i, list_of(compute()), exact);
  }

 private:
  template <class T, size_t... I> PyObject* give_tuple(const T& t, std::index_sequence<I...>) const {
    PyObject* items[] = {give(std::get<I>(t))...};
    PyObject* r = PyTuple_New(sizeof...(I));
    for (size_t k = 0; k < sizeof...(I); ++k) PyTuple_SET_ITEM(r, k, items[k]);
    return r;
  }
  template <class T, size_t... I> PyObject* give_named(ResultType& type, const T& t, std::index_sequence<I...>) const {
    PyObject* items[] = {give(std::get<I>(t))...};
    PyObject* r = PyStructSequence_New(result_type(type));
    for (size_t k = 0; k < sizeof...(I); ++k) PyStructSequence_SetItem(r, Py_ssize_t(k), items[k]);
    return r;
  }
  static TensorList list_of(Tensor t) { return {std::move(t)}; }
  template <class... T> static TensorList list_of(std::tuple<T...> t) {
    return std::apply([](auto&... x) { return TensorList{x...}; }, t);
  }
  static TensorList list_of(TensorList l) { return l; }
  void check_out_arguments(int i) const;
  PyObject* fill_out(int i, const TensorList& results, const char* exact) const;
  Shape keep(int i, Shape s);
  bool match(const Signature& s, PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames);
  [[noreturn]] void no_match(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames);
  PyObject* override_call(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames);
  PyObject* ask(PyObject* handler, PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames);

  Callable& callable_;
  const Signature* signature_ = nullptr;
  PyObject* answer_ = nullptr;
  PyObject* at_[kMax];
  int64_t ints_[16];                              // short int lists, one after the other
  int ints_used_ = 0;
  std::vector<std::vector<int64_t>> long_ints_;
  PyObject* packed_ = nullptr;                    // the tuple made of x.view(2, 3)'s numbers
 public:
  ~Parsed() { Py_XDECREF(packed_); }
  Parsed(const Parsed&) = delete;
};

// torch.func: what is asked before an operator draws random numbers, as `_dispatch` of penlight/overrides.py is; null when off.
extern PyObject* random_hook;
// torch.func: what is asked before an autograd.Function runs; null when off.
extern PyObject* function_hook;
// While true, no_grad() goes on recording: forward mode, which no_grad does not concern, reads the graph.
extern thread_local bool keep_recording;
extern const char* const pointwise_names;      // generated: the operators that work element by element

// In-place forms of operators without a kernel of their own: computed, then copied into self (recorded as a copy).
void check_inplace_result(const Tensor& self, const Tensor& result);
// What the gradient saves must be what was there before.
inline Tensor before_inplace(const Tensor& self) { return grad_enabled && requires_grad(self) ? op::clone(self, MemoryFormat::None) : self; }
template <class F> Tensor inplace_from(const Tensor& self, F&& compute) {
  Tensor r = compute();
  check_inplace_result(self, r);
  return op::copy_(self, r, false);
}

// For hand-written bindings.
PyObject* translate_exception(const char* name = "", PyObject* const* args = nullptr, Py_ssize_t n = 0);
extern PyObject* linalg_error;                              // torch.linalg.LinAlgError
void raise(const Error& e);                                 // sets the Python exception; with the operands when known
inline TensorImpl* impl(PyObject* o) { return reinterpret_cast<TensorImpl*>(o); }
inline PyObject* wrap(Tensor t) {
  if (t) return t.release();
  Py_RETURN_NONE;
}
bool is_number(PyObject* o);                                // bool, int, float, complex, NumPy's scalars
Scalar to_scalar(PyObject* o);
int64_t to_int(PyObject* o);
std::vector<int64_t> to_ints(PyObject* sequence);
PyObject* from_scalar(const Scalar& s);

// csrc/python/types.cpp: dtype, device, layout, memory_format, Size, Generator.
PyObject* wrap(DType d);
PyObject* wrap(Device d);
PyObject* wrap(MemoryFormat f);
bool is_dtype(PyObject* o);
DType to_dtype(PyObject* o);
bool is_device(PyObject* o);
Device to_device(PyObject* o);                              // a device, "cpu", "cuda:0" or an index
uint64_t to_seed(PyObject* o);                              // any Python int; negative ones count from 2^64
MemoryFormat to_memory_format(PyObject* o);
bool is_memory_format(PyObject* o);
bool is_layout(PyObject* o);
bool is_strided(PyObject* layout);
bool is_generator(PyObject* o);
Generator* to_generator(PyObject* o);
PyObject* make_size(Shape s);                               // torch.Size
bool add_types(PyObject* module);

}  // namespace pl
