// The small types: dtype, device, layout, memory_format, Size, Generator.
#include <cstring>
#include <string>
#include "python/binding.h"

namespace pl {
namespace {

PyTypeObject *dtype_type, *device_type, *layout_type, *format_type, *size_type, *generator_type;

struct Enum : PyObject { uint8_t value; };            // dtype, layout, memory_format: singletons
struct DeviceObject : PyObject { Device value; };
struct GeneratorObject : PyObject { Generator* value; bool owned; };

Enum* dtypes[kDTypes];
Enum* formats[5];

// PyTorch's other dtypes: names that programs compare with and look into; no tensor has one. Their values follow kDTypes.
constexpr DTypeInfo kNamesOnly[] = {
  {1, Compute::F32, true, false, true, "float8_e4m3fn", ""},     {1, Compute::F32, true, false, true, "float8_e4m3fnuz", ""},
  {1, Compute::F32, true, false, true, "float8_e5m2", ""},       {1, Compute::F32, true, false, true, "float8_e5m2fnuz", ""},
  {1, Compute::F32, true, false, false, "float8_e8m0fnu", ""},   {1, Compute::F32, true, false, true, "float4_e2m1fn_x2", ""},
  {4, Compute::C128, false, true, true, "complex32", ""},
  {1, Compute::I64, false, false, true, "int1", ""},             {1, Compute::I64, false, false, true, "int2", ""},
  {1, Compute::I64, false, false, true, "int3", ""},             {1, Compute::I64, false, false, true, "int4", ""},
  {1, Compute::I64, false, false, true, "int5", ""},             {1, Compute::I64, false, false, true, "int6", ""},
  {1, Compute::I64, false, false, true, "int7", ""},             {1, Compute::I64, false, false, false, "uint1", ""},
  {1, Compute::I64, false, false, false, "uint2", ""},           {1, Compute::I64, false, false, false, "uint3", ""},
  {1, Compute::I64, false, false, false, "uint4", ""},           {1, Compute::I64, false, false, false, "uint5", ""},
  {1, Compute::I64, false, false, false, "uint6", ""},           {1, Compute::I64, false, false, false, "uint7", ""},
  {1, Compute::I64, false, false, false, "bits8", ""},           {2, Compute::I64, false, false, false, "bits16", ""},
  {1, Compute::I64, false, false, false, "bits1x8", ""},         {1, Compute::I64, false, false, false, "bits2x4", ""},
  {1, Compute::I64, false, false, false, "bits4x2", ""},
  {1, Compute::I64, false, false, true, "qint8", ""},            {1, Compute::I64, false, false, false, "quint8", ""},
  {4, Compute::I64, false, false, true, "qint32", ""},           {1, Compute::I64, false, false, false, "quint4x2", ""},
  {1, Compute::I64, false, false, false, "quint2x4", ""},
};
constexpr int kNames = sizeof(kNamesOnly) / sizeof(kNamesOnly[0]);

const DTypeInfo& info_of(PyObject* o) {
  const int value = static_cast<Enum*>(o)->value;
  return value < kDTypes ? info(DType(value)) : kNamesOnly[value - kDTypes];
}
DType value_of(PyObject* o) {
  const int value = static_cast<Enum*>(o)->value;
  PL_CHECK_AS(NotImplemented, value < kDTypes, "", "tensors of torch.%s do not exist in Penlight; use torch.%s instead", info_of(o).name,
              info_of(o).is_complex ? "complex64" : info_of(o).is_float ? "bfloat16 or torch.float16" : "int8 or torch.uint8");
  return DType(value);
}

PyTypeObject* make_type(const char* name, size_t size, std::initializer_list<PyType_Slot> slots, unsigned flags = 0, PyTypeObject* base = nullptr) {
  std::vector<PyType_Slot> all(slots);
  all.push_back({0, nullptr});
  PyType_Spec spec{name, int(size), 0, unsigned(Py_TPFLAGS_DEFAULT) | flags, all.data()};
  PyObject* bases = base ? PyTuple_Pack(1, base) : nullptr;
  PyObject* t = PyType_FromSpecWithBases(&spec, bases);
  Py_XDECREF(bases);
  return reinterpret_cast<PyTypeObject*>(t);
}

template <class T> T* make(PyTypeObject* t) { return reinterpret_cast<T*>(t->tp_alloc(t, 0)); }

// ---------------------------------------------------------------- dtype
PyObject* dtype_repr(PyObject* o) { return PyUnicode_FromFormat("torch.%s", info_of(o).name); }
PyObject* dtype_flag(PyObject* o, void* which) {
  const DTypeInfo& i = info_of(o);
  switch (reinterpret_cast<intptr_t>(which)) {
    case 0: return PyBool_FromLong(i.is_float);
    case 1: return PyBool_FromLong(i.is_complex);
    case 2: return PyBool_FromLong(i.is_signed);
    default: return PyLong_FromLong(i.size);
  }
}
PyObject* dtype_to(PyObject* o, DType (*part)(DType)) {
  try {
    return wrap(part(value_of(o)));
  } catch (...) {
    return translate_exception("dtype");
  }
}
PyObject* dtype_to_complex(PyObject* o, PyObject*) { return dtype_to(o, complex_of); }
PyObject* dtype_to_real(PyObject* o, PyObject*) { return dtype_to(o, real_of); }
// Pickles name functions of Penlight's: the module `torch`, which these types say they are of, need not exist.
PyObject* rebuilt_by(const char* function, PyObject* args) {
  PyObject* m = PyImport_ImportModule("penlight._utils");
  PyObject* f = m ? PyObject_GetAttrString(m, function) : nullptr;
  Py_XDECREF(m);
  if (f && args) return Py_BuildValue("NN", f, args);
  Py_XDECREF(f);
  Py_XDECREF(args);
  return nullptr;
}
PyObject* dtype_reduce(PyObject* o, PyObject*) { return rebuilt_by("_constant_named", Py_BuildValue("(s)", info_of(o).name)); }
PyObject* same_object(PyObject* o, PyObject*) { Py_INCREF(o); return o; }
PyMethodDef dtype_methods[] = {{"to_complex", dtype_to_complex, METH_NOARGS, "The complex dtype with parts of this one."},
                               {"to_real", dtype_to_real, METH_NOARGS, "The dtype of a complex dtype's parts."},
                               {"__reduce__", dtype_reduce, METH_NOARGS, nullptr},
                               {"__copy__", same_object, METH_NOARGS, nullptr},
                               {"__deepcopy__", same_object, METH_O, nullptr},
                               {nullptr, nullptr, 0, nullptr}};
PyGetSetDef dtype_getset[] = {{"is_floating_point", dtype_flag, nullptr, "True for float16, bfloat16, float32, float64.", (void*)0},
                              {"is_complex", dtype_flag, nullptr, "True for complex64 and complex128.", (void*)1},
                              {"is_signed", dtype_flag, nullptr, "True where negative numbers can be held.", (void*)2},
                              {"itemsize", dtype_flag, nullptr, "Bytes an element takes.", (void*)3},
                              {nullptr, nullptr, nullptr, nullptr, nullptr}};

// ---------------------------------------------------------------- device
Device parse_device(const char* text) {
  Device d;
  std::string s(text), kind = s.substr(0, s.find(':'));
  if (kind == "cpu") d.type = DeviceType::CPU;
  else if (kind == "meta") d.type = DeviceType::Meta;
  else if (kind == "cuda") d.type = DeviceType::CUDA;
  else
    fail(ErrorType::Runtime, "device_name", "Expected one of cpu, cuda, meta device type at start of device string: %s", text);
  if (kind.size() < s.size()) {
    std::string number = s.substr(kind.size() + 1);
    bool digits = !number.empty() && number.find_first_not_of("0123456789") == std::string::npos && number.size() < 4;
    PL_CHECK_AS(Runtime, digits, "device_name", "Invalid device string: '%s'", text);
    d.index = int8_t(std::stoi(number));
  }
  return d;
}

PyObject* device_new(PyTypeObject*, PyObject* args, PyObject* kw) {
  PyObject *type = nullptr, *index = nullptr;
  static const char* names[] = {"type", "index", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|O", const_cast<char**>(names), &type, &index)) return nullptr;
  try {
    Device d = to_device(type);
    if (index && index != Py_None) d.index = int8_t(to_int(index));
    return wrap(d);
  } catch (...) {
    return translate_exception("device");
  }
}
Device device_of(PyObject* o) { return static_cast<DeviceObject*>(o)->value; }
const char* device_kind(Device d) { return d.type == DeviceType::CPU ? "cpu" : d.type == DeviceType::Meta ? "meta" : "cuda"; }
PyObject* device_repr(PyObject* o) {
  Device d = device_of(o);
  if (d.index >= 0) return PyUnicode_FromFormat("device(type='%s', index=%d)", device_kind(d), int(d.index));
  return PyUnicode_FromFormat("device(type='%s')", device_kind(d));
}
PyObject* device_str(PyObject* o) { return PyUnicode_FromString(device_name(device_of(o)).c_str()); }
PyObject* device_get_type(PyObject* o, void*) { return PyUnicode_FromString(device_kind(device_of(o))); }
PyObject* device_get_index(PyObject* o, void*) {
  if (device_of(o).index < 0) Py_RETURN_NONE;
  return PyLong_FromLong(device_of(o).index);
}
PyObject* device_compare(PyObject* a, PyObject* b, int how) {
  if (!is_device(b) || (how != Py_EQ && how != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((device_of(a) == device_of(b)) == (how == Py_EQ));
}
Py_hash_t device_hash(PyObject* o) { return int(device_of(o).type) * 1000 + device_of(o).index + 7; }
PyObject* device_reduce(PyObject* o, PyObject*) {
  Device d = device_of(o);
  return rebuilt_by("_device", d.index >= 0 ? Py_BuildValue("(si)", device_kind(d), int(d.index)) : Py_BuildValue("(s)", device_kind(d)));
}
// `with torch.device("meta"):` makes it the default of all factories inside.
std::vector<Device> device_stack;
PyObject* device_enter(PyObject* o, PyObject*) {
  device_stack.push_back(default_device());
  set_default_device(device_of(o));
  Py_INCREF(o);
  return o;
}
PyObject* device_exit(PyObject*, PyObject*) {
  if (!device_stack.empty()) {
    set_default_device(device_stack.back());
    device_stack.pop_back();
  }
  Py_RETURN_NONE;
}
PyMethodDef device_methods[] = {{"__reduce__", device_reduce, METH_NOARGS, nullptr},
                                {"__enter__", device_enter, METH_NOARGS, nullptr},
                                {"__exit__", device_exit, METH_VARARGS, nullptr},
                                {nullptr, nullptr, 0, nullptr}};
PyGetSetDef device_getset[] = {{"type", device_get_type, nullptr, "cpu, cuda or meta.", nullptr},
                               {"index", device_get_index, nullptr, "The number of the device, or None.", nullptr},
                               {nullptr, nullptr, nullptr, nullptr, nullptr}};

// ---------------------------------------------------------------- layout, memory_format
const char* const kLayouts[] = {"strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "_mkldnn", "jagged"};
PyObject* layout_repr(PyObject* o) { return PyUnicode_FromFormat("torch.%s", kLayouts[static_cast<Enum*>(o)->value]); }
PyObject* format_repr(PyObject* o) {
  static const char* const names[] = {"", "contiguous_format", "preserve_format", "channels_last", "channels_last_3d"};
  return PyUnicode_FromFormat("torch.%s", names[static_cast<Enum*>(o)->value]);
}

// Of the repr "torch.strided" the part behind the point is the name.
PyObject* constant_reduce(PyObject* o, PyObject*) {
  PyObject* text = PyObject_Repr(o);
  PyObject* r = text ? rebuilt_by("_constant_named", Py_BuildValue("(s)", PyUnicode_AsUTF8(text) + 6)) : nullptr;
  Py_XDECREF(text);
  return r;
}
PyMethodDef constant_methods[] = {{"__reduce__", constant_reduce, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};

// ---------------------------------------------------------------- Size
PyObject* size_from(PyObject* tuple) {
  if (!tuple) return nullptr;
  Py_ssize_t n = PyTuple_GET_SIZE(tuple);
  PyObject* r = size_type->tp_alloc(size_type, n);
  for (Py_ssize_t i = 0; r && i < n; ++i) {
    PyObject* x = PyTuple_GET_ITEM(tuple, i);
    Py_INCREF(x);
    PyTuple_SET_ITEM(r, i, x);
  }
  Py_DECREF(tuple);
  return r;
}
PyObject* size_new(PyTypeObject*, PyObject* args, PyObject*) {
  PyObject* items = nullptr;
  if (!PyArg_ParseTuple(args, "|O", &items)) return nullptr;
  try {
    if (!items) return size_from(PyTuple_New(0));
    std::vector<int64_t> v = to_ints(items);
    return make_size(v);
  } catch (...) {
    return translate_exception("Size");
  }
}
PyObject* size_repr(PyObject* o) {
  std::string s = "torch.Size([";
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); ++i) {
    PyObject* t = PyObject_Repr(PyTuple_GET_ITEM(o, i));
    if (!t) return nullptr;
    s += (i ? ", " : "") + std::string(PyUnicode_AsUTF8(t));
    Py_DECREF(t);
  }
  return PyUnicode_FromString((s + "])").c_str());
}
PyObject* size_numel(PyObject* o, PyObject*) {
  long long n = 1;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); ++i) n *= PyLong_AsLongLong(PyTuple_GET_ITEM(o, i));
  return PyLong_FromLongLong(n);
}
PyObject* size_subscript(PyObject* o, PyObject* key) {
  PyObject* r = PyTuple_Type.tp_as_mapping->mp_subscript(o, key);
  return r && PySlice_Check(key) ? size_from(r) : r;
}
PyObject* size_sq_concat(PyObject* a, PyObject* b) { return size_from(PyTuple_Type.tp_as_sequence->sq_concat(a, b)); }
PyObject* size_repeat(PyObject* a, Py_ssize_t n) { return size_from(PyTuple_Type.tp_as_sequence->sq_repeat(a, n)); }
PyObject* size_reduce(PyObject* o, PyObject*) { return rebuilt_by("_size", Py_BuildValue("(N)", PyTuple_GetSlice(o, 0, PyTuple_GET_SIZE(o)))); }
PyMethodDef size_methods[] = {{"numel", size_numel, METH_NOARGS, "The product of all sizes: how many elements such a tensor has."},
                              {"__reduce__", size_reduce, METH_NOARGS, nullptr},
                              {nullptr, nullptr, 0, nullptr}};

// ---------------------------------------------------------------- Generator
Generator& gen(PyObject* o) { return *static_cast<GeneratorObject*>(o)->value; }
PyObject* generator_new(PyTypeObject* t, PyObject* args, PyObject* kw) {
  PyObject* device = nullptr;
  static const char* names[] = {"device", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "|O", const_cast<char**>(names), &device)) return nullptr;
  try {
    if (device && device != Py_None) {
      Device d = to_device(device);
      PL_CHECK_AS(Runtime, d.type == DeviceType::CPU, "no_cuda", "Device type %s is not supported for torch.Generator() api.", device_name(d).c_str());
    }
    auto* g = make<GeneratorObject>(t);
    g->value = new Generator();
    g->owned = true;
    return g;
  } catch (...) {
    return translate_exception("Generator");
  }
}
void generator_dealloc(PyObject* o) {
  auto* g = static_cast<GeneratorObject*>(o);
  if (g->owned) delete g->value;
  PyTypeObject* t = Py_TYPE(o);
  t->tp_free(o);
  Py_DECREF(t);
}
PyObject* generator_manual_seed(PyObject* o, PyObject* seed) {
  try {
    gen(o).manual_seed(to_seed(seed));
    Py_INCREF(o);
    return o;
  } catch (...) {
    return translate_exception("manual_seed");
  }
}
PyObject* generator_initial_seed(PyObject* o, PyObject*) { return PyLong_FromUnsignedLongLong(gen(o).initial_seed()); }
PyObject* generator_seed(PyObject* o, PyObject*) { return PyLong_FromUnsignedLongLong(gen(o).seed()); }
PyObject* generator_get_state(PyObject* o, PyObject*) {
  Tensor t = empty({Generator::kStateBytes}, DType::UInt8);
  gen(o).get_state(t.ptr<uint8_t>());
  return wrap(t);
}
PyObject* generator_set_state(PyObject* o, PyObject* state) {
  try {
    PL_CHECK_AS(Type, is_tensor(state), "", "expected a torch.ByteTensor, but got %s", Py_TYPE(state)->tp_name);
    Tensor t = contiguous(Tensor::borrow(impl(state)));
    PL_CHECK_AS(Type, t.dtype() == DType::UInt8, "", "RNG state must be a torch.ByteTensor");
    PL_CHECK(t.numel() == Generator::kStateBytes, "Expected a CPUGeneratorImplState of size %d but found the input RNG state size to be %lld",
             Generator::kStateBytes, (long long)t.numel());
    PL_CHECK(!t.is_meta() && gen(o).set_state(t.ptr<uint8_t>()), "Invalid mt19937 state");
    Py_INCREF(o);
    return o;
  } catch (...) {
    return translate_exception("set_state");
  }
}
PyObject* generator_clone(PyObject* o, PyObject*) {
  auto* g = make<GeneratorObject>(generator_type);
  g->value = new Generator(gen(o));
  g->owned = true;
  return g;
}
PyObject* generator_device(PyObject*, void*) { return wrap(Device{}); }
PyMethodDef generator_methods[] = {
    {"manual_seed", generator_manual_seed, METH_O, "Sets the seed; the same seed gives the same numbers again. Returns the generator."},
    {"initial_seed", generator_initial_seed, METH_NOARGS, "The seed that was set last."},
    {"seed", generator_seed, METH_NOARGS, "Sets a seed from the system's randomness and returns it."},
    {"get_state", generator_get_state, METH_NOARGS, "The state as a uint8 tensor."},
    {"set_state", generator_set_state, METH_O, "Restores a state that get_state gave."},
    {"clone_state", generator_clone, METH_NOARGS, "A second generator in the same state."},
    {nullptr, nullptr, 0, nullptr}};
PyGetSetDef generator_getset[] = {{"device", generator_device, nullptr, "The device whose random numbers it makes.", nullptr},
                                  {nullptr, nullptr, nullptr, nullptr, nullptr}};

template <class F> void* slot(F f) { return reinterpret_cast<void*>(f); }

}  // namespace

uint64_t to_seed(PyObject* o) {
  PyObject* i = PyNumber_Index(o);
  if (!i) throw PythonError();
  // Negative seeds count from 2^64, as in PyTorch.
  PyObject* mask = PyLong_FromUnsignedLongLong(UINT64_MAX);
  int negative_too_far = 0;
  long long small = PyLong_AsLongLongAndOverflow(i, &negative_too_far);
  (void)small;
  uint64_t v = PyLong_AsUnsignedLongLongMask(i);
  PyObject* limit = PyNumber_Absolute(i);
  int too_large = limit ? PyObject_RichCompareBool(limit, mask, Py_GT) : 1;
  Py_XDECREF(limit);
  Py_DECREF(mask);
  Py_DECREF(i);
  PL_CHECK_AS(Runtime, negative_too_far >= 0 && !too_large, "", "Overflow when unpacking long long");
  return v;
}

PyObject* wrap(DType d) {
  PyObject* o = dtypes[int(d)];
  Py_INCREF(o);
  return o;
}
PyObject* wrap(Device d) {
  auto* o = make<DeviceObject>(device_type);
  if (o) o->value = d;
  return o;
}
PyObject* wrap(MemoryFormat f) {
  PyObject* o = formats[int(f)];
  Py_INCREF(o);
  return o;
}
bool is_dtype(PyObject* o) { return Py_TYPE(o) == dtype_type; }
bool is_device(PyObject* o) { return Py_TYPE(o) == device_type; }
bool is_layout(PyObject* o) { return Py_TYPE(o) == layout_type; }
bool is_strided(PyObject* o) { return static_cast<Enum*>(o)->value == 0; }
bool is_memory_format(PyObject* o) { return Py_TYPE(o) == format_type; }
bool is_generator(PyObject* o) { return PyObject_TypeCheck(o, generator_type); }
DType to_dtype(PyObject* o) {
  PL_CHECK_AS(Type, is_dtype(o), "", "expected a torch.dtype, but got %s", Py_TYPE(o)->tp_name);
  return value_of(o);
}
Device to_device(PyObject* o) {
  if (is_device(o)) return device_of(o);
  if (PyUnicode_Check(o)) return parse_device(PyUnicode_AsUTF8(o));
  if (PyLong_Check(o)) return Device{DeviceType::CUDA, int8_t(to_int(o))};
  fail(ErrorType::Type, "", "device must be a torch.device, a string or an int, not %s", Py_TYPE(o)->tp_name);
}
MemoryFormat to_memory_format(PyObject* o) { return MemoryFormat(static_cast<Enum*>(o)->value); }
Generator* to_generator(PyObject* o) { return &gen(o); }

PyObject* make_size(Shape s) {
  PyObject* r = size_type->tp_alloc(size_type, s.n);
  for (int i = 0; r && i < s.n; ++i) PyTuple_SET_ITEM(r, i, PyLong_FromLongLong(s[i]));
  return r;
}

bool add_types(PyObject* m) {
  const unsigned final_type = Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  dtype_type = make_type("torch.dtype", sizeof(Enum), {{Py_tp_repr, slot(dtype_repr)}, {Py_tp_methods, dtype_methods}, {Py_tp_getset, dtype_getset}}, final_type);
  device_type = make_type("torch.device", sizeof(DeviceObject),
                          {{Py_tp_new, slot(device_new)}, {Py_tp_repr, slot(device_repr)}, {Py_tp_str, slot(device_str)}, {Py_tp_hash, slot(device_hash)},
                           {Py_tp_richcompare, slot(device_compare)}, {Py_tp_methods, device_methods}, {Py_tp_getset, device_getset}});
  layout_type = make_type("torch.layout", sizeof(Enum), {{Py_tp_repr, slot(layout_repr)}, {Py_tp_methods, constant_methods}}, final_type);
  format_type = make_type("torch.memory_format", sizeof(Enum), {{Py_tp_repr, slot(format_repr)}, {Py_tp_methods, constant_methods}}, final_type);
  size_type = make_type("torch.Size", 0,
                        {{Py_tp_new, slot(size_new)}, {Py_tp_repr, slot(size_repr)}, {Py_tp_methods, size_methods}, {Py_mp_subscript, slot(size_subscript)},
                         {Py_sq_concat, slot(size_sq_concat)}, {Py_sq_repeat, slot(size_repeat)}}, 0, &PyTuple_Type);
  generator_type = make_type("torch.Generator", sizeof(GeneratorObject),
                             {{Py_tp_new, slot(generator_new)}, {Py_tp_dealloc, slot(generator_dealloc)}, {Py_tp_methods, generator_methods},
                              {Py_tp_getset, generator_getset}}, Py_TPFLAGS_BASETYPE);
  for (PyTypeObject* t : {dtype_type, device_type, layout_type, format_type, size_type, generator_type}) {
    if (!t) return false;
    const char* dot = std::strrchr(t->tp_name, '.');
    Py_INCREF(t);
    if (PyModule_AddObject(m, dot ? dot + 1 : t->tp_name, reinterpret_cast<PyObject*>(t)) < 0) return false;
  }
  auto add_enum = [&](PyTypeObject* t, uint8_t value, std::initializer_list<const char*> names) {
    Enum* e = make<Enum>(t);
    e->value = value;
    for (const char* n : names) {
      Py_INCREF(e);
      PyModule_AddObject(m, n, e);
    }
    return e;
  };
  static const std::pair<DType, const char*> aliases[] = {
      {DType::Float32, "float"}, {DType::Float64, "double"}, {DType::Float16, "half"}, {DType::Int16, "short"}, {DType::Int32, "int"},
      {DType::Int64, "long"}, {DType::Complex64, "cfloat"}, {DType::Complex128, "cdouble"}};
  for (int k = 0; k < kNames; ++k) {
    const char* name = kNamesOnly[k].name;
    const char* also = std::strcmp(name, "complex32") == 0 ? "chalf" : std::strcmp(name, "uint1") == 0 ? "bit" : name;
    if (also == name) add_enum(dtype_type, uint8_t(kDTypes + k), {name});
    else add_enum(dtype_type, uint8_t(kDTypes + k), {name, also});
  }
  for (int d = 0; d < kDTypes; ++d) {
    dtypes[d] = add_enum(dtype_type, uint8_t(d), {info(DType(d)).name});
    for (auto& [type, name] : aliases)
      if (int(type) == d) {
        Py_INCREF(dtypes[d]);
        PyModule_AddObject(m, name, dtypes[d]);
      }
  }
  for (size_t k = 0; k < std::size(kLayouts); ++k) add_enum(layout_type, uint8_t(k), {kLayouts[k]});
  static const char* const format_names[] = {"", "contiguous_format", "preserve_format", "channels_last", "channels_last_3d"};
  for (int f = 1; f < 5; ++f) formats[f] = add_enum(format_type, uint8_t(f), {format_names[f]});
  Py_INCREF(formats[1]);
  PyModule_AddObject(m, "legacy_contiguous_format", formats[1]);
  auto* g = make<GeneratorObject>(generator_type);
  g->value = &default_generator();
  g->owned = false;
  return PyModule_AddObject(m, "default_generator", g) == 0;
}

}  // namespace pl
