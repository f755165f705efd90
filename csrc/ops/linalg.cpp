// Products of matrices and vectors.
#include <algorithm>
#include <cstring>
#include "cpu/kernels.h"
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/pointwise.h"
#include "ops/product.h"
#include "ops/recording.h"

namespace pl {

GemmScalar gemm_scalar(const Scalar& s, DType d) {
  return is_integral(d) ? GemmScalar(s.to_int()) : s.is_complex() ? GemmScalar(s.d, s.im) : GemmScalar(s.to_double());
}

void check_gemm_dtype(const char* name, DType d) {
  PL_CHECK_AS(NotImplemented, d != DType::Bool, "dtype_unsupported", "\"%s\" not implemented for '%s'", name, info(d).scalar_name);
}

void run_gemm(const GemmArgs& args, DType d) {
  GemmArgs g = args;
  if (g.k == 0) {      // an empty sum is a product of zeros
    alignas(16) static const char zeros[16] = {};
    g.k = 1;
    g.a = g.b = zeros;
    g.a_rs = g.a_cs = g.b_rs = g.b_cs = 0;
    for (int i = 0; i < 2; ++i) g.a_batch[i] = g.b_batch[i] = 0;
  }
  const GemmKernels& k = cpu().gemm;
  switch (d) {
    case DType::Float32: return k.f32(g);
    case DType::Float64: return k.f64(g);
    case DType::Float16: return k.f16(g);
    case DType::BFloat16: return k.bf16(g);
    case DType::Complex64: return k.c64(g);
    case DType::Complex128: return k.c128(g);
    default: break;
  }
  switch (itemsize(d)) {
    case 1: return k.i8(g);
    case 2: return k.i16(g);
    case 4: return k.i32(g);
    default: return k.i64(g);
  }
}

bool rows_of(const Tensor& t, int64_t& rows, int64_t& row_stride) {
  rows = Shape(t->sizes, t.dim() - 1).numel();
  row_stride = 0;
  int64_t expected = -1;
  for (int d = t.dim() - 2; d >= 0 && t.numel() > 0; --d) {
    if (t->sizes[d] == 1) continue;
    if (expected < 0) row_stride = t->strides[d];
    else if (t->strides[d] != expected) return false;
    expected = t->strides[d] * t->sizes[d];
  }
  return true;
}

namespace {

const Scalar kOne(int64_t(1)), kZero(int64_t(0));

bool is_number(const Scalar& s, int64_t v) { return s.is_integral() ? s.i == v : !s.is_complex() && s.d == double(v); }

// float, double, ... as PyTorch's C++ names them in this message
const char* cpp_name(DType d) {
  switch (d) {
    case DType::Float32: return "float";
    case DType::Float64: return "double";
    case DType::Float16: return "c10::Half";
    case DType::BFloat16: return "c10::BFloat16";
    case DType::Int64: return "long";
    case DType::Int32: return "int";
    case DType::Complex64: return "c10::complex<float>";
    case DType::Complex128: return "c10::complex<double>";
    default: return info(d).name;
  }
}

void check_same_kind(const Tensor& a, const Tensor& b) {
  check_same_device(a, b);
  PL_CHECK_AS(Runtime, a.dtype() == b.dtype(), "dtype_mismatch", "expected m1 and m2 to have the same dtype, but got: %s != %s", cpp_name(a.dtype()),
              cpp_name(b.dtype()));
}

void check_inner_sizes(int64_t m, int64_t k, int64_t k2, int64_t n) {
  PL_CHECK_AS(Runtime, k == k2, "matmul_shape", "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and %lldx%lld)", (long long)m, (long long)k, (long long)k2,
              (long long)n);
}

// A = t[..., m, k] and B = t[..., k, n] of the last two dimensions.
void set_a(GemmArgs& g, const Tensor& t) {
  const int n = t.dim();
  g.a = t->data;
  g.a_rs = t->strides[n - 2];
  g.a_cs = t->strides[n - 1];
}
void set_b(GemmArgs& g, const Tensor& t) {
  const int n = t.dim();
  g.b = t->data;
  g.b_rs = t->strides[n - 2];
  g.b_cs = t->strides[n - 1];
}

// c [m, n] contiguous; computes c = beta * c + alpha * a @ b.
void multiply(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha, const void* bias = nullptr) {
  if (!c->data || c.numel() == 0) return;
  GemmArgs g;
  g.m = a->sizes[0];
  g.k = a->sizes[1];
  g.n = b->sizes[1];
  set_a(g, a);
  set_b(g, b);
  g.c = c->data;
  g.c_rs = g.n;
  g.alpha = gemm_scalar(alpha, c.dtype());
  g.beta = gemm_scalar(beta, c.dtype());
  g.epilogue.bias = bias;
  ReleaseGil free(g.m * g.n * std::max<int64_t>(g.k, 1), 1 << 18);
  run_gemm(g, c.dtype());
}

// Walks the batch dimensions of out = a @ b, the last two of them within one kernel call.
void multiply_batches(const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha) {
  if (!out->data || out.numel() == 0) return;
  GemmArgs g;
  const int n = out.dim(), batches = n - 2;
  g.m = out->sizes[n - 2];
  g.n = out->sizes[n - 1];
  g.k = a->sizes[a.dim() - 1];
  set_a(g, a);
  set_b(g, b);
  g.c = out->data;
  g.c_rs = g.n;
  g.alpha = gemm_scalar(alpha, out.dtype());
  g.beta = gemm_scalar(beta, out.dtype());
  int64_t sizes[kMaxDims], steps[3][kMaxDims];
  int dims = 0;
  auto stride = [batches](const Tensor& t, int d) {
    const int at = d - (batches - (t.dim() - 2));
    return at < 0 || t->sizes[at] == 1 ? 0 : t->strides[at];
  };
  for (int d = 0; d < batches; ++d) {
    if (out->sizes[d] == 1) continue;
    const int64_t next[3] = {stride(a, d), stride(b, d), out->strides[d]};
    bool merge = dims > 0;
    for (int k = 0; k < 3 && merge; ++k) merge = steps[k][dims - 1] == next[k] * out->sizes[d];
    if (merge) sizes[dims - 1] *= out->sizes[d];
    else sizes[dims++] = out->sizes[d];
    for (int k = 0; k < 3; ++k) steps[k][dims - 1] = next[k];
  }
  const int inner = std::min(dims, 2);
  for (int i = 0; i < inner; ++i) {
    const int from = dims - inner + i, to = 2 - inner + i;
    g.batch[to] = sizes[from];
    g.a_batch[to] = steps[0][from];
    g.b_batch[to] = steps[1][from];
    g.c_batch[to] = steps[2][from];
  }
  int64_t outer = 1;
  for (int d = 0; d < dims - inner; ++d) outer *= sizes[d];
  const int64_t item = itemsize(out.dtype());
  ReleaseGil free(out.numel() * g.k, 1 << 18);
  for (int64_t i = 0; i < outer; ++i) {
    GemmArgs part = g;
    int64_t rest = i;
    for (int d = dims - inner - 1; d >= 0; --d) {
      const int64_t at = rest % sizes[d];
      rest /= sizes[d];
      part.a = static_cast<const char*>(part.a) + at * steps[0][d] * item;
      part.b = static_cast<const char*>(part.b) + at * steps[1][d] * item;
      part.c = static_cast<char*>(part.c) + at * steps[2][d] * item;
    }
    run_gemm(part, out.dtype());
  }
}

// beta * self in the shape of the result; the product is added to it.
Tensor start_of(const Tensor& self, Shape shape, const Scalar& beta, const Tensor& factor) {
  check_same_device(self, factor);
  const DType dtype = factor.dtype();
  Tensor out = empty(shape, dtype, self.device());
  if (is_number(beta, 0)) return out;
  Tensor wide = self.sizes() == shape ? self : native::expand(alias(self), shape, false);
  copy_into(out, wide);
  return out;
}

}  // namespace

// ---------------------------------------------------------------- gradients
Tensor mm_grad(const Tensor& left, const Tensor& right, bool of_left) {
  return of_left ? op::mm(left, op::conj(op::t(right))) : op::mm(op::conj(op::t(left)), right);
}

namespace native {

// ---------------------------------------------------------------- one product
Tensor mm(const Tensor& self, const Tensor& mat2) {
  PL_CHECK_AS(Runtime, self.dim() == 2, "matrix_expected", "self must be a matrix");
  PL_CHECK_AS(Runtime, mat2.dim() == 2, "matrix_expected", "mat2 must be a matrix");
  const int64_t m = self->sizes[0], n = mat2->sizes[1];
  check_inner_sizes(m, self->sizes[1], mat2->sizes[0], n);
  check_same_kind(self, mat2);
  check_gemm_dtype("addmm_impl_cpu_", self.dtype());
  Tensor out = pl::empty({m, n}, self.dtype(), self.device());
  multiply(out, self, mat2, kZero, kOne);
  return out;
}

Tensor batched_matmul(const Tensor& self, const Tensor& other) {
  const int a = self.dim(), b = other.dim();
  std::vector<int64_t> shape = broadcast_shapes(Shape(self->sizes, a - 2), Shape(other->sizes, b - 2));
  const long long batches = Shape(shape).numel();
  PL_CHECK_AS(Runtime, self.size(-1) == other.size(-2), "matmul_shape",
              "Expected size for first two dimensions of batch2 tensor to be: [%lld, %lld] but got: [%lld, %lld].", batches, (long long)self.size(-1), batches,
              (long long)other.size(-2));
  check_same_kind(self, other);
  check_gemm_dtype("bmm", self.dtype());
  shape.insert(shape.end(), {self.size(-2), other.size(-1)});
  Tensor out = pl::empty(shape, self.dtype(), self.device());
  multiply_batches(out, self, other, kZero, kOne);
  return out;
}

namespace {
void check_batches(const Tensor& a, const Tensor& b, const char* first, const char* second) {
  PL_CHECK_AS(Runtime, a.dim() == 3, "matrix_expected", "%s must be a 3D tensor", first);
  PL_CHECK_AS(Runtime, b.dim() == 3, "matrix_expected", "%s must be a 3D tensor", second);
  PL_CHECK_AS(Runtime, a->sizes[0] == b->sizes[0] && a->sizes[2] == b->sizes[1], "matmul_shape",
              "Expected size for first two dimensions of batch2 tensor to be: [%lld, %lld] but got: [%lld, %lld].", (long long)a->sizes[0], (long long)a->sizes[2],
              (long long)b->sizes[0], (long long)b->sizes[1]);
}
}  // namespace

Tensor bmm(const Tensor& self, const Tensor& mat2) {
  check_batches(self, mat2, "batch1", "batch2");
  return op::batched_matmul(self, mat2);
}

Tensor mv(const Tensor& self, const Tensor& vec) {
  PL_CHECK_AS(Runtime, self.dim() == 2 && vec.dim() == 1, "matrix_expected", "vector + matrix @ vector expected, got %d, %d, %d", 1, self.dim(), vec.dim());
  PL_CHECK_AS(Runtime, self->sizes[1] == vec->sizes[0], "matmul_shape", "size mismatch, got input (%lld), mat (%lldx%lld), vec (%lld)", (long long)self->sizes[0],
              (long long)self->sizes[0], (long long)self->sizes[1], (long long)vec->sizes[0]);
  check_same_kind(self, vec);
  check_gemm_dtype("addmv_impl_cpu", self.dtype());
  Tensor out = pl::empty({self->sizes[0]}, self.dtype(), self.device());
  multiply(out, self, pl::alias(vec, {vec->sizes[0], 1}, {vec->strides[0], 1}, vec->offset, vec.dtype()), kZero, kOne);
  return out;
}

namespace {
void check_vectors(const char* name, const Tensor& a, const Tensor& b) {
  PL_CHECK_AS(Runtime, a.dim() == 1 && b.dim() == 1, "matrix_expected", "1D tensors expected, but got %dD and %dD tensors", a.dim(), b.dim());
  PL_CHECK_AS(Runtime, a.dtype() == b.dtype(), "dtype_mismatch", "%s : expected both vectors to have same dtype, but found %s and %s", name, info(a.dtype()).scalar_name,
              info(b.dtype()).scalar_name);
  PL_CHECK_AS(Runtime, a.numel() == b.numel(), "matmul_shape",
              "inconsistent tensor size, expected tensor [%lld] and src [%lld] to have the same number of elements, but got %lld and %lld elements respectively",
              (long long)a.numel(), (long long)b.numel(), (long long)a.numel(), (long long)b.numel());
  check_same_device(a, b);
  check_gemm_dtype(name, a.dtype());
}
}  // namespace

Tensor dot(const Tensor& self, const Tensor& other) {
  check_vectors("dot", self, other);
  const int64_t n = self.numel(), sa = self->strides[0], sb = other->strides[0];
  Tensor out = pl::empty(Shape(nullptr, 0), self.dtype(), self.device());
  if (out.is_meta()) return out;
  ReleaseGil free(n);
  if (self.dtype() == DType::Float32) {
    *out.ptr<float>() = cpu().gemm.dot_f32(n, self.ptr<float>(), sa, other.ptr<float>(), sb);
  } else if (self.dtype() == DType::Float64) {
    *out.ptr<double>() = cpu().gemm.dot_f64(n, self.ptr<double>(), sa, other.ptr<double>(), sb);
  } else {
    GemmArgs g;
    g.m = g.n = 1;
    g.k = n;
    g.a = self->data;
    g.a_cs = sa;
    g.b = other->data;
    g.b_rs = sb;
    g.c = out->data;
    g.c_rs = 1;
    run_gemm(g, self.dtype());
  }
  return out;
}

Tensor vdot(const Tensor& self, const Tensor& other) {
  check_vectors("vdot", self, other);
  return dot(op::conj(self), other);
}

namespace {

// t[..., k] @ mat[k, n], all leading dimensions as rows of one product.
Tensor fold_rows(const Tensor& t, const Tensor& mat) {
  std::vector<int64_t> shape(t->sizes, t->sizes + t.dim() - 1);
  const bool vector = mat.dim() == 1;
  if (!vector) shape.push_back(mat->sizes[1]);
  Tensor rows = op::reshape(t, {Shape(t->sizes, t.dim() - 1).numel(), t.size(-1)});
  return op::_unsafe_view(vector ? op::mv(rows, mat) : op::mm(rows, mat), shape);
}

bool can_fold(const Tensor& t, const Tensor& mat) {
  int64_t rows, stride;
  return mat.dim() <= 2 && rows_of(t, rows, stride);
}

}  // namespace

Tensor matmul(const Tensor& self, const Tensor& other) {
  const int a = self.dim(), b = other.dim();
  PL_CHECK_AS(Runtime, a > 0 && b > 0, "matmul_shape", "both arguments to matmul need to be at least 1D, but they are %dD and %dD", a, b);
  if (a == 2 && b == 2) return op::mm(self, other);
  if (a == 1 && b == 1) return op::dot(self, other);
  if (a == 2 && b == 1) return op::mv(self, other);
  if (a == 1 && b == 2) return op::squeeze_dim(op::mm(op::unsqueeze(self, 0), other), 0);
  check_same_kind(self, other);
  if (a > 2 && can_fold(self, other)) return fold_rows(self, other);
  if (b == 1) return op::squeeze_dim(op::batched_matmul(self, op::unsqueeze(other, 1)), -1);
  if (a == 1) return op::squeeze_dim(op::batched_matmul(op::unsqueeze(self, 0), other), -2);
  return op::batched_matmul(self, other);
}

Tensor outer(const Tensor& self, const Tensor& vec2) {
  PL_CHECK(self.dim() == 1, "outer: Expected 1-D argument self, but got %d-D", self.dim());
  PL_CHECK(vec2.dim() == 1, "outer: Expected 1-D argument vec2, but got %d-D", vec2.dim());
  return op::mul(op::unsqueeze(self, 1), vec2);
}

Tensor inner(const Tensor& self, const Tensor& other) {
  if (self.dim() == 0 || other.dim() == 0) return op::mul(self, other);
  PL_CHECK_AS(Runtime, self.size(-1) == other.size(-1), "matmul_shape", "inner() the last dimension must match on both input tensors but got shapes %s and %s",
              to_string(self.sizes()).c_str(), to_string(other.sizes()).c_str());
  return tensordot_ints(self, other, {-1}, {-1});
}

Tensor kron(const Tensor& self, const Tensor& other) {
  const int n = std::max(self.dim(), other.dim());
  std::vector<int64_t> a, b, shape;
  for (int d = 0; d < n; ++d) {
    const int64_t x = d < n - self.dim() ? 1 : self->sizes[d - (n - self.dim())], y = d < n - other.dim() ? 1 : other->sizes[d - (n - other.dim())];
    a.insert(a.end(), {x, 1});
    b.insert(b.end(), {1, y});
    shape.push_back(x * y);
  }
  return op::_unsafe_view(op::contiguous(op::mul(op::reshape(self, a), op::reshape(other, b)), MemoryFormat::Contiguous), shape);
}

// ---------------------------------------------------------------- sums over chosen dimensions
namespace {
Tensor summed(const Tensor& t, int64_t dim) {
  std::vector<int64_t> shape = t.sizes().vec();
  shape[size_t(dim)] = 1;
  return cast(op::sum_to_size(t, shape), t.dtype());    // sums of integers are int64
}
}  // namespace

Tensor tensordot_ints(const Tensor& self, const Tensor& other, Shape dims_self, Shape dims_other) {
  PL_CHECK(dims_self.n == dims_other.n, "both dimension lists should have same length");
  std::vector<int64_t> order_a, order_b, shape, contracted_a, contracted_b;
  std::vector<bool> used_a(size_t(self.dim()), false), used_b(size_t(other.dim()), false);
  Tensor a = self, b = other;
  int64_t k = 1, m = 1, n = 1;
  for (int i = 0; i < dims_self.n; ++i) {
    const int64_t x = wrap_dim(dims_self[i], self.dim()), y = wrap_dim(dims_other[i], other.dim());
    PL_CHECK(!used_a[size_t(x)] && !used_b[size_t(y)], "dim %lld appears multiple times in the list of dims", (long long)(used_a[size_t(x)] ? x : y));
    used_a[size_t(x)] = used_b[size_t(y)] = true;
    // A size of one is broadcast: the other side is summed.
    if (a.size(x) == 1 && b.size(y) != 1) b = summed(b, y);
    else if (b.size(y) == 1 && a.size(x) != 1) a = summed(a, x);
    PL_CHECK_AS(Runtime, a.size(x) == b.size(y), "matmul_shape", "contracted dimensions need to match, but first has size %lld in dim %lld and second has size %lld in dim %lld",
                (long long)a.size(x), (long long)x, (long long)b.size(y), (long long)y);
    k *= a.size(x);
    contracted_a.push_back(x);
    contracted_b.push_back(y);
  }
  for (int d = 0; d < a.dim(); ++d)
    if (!used_a[size_t(d)]) {
      order_a.push_back(d);
      shape.push_back(a->sizes[d]);
      m *= a->sizes[d];
    }
  order_b = contracted_b;
  for (int d = 0; d < b.dim(); ++d)
    if (!used_b[size_t(d)]) {
      order_b.push_back(d);
      shape.push_back(b->sizes[d]);
      n *= b->sizes[d];
    }
  order_a.insert(order_a.end(), contracted_a.begin(), contracted_a.end());
  Tensor product = op::mm(op::reshape(op::permute(a, order_a), {m, k}), op::reshape(op::permute(b, order_b), {k, n}));
  return op::reshape(product, shape);
}

Tensor tensordot(const Tensor& a, const Tensor& b, int64_t dims) {
  PL_CHECK(dims >= 0, "tensordot expects dims >= 0, but got dims=%lld", (long long)dims);
  PL_CHECK(dims <= a.dim() && dims <= b.dim(), "tensordot expects dims < ndim_a or ndim_b, but got dims=%lld", (long long)dims);
  std::vector<int64_t> from(static_cast<size_t>(dims)), to(static_cast<size_t>(dims));
  for (int64_t i = 0; i < dims; ++i) {
    from[size_t(i)] = a.dim() - dims + i;
    to[size_t(i)] = i;
  }
  return tensordot_ints(a, b, from, to);
}

namespace {

int64_t python_int(PyObject* o) {
  const Py_ssize_t v = PyNumber_AsSsize_t(o, PyExc_OverflowError);
  if (v == -1 && PyErr_Occurred()) throw PythonError();
  return v;
}

// A list of numbers, or one number.
std::vector<int64_t> python_ints(PyObject* o) {
  if (!PySequence_Check(o)) return {python_int(o)};
  PyObject* items = PySequence_Fast(o, "tensordot expects dims to be a number or two lists of numbers");
  if (!items) throw PythonError();
  std::vector<int64_t> r;
  try {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items); ++i) r.push_back(python_int(PySequence_Fast_GET_ITEM(items, i)));
  } catch (...) {
    Py_DECREF(items);
    throw;
  }
  Py_DECREF(items);
  return r;
}

}  // namespace

