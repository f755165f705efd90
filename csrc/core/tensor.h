// The tensor. A TensorImpl is its own Python object: one allocation, one reference count, one identity for its whole life.
// Everything here needs the GIL; kernels see raw pointers only.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include "core/dtype.h"
#include "core/error.h"
#include "core/scalar.h"
#include "core/storage.h"

namespace pl {

struct Node;
struct TensorImpl;
struct TensorHooks;

constexpr int kInlineDims = 5;
constexpr int kMaxDims = 64;

enum TensorFlag : uint16_t {
  kRequiresGrad = 1,        // a leaf that wants a gradient
  kRetainsGrad = 2,
  kContiguous = 4,
  kPrivateVersion = 8,      // made by `.data`: changes are not counted
  kInference = 16,
  kNoGradView = 32,         // a view made under no_grad
  kMultiView = 64,          // one of several views made by one call (split, unbind)
  kNamedParameter = 128,    // an nn.Parameter: operators may treat it like a plain tensor
  kSubclass = 256,          // a Python subclass that defines __torch_function__
  kCustomView = 512,        // a view of an input that an autograd.Function returned
};

struct TensorImpl : PyObject {
  PyObject* dict;
  PyObject* weakrefs;
  Storage* storage;
  char* data;               // of the first element
  int64_t offset;           // of the first element, in elements
  int64_t numel;
  int64_t* sizes;           // point to `inline_shape` up to five dimensions, to the heap beyond
  int64_t* strides;
  int64_t inline_shape[2 * kInlineDims];
  uint8_t ndim;
  DType dtype;
  uint16_t flags;
  uint32_t output_nr;       // which output of grad_fn this is
  Node* grad_fn;            // owned
  Node* grad_accumulator;   // not owned: the node owns the leaf
  TensorImpl* grad;         // owned
  TensorImpl* base;         // owned: the tensor that this one is a view of
  uint64_t view_version;    // the storage's version when grad_fn was last right
  TensorHooks* hooks;       // owned