Tensor tensordot_lists(const Tensor& a, const Tensor& b, PyObject* dims) {
  PyObject* pair = PySequence_Check(dims) ? PySequence_Fast(dims, "") : nullptr;
  if (!pair) PyErr_Clear();
  PL_CHECK(pair, "tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] containing two lists, but got dims=%s", Py_TYPE(dims)->tp_name);
  std::vector<int64_t> from, to;
  const bool two = PySequence_Fast_GET_SIZE(pair) == 2;
  try {
    if (two) {
      from = python_ints(PySequence_Fast_GET_ITEM(pair, 0));
      to = python_ints(PySequence_Fast_GET_ITEM(pair, 1));
    }
  } catch (...) {
    Py_DECREF(pair);
    throw;
  }
  Py_DECREF(pair);
  PL_CHECK(two, "tensordot expects dims to be a pair of lists");
  return tensordot_ints(a, b, from, to);
}

// ---------------------------------------------------------------- a product added to something
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta, const Scalar& alpha) {
  PL_CHECK_AS(Runtime, mat1.dim() == 2, "matrix_expected", "mat1 must be a matrix, got %d-D tensor", mat1.dim());
  PL_CHECK_AS(Runtime, mat2.dim() == 2, "matrix_expected", "mat2 must be a matrix, got %d-D tensor", mat2.dim());
  const int64_t m = mat1->sizes[0], n = mat2->sizes[1];
  check_inner_sizes(m, mat1->sizes[1], mat2->sizes[0], n);
  PL_CHECK_AS(Runtime, mat1.dtype() == mat2.dtype(), "dtype_mismatch", "mat1 and mat2 must have the same dtype, but got %s and %s", info(mat1.dtype()).scalar_name,
              info(mat2.dtype()).scalar_name);
  PL_CHECK_AS(Runtime, self.dtype() == mat1.dtype(), "dtype_mismatch", "self and mat2 must have the same dtype, but got %s and %s", info(self.dtype()).scalar_name,
              info(mat2.dtype()).scalar_name);
  check_same_device(mat1, mat2);
  check_same_device(self, mat1);
  check_gemm_dtype("addmm_impl_cpu_", self.dtype());
  const bool is_bias = is_number(beta, 1) && self.dim() == 1 && self->sizes[0] == n && (n == 1 || self->strides[0] == 1);
  Tensor out = is_bias ? pl::empty({m, n}, self.dtype(), self.device()) : start_of(self, {m, n}, beta, mat1);
  multiply(out, mat1, mat2, is_bias ? kZero : beta, alpha, is_bias ? self->data : nullptr);
  return out;
}

Tensor addmv(const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta, const Scalar& alpha) {
  PL_CHECK_AS(Runtime, mat.dim() == 2 && vec.dim() == 1 && self.dim() <= 1, "matrix_expected", "vector + matrix @ vector expected, got %d, %d, %d", self.dim(), mat.dim(),
              vec.dim());
  PL_CHECK_AS(Runtime, mat->sizes[1] == vec->sizes[0] && (self.numel() == mat->sizes[0] || self.numel() == 1), "matmul_shape",
              "size mismatch, got input (%lld), mat (%lldx%lld), vec (%lld)", (long long)self.numel(), (long long)mat->sizes[0], (long long)mat->sizes[1],
              (long long)vec->sizes[0]);
  check_same_kind(mat, vec);
  check_gemm_dtype("addmv_impl_cpu", mat.dtype());
  Tensor out = start_of(self, {mat->sizes[0]}, beta, mat);
  multiply(out, mat, pl::alias(vec, {vec->sizes[0], 1}, {vec->strides[0], 1}, vec->offset, vec.dtype()), beta, alpha);
  return out;
}

Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta, const Scalar& alpha) {
  check_batches(batch1, batch2, "batch1", "batch2");
  check_same_kind(batch1, batch2);
  PL_CHECK_AS(Runtime, self.dtype() == batch1.dtype(), "dtype_mismatch", "Input dtypes must be the same, got: input %s, batch1: %s, batch2: %s", cpp_name(self.dtype()),
              cpp_name(batch1.dtype()), cpp_name(batch2.dtype()));
  check_gemm_dtype("baddbmm", self.dtype());
  Tensor out = start_of(self, {batch1->sizes[0], batch1->sizes[1], batch2->sizes[2]}, beta, batch1);
  multiply_batches(out, batch1, batch2, beta, alpha);
  return out;
}