  Device device() const { return storage->device; }
  bool is_contiguous() const { return flags & kContiguous; }
  bool is_meta() const { return storage->device.type == DeviceType::Meta; }
  // A shape without memory has no data to read: an operator that does not stop at is_meta() ends here, in an error.
  template <class T> T* ptr() const {
    if (!data && is_meta()) [[unlikely]] no_data();
    return reinterpret_cast<T*>(data);
  }
  [[noreturn]] static void no_data();
};

// Sizes or strides by reference: from a tensor, a vector or a braced list.
struct Shape {
  const int64_t* p;
  int n;
  Shape(const int64_t* p, int64_t n) : p(p), n(int(n)) {}
  Shape(const std::vector<int64_t>& v) : p(v.data()), n(int(v.size())) {}
  // A braced list lives until the end of the full expression: long enough for an argument, not for a variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winit-list-lifetime"
  Shape(std::initializer_list<int64_t> l) : p(l.begin()), n(int(l.size())) {}
#pragma GCC diagnostic pop
  int64_t operator[](int i) const { return p[i]; }
  int size() const { return n; }
  const int64_t* begin() const { return p; }
  const int64_t* end() const { return p + n; }
  std::vector<int64_t> vec() const { return {p, p + n}; }
  bool operator==(const Shape& o) const {
    if (n != o.n) return false;
    for (int i = 0; i < n; ++i) if (p[i] != o.p[i]) return false;
    return true;
  }
  int64_t numel() const { int64_t k = 1; for (int64_t s : *this) k *= s; return k; }
};
std::string to_string(Shape s);     // "[2, 3]"

// An owning reference to a TensorImpl, or nothing ("undefined").
class Tensor {
 public:
  Tensor() = default;
  Tensor(std::nullptr_t) {}
  static Tensor steal(TensorImpl* p) { Tensor t; t.p_ = p; return t; }
  static Tensor borrow(TensorImpl* p) { if (p) Py_INCREF(p); return steal(p); }
  Tensor(const Tensor& o) : p_(o.p_) { if (p_) Py_INCREF(p_); }
  Tensor(Tensor&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Tensor& operator=(Tensor o) noexcept { std::swap(p_, o.p_); return *this; }
  ~Tensor() { if (p_) Py_DECREF(p_); }

  explicit operator bool() const { return p_ != nullptr; }
  TensorImpl* get() const { return p_; }
  TensorImpl* operator->() const { return p_; }
  TensorImpl& operator*() const { return *p_; }
  TensorImpl* release() { return std::exchange(p_, nullptr); }

  int dim() const { return p_->ndim; }
  int64_t numel() const { return p_->numel; }
  Shape sizes() const { return {p_->sizes, p_->ndim}; }
  Shape strides() const { return {p_->strides, p_->ndim}; }
  int64_t size(int64_t d) const;       // d may count from the end; raises IndexError
  int64_t stride(int64_t d) const;
  DType dtype() const { return p_->dtype; }
  Device device() const { return p_->device(); }
  bool is_meta() const { return p_->is_meta(); }
  bool is_contiguous() const { return p_->is_contiguous(); }
  template <class T> T* ptr() const { return p_->ptr<T>(); }

 private:
  TensorImpl* p_ = nullptr;
};
using OptTensor = Tensor;              // an argument `Tensor?`: undefined when None
using TensorList = std::vector<Tensor>;

// ---- making tensors: uninitialised, no autograd ----
Tensor empty(Shape sizes, DType dtype, Device device = {});
Tensor empty_strided(Shape sizes, Shape strides, DType dtype, Device device = {});
Tensor empty_like(const Tensor& t, DType dtype = DType::Undefined);   // keeps dense strides, as torch.empty_like
Tensor full(Shape sizes, const Scalar& value, DType dtype, Device device = {});
Tensor zeros(Shape sizes, DType dtype, Device device = {});
Tensor scalar_tensor(const Scalar& value, DType dtype, Device device = {});

// Another look at t's memory. `as_view` records t as the base, so that autograd follows changes made through either;
// `alias` does not (detach).
Tensor as_view(const Tensor& t, Shape sizes, Shape strides, int64_t offset);
Tensor alias(const Tensor& t);
Tensor alias(const Tensor& t, Shape sizes, Shape strides, int64_t offset, DType dtype);

// Gives `t` other sizes and strides over the same storage; computes numel, contiguity and the data pointer.
void set_geometry(TensorImpl* t, Shape sizes, Shape strides, int64_t offset);
void set_storage(TensorImpl* t, Storage* s);
// Makes `out` of an `out=` argument the right shape (PyTorch warns when it was neither empty nor right).
void resize_out(const Tensor& out, Shape sizes);

// Inside inference_mode() new tensors are marked kInference.
extern __attribute__((tls_model("initial-exec"))) thread_local bool inference_enabled;
TensorImpl* new_impl(PyTypeObject* type = nullptr);   // a bare object, refcount 1; the caller sets dtype, storage, geometry
void init_impl(TensorImpl* t);                        // what new_impl does to fresh memory
extern PyTypeObject* tensor_type;                     // torch.Tensor
extern PyTypeObject* parameter_type;                  // torch.nn.Parameter, set when penlight.nn is loaded
inline bool is_tensor(PyObject* o) { return Py_TYPE(o) == tensor_type || PyObject_TypeCheck(o, tensor_type); }

// ---- shapes ----
struct Strides : std::vector<int64_t> { using std::vector<int64_t>::vector; };
std::vector<int64_t> contiguous_strides(Shape sizes);
std::vector<int64_t> broadcast_shapes(Shape a, Shape b, const char* op = "");
int64_t wrap_dim(int64_t d, int64_t ndim);            // raises IndexError "Dimension out of range (...)"
std::vector<bool> dim_mask(Shape dims, int64_t ndim); // all true for no dims; raises on a repeated one
std::vector<int64_t> infer_size(Shape sizes, int64_t numel);   // resolves one -1
bool is_non_overlapping_and_dense(const TensorImpl* t);
bool overlaps_itself(const TensorImpl* t);            // expand()ed memory that must not be written to
void check_writable(const Tensor& t);                 // raises for that
void check_no_partial_overlap(const Tensor& out, const Tensor& in);

Device default_device();                              // torch.set_default_device
void set_default_device(Device d);

// ---- numbers in and out ----
Scalar item(const Tensor& t);                         // of a one-element tensor
Scalar load_scalar(const void* p, DType d);
void store_scalar(void* p, DType d, const Scalar& s);

void bump_version(TensorImpl* t);
std::string device_name(Device d);                    // "cpu", "cuda:0"

}  // namespace pl