Tensor addbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta, const Scalar& alpha) {
  check_batches(batch1, batch2, "batch1", "batch2");
  const int64_t batches = batch1->sizes[0], n = batch1->sizes[1], m = batch1->sizes[2], p = batch2->sizes[2];
  return op::addmm(self, op::reshape(op::permute(batch1, {1, 0, 2}), {n, batches * m}), op::reshape(batch2, {batches * m, p}), beta, alpha);
}

Tensor addr(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta, const Scalar& alpha) {
  PL_CHECK(vec1.dim() == 1, "addr: Expected 1-D argument vec1, but got %d-D", vec1.dim());
  PL_CHECK(vec2.dim() == 1, "addr: Expected 1-D argument vec2, but got %d-D", vec2.dim());
  for (const auto& [s, name] : {std::pair(&beta, "beta"), std::pair(&alpha, "alpha")})
    PL_CHECK(s->is_integral() || !is_integral(self.dtype()), "For integral input tensors, argument %s must not be a floating point number.", name);
  if (self.dtype() == DType::Bool && vec1.dtype() == DType::Bool && vec2.dtype() == DType::Bool) {      // sums and products of truth values
    Tensor product = op::logical_and(op::outer(vec1, vec2), scalar_tensor(alpha, DType::Bool));
    return op::logical_or(product, op::logical_and(self, scalar_tensor(beta, DType::Bool)));
  }
  Tensor product = op::mul(op::outer(vec1, vec2), alpha);
  return is_number(beta, 0) ? product : op::add(product, op::mul(op::expand(self, product.sizes(), false), beta), kOne);
}

// ---------------------------------------------------------------- several products
namespace {

// The cheapest order of a chain of products, by dynamic programming over its stretches.
struct Chain {
  const TensorList& matrices;
  std::vector<std::vector<size_t>> cut;
  explicit Chain(const TensorList& m) : matrices(m), cut(m.size(), std::vector<size_t>(m.size(), 0)) {
    const size_t n = m.size();
    std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
    for (size_t length = 1; length < n; ++length)
      for (size_t i = 0; i + length < n; ++i) {
        const size_t j = i + length;
        cost[i][j] = __builtin_inf();
        for (size_t k = i; k < j; ++k) {
          const double c = cost[i][k] + cost[k + 1][j] + double(m[i].size(0)) * double(m[k].size(1)) * double(m[j].size(1));
          if (c < cost[i][j]) {
            cost[i][j] = c;
            cut[i][j] = k;
          }
        }
      }
  }
  Tensor product(size_t i, size_t j) const {
    return i == j ? matrices[i] : op::mm(product(i, cut[i][j]), product(cut[i][j] + 1, j));
  }
};

}  // namespace

Tensor linalg_multi_dot(const TensorList& tensors) {
  PL_CHECK(tensors.size() >= 2, "multi_dot(): expected at least 2 tensors but got %zu", tensors.size());
  TensorList m = tensors;
  const bool row = m.front().dim() == 1, column = m.back().dim() == 1;
  for (size_t i = 0; i < m.size(); ++i) {
    const bool end = i == 0 || i + 1 == m.size();
    PL_CHECK(m[i].dim() == 2 || (end && m[i].dim() == 1), "multi_dot(): tensor %zu must be %s but got %dD", i, end ? "1D or 2D" : "2D", m[i].dim());
    PL_CHECK(m[i].dtype() == m[0].dtype(), "multi_dot(): all tensors must have be the same dtype but tensor 0 is %s and tensor %zu %s", info(m[0].dtype()).scalar_name, i,
             info(m[i].dtype()).scalar_name);
  }
  if (row) m.front() = op::unsqueeze(m.front(), 0);
  if (column) m.back() = op::unsqueeze(m.back(), 1);
  for (size_t i = 0; i + 1 < m.size(); ++i)
    PL_CHECK_AS(Runtime, m[i].size(1) == m[i + 1].size(0), "matmul_shape", "multi_dot(): tensors %zu and %zu with shapes %s and %s cannot be multiplied", i, i + 1,
                to_string(tensors[i].sizes()).c_str(), to_string(tensors[i + 1].sizes()).c_str());
  Tensor r = Chain(m).product(0, m.size() - 1);
  if (column) r = op::squeeze_dim(r, 1);
  return row ? op::squeeze_dim(r, 0) : r;
}

Tensor chain_matmul(const TensorList& matrices) {
  PL_CHECK(!matrices.empty(), "chain_matmul(): Expected one or more matrices");
  for (auto& t : matrices) PL_CHECK(t.dim() == 2, "Tensor dimension is %d, expected 2 instead.", t.dim());
  return matrices.size() == 1 ? matrices[0] : linalg_multi_dot(matrices);
}

Tensor matrix_power(const Tensor& self, int64_t n) {
  PL_CHECK(self.dim() >= 2, "linalg.matrix_power: The input tensor A must have at least 2 dimensions.");
  PL_CHECK(self.size(-1) == self.size(-2), "linalg.matrix_power: A must be batches of square matrices, but they are %lld by %lld matrices", (long long)self.size(-2),
           (long long)self.size(-1));
  if (n < 0) return n == -1 ? op::linalg_inv(self) : op::matrix_power(op::linalg_inv(self), checked_mul(n, -1));
  if (n == 0) return op::copy_(op::clone(self, MemoryFormat::Contiguous), op::eye(self.size(-1), std::nullopt, self.dtype(), self.device()), false);
  if (n == 1) return op::clone(self, MemoryFormat::Contiguous);
  Tensor result, square = self;
  for (; n > 0; n >>= 1) {
    if (n & 1) result = result ? op::matmul(result, square) : square;
    if (n > 1) square = op::matmul(square, square);
  }
  return result;
}

// ---------------------------------------------------------------- cross products
Tensor linalg_cross(const Tensor& self, const Tensor& other, int64_t dim) {
  PL_CHECK(self.dim() == other.dim(), "linalg.cross: inputs must have the same number of dimensions.");
  PL_CHECK(self.size(dim) == 3 && other.size(dim) == 3, "linalg.cross: inputs dimension %lld must have length 3. Got %lld and %lld", (long long)dim,
           (long long)self.size(dim), (long long)other.size(dim));
  std::vector<int64_t> shape = broadcast_shapes(self.sizes(), other.sizes());
  const int64_t d = wrap_dim(dim, self.dim());
  Tensor out = pl::empty(shape, result_type({In(self), In(other)}), self.device());
  auto part = [d](const Tensor& t, int64_t i) { return select(t, d, i % 3); };
  for (int64_t i = 0; i < 3; ++i) {
    Tensor plus = op::mul(part(self, i + 1), part(other, i + 2)), minus = op::mul(part(self, i + 2), part(other, i + 1));
    copy_into(part(out, i), op::sub(plus, minus, kOne));
  }
  return out;
}

Tensor cross(const Tensor& self, const Tensor& other, std::optional<int64_t> dim) {
  if (dim) return op::linalg_cross(self, other, *dim);
  for (int d = 0; d < self.dim(); ++d)
    if (self->sizes[d] == 3) return op::linalg_cross(self, other, d);
  fail(ErrorType::Runtime, "", "no dimension of size 3 in input");
}

}  // namespace native
}  // namespace pl
