#include "ops/pointwise.h"
#include <cstring>
#include "cpu/kernels.h"
#include "ops/layout.h"

namespace pl {
namespace {

constexpr int kMaxOperands = 8;
constexpr int64_t kTile = 512;            // elements converted at a time; eight tiles stay in the first-level cache
constexpr int64_t kGrain = 65536;         // elements a thread is given at least: some 20 us of work, less is not worth waking one

const DType kComputeDType[] = {DType::Float32, DType::Float64, DType::Int64, DType::Complex128};

union Number {
  float f;
  double d;
  int64_t i;
  double c[2];
};

void write_number(char* at, Compute c, const Scalar& s) {
  switch (c) {
    case Compute::F32: { float v = float(s.to_double()); std::memcpy(at, &v, 4); break; }
    case Compute::F64: { double v = s.to_double(); std::memcpy(at, &v, 8); break; }
    case Compute::I64: { int64_t v = s.to_int(); std::memcpy(at, &v, 8); break; }
    case Compute::C128: { double v[2] = {s.to_double(), s.im}; std::memcpy(at, v, 16); break; }
  }
}

struct Plan {
  PointwiseKernel kernel;
  Compute compute;
  DType out_compute;                      // what the kernel writes: the compute type, bool or the real type
  int inputs;
  const In* in;
  const TensorImpl* out;
  alignas(16) char params[16 * 4];
};

DType output_dtype(Rule rule, DType common) {
  return rule == Rule::Bool ? DType::Bool : rule == Rule::Real || rule == Rule::FloatReal ? real_of(common) : common;
}

DType common_dtype(Rule rule, std::initializer_list<In> in) {
  DType d = result_type(in);
  return rule == Rule::Float || rule == Rule::FloatReal ? float_dtype(d) : d;
}

// -x and x - y say nothing about truth values.
void refuse_bools(Pw op, std::initializer_list<In> in) {
  if (op != Pw::neg && op != Pw::sub && op != Pw::rsub) return;
  int bools = 0;
  for (const In& i : in) bools += (i.t ? i.t->dtype : i.s.dtype()) == DType::Bool;
  if (bools == 0) return;
  const char* instead = "If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.";
  PL_CHECK(op != Pw::neg, "Negation, the `-` operator, on a bool tensor is not supported. %s", instead);
  PL_CHECK(bools < 2, "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead.");
  fail(ErrorType::Runtime, "", "Subtraction, the `-` operator, with a bool tensor is not supported. %s", instead);
}

Plan make_plan(Pw op, std::initializer_list<In> in, std::initializer_list<Scalar> params, DType common) {
  const PointwiseInfo& i = pointwise_info[int(op)];
  Plan p;
  p.compute = info(common).compute;
  p.kernel = cpu().pointwise[int(op)][int(p.compute)];
  if (!p.kernel || (i.no_bools && !*i.no_bools && common == DType::Bool)) not_implemented_for(i.name, common);
  refuse_bools(op, in);
  PL_CHECK(!i.no_bools || common != DType::Bool, "%s", i.no_bools);
  p.out_compute = output_dtype(i.rule, kComputeDType[int(p.compute)]);
  p.inputs = i.inputs;
  p.in = in.begin();
  int64_t size = itemsize(kComputeDType[int(p.compute)]);
  char* at = p.params;
  for (const Scalar& s : params) {
    PL_CHECK_AS(Runtime, !s.is_complex() || p.compute == Compute::C128, "dtype_mismatch",
                "value cannot be converted to type %s without overflow", info(common).name);
    write_number(at, p.compute, s);
    at += size;
  }
  return p;
}

// All operands are contiguous arrays of the compute type with the output's shape: no tiles, no index arithmetic.
bool run_dense(const Plan& p, int64_t n) {
  char* ptr[kMaxOperands + 1];
  DType want = kComputeDType[int(p.compute)];
  if (p.out->dtype != p.out_compute || !p.out->is_contiguous()) return false;
  ptr[0] = p.out->data;
  int64_t step[kMaxOperands + 1];
  step[0] = itemsize(p.out_compute);
  for (int k = 0; k < p.inputs; ++k) {
    const TensorImpl* t = p.in[k].t;
    if (!t || t->dtype != want || !t->is_contiguous() || t->ndim != p.out->ndim) return false;
    for (int d = 0; d < t->ndim; ++d) if (t->sizes[d] != p.out->sizes[d]) return false;
    ptr[k + 1] = t->data;
    step[k + 1] = itemsize(want);
  }
  if (n <= kGrain) {
    p.kernel(n, ptr, p.params);
    return true;
  }
  int count = p.inputs + 1;
  ReleaseGil free(n);
  parallel_for(n, kGrain, [&](int64_t b, int64_t e) {
    char* q[kMaxOperands + 1];
    for (int k = 0; k < count; ++k) q[k] = ptr[k] + b * step[k];
    p.kernel(e - b, q, p.params);
  });
  return true;
}

// One operand as the strided loop sees it.
struct Lane {
  char* data;
  int64_t inner;             // bytes from one element to the next
  DType dtype;
  bool direct;               // the kernel may read or write it in place
  bool constant;             // its tile is filled once and stays
};

struct Strided {
  const Plan& p;
  Loop loop;                                     // collapsed dimensions, strides in bytes, operand 0 the output
  Lane lanes[kMaxOperands + 1];
  int count;

  Strided(const Plan& plan, int64_t) : p(plan), count(plan.inputs + 1) {}

  // A stretch of n elements along the inner dimension.
  void stretch(int64_t n, char* const* at, char* tiles, const bool* filled) const {
    const int64_t size = itemsize(kComputeDType[int(p.compute)]);
    for (int64_t i = 0; i < n; i += kTile) {
      int64_t m = n - i < kTile ? n - i : kTile;
      char* ptr[kMaxOperands + 1];
      for (int k = 0; k < count; ++k) {
        const Lane& l = lanes[k];
        if (l.direct) {
          ptr[k] = at[k] + i * l.inner;
          continue;
        }
        ptr[k] = tiles + k * kTile * 16;
        if (k > 0 && !filled[k] && !(l.inner == 0 && i > 0))
          cpu().copy.load[int(l.dtype)][int(p.compute)](l.inner == 0 ? kTile < n ? kTile : n : m, at[k] + i * l.inner, l.inner, ptr[k]);
      }
      p.kernel(m, ptr, p.params);
      if (!lanes[0].direct) store_out(m, ptr[0], at[0] + i * lanes[0].inner);
    }
    (void)size;
  }

  void store_out(int64_t m, const char* from, char* to) const {
    if (p.out_compute == DType::Bool)
      store_bool(m, from, to);
    else
      cpu().copy.store[int(lanes[0].dtype)][int(info(p.out_compute).compute)](m, from, to, lanes[0].inner);
  }

  void store_bool(int64_t m, const char* from, char* to) const {
    if (lanes[0].dtype == DType::Bool) return cpu().copy.move(m, 1, from, 1, to, lanes[0].inner);
    int64_t wide[kTile];
    cpu().copy.load[int(DType::Bool)][int(Compute::I64)](m, from, 1, wide);
    cpu().copy.store[int(lanes[0].dtype)][int(Compute::I64)](m, wide, to, lanes[0].inner);
  }

  void range(int64_t begin, int64_t end) const {
    alignas(64) char tiles[(kMaxOperands + 1) * kTile * 16];
    bool filled[kMaxOperands + 1] = {};
    for (int k = 1; k < count; ++k)
      if (lanes[k].constant) {
        char* t = tiles + k * kTile * 16;
        int64_t n = end - begin < kTile ? end - begin : kTile;
        cpu().copy.load[int(lanes[k].dtype)][int(p.compute)](n, lanes[k].data, 0, t);
        filled[k] = true;
      }
    loop.run(begin, end, [&](int64_t n, char* const* at) { stretch(n, at, tiles, filled); });
  }
};

void run(const Plan& p) {
  int64_t n = p.out->numel;
  if (n == 0 || p.out->is_meta()) return;
  if (run_dense(p, n)) return;
  Strided s(p, n);
  alignas(16) char numbers[kMaxOperands][16];
  DType want = kComputeDType[int(p.compute)];
  const TensorImpl* tensors[kMaxOperands + 1] = {p.out};
  for (int k = 0; k < p.inputs; ++k) tensors[k + 1] = p.in[k].t;
  s.loop.build(Shape(p.out->sizes, p.out->ndim), tensors, s.count);
  for (int k = 0; k < s.count; ++k) {
    const TensorImpl* t = tensors[k];
    Lane& l = s.lanes[k];
    if (!t) {
      write_number(numbers[k - 1], p.compute, p.in[k - 1].s);
      s.loop.data[k] = numbers[k - 1];
    }
    l.data = s.loop.data[k];
    l.dtype = t ? t->dtype : want;
    l.inner = s.loop.ndim ? s.loop.strides[k][s.loop.ndim - 1] : 0;
    DType exact = k == 0 ? p.out_compute : want;
    l.direct = t && l.dtype == exact && (l.inner == itemsize(exact) || n == 1);
    l.constant = k > 0 && !l.direct && s.loop.is_constant(k);
  }
  ReleaseGil free(n);
  parallel_for(n, kGrain, [&](int64_t b, int64_t e) { s.range(b, e); });
}

// Numbers in tensors of dimension 0 on the CPU go with every device.
void check_devices(std::initializer_list<In> in, const TensorImpl* first) {
  for (const In& i : in)
    PL_CHECK_AS(Runtime, !i.t || i.t->device() == first->device() || (i.t->ndim == 0 && !i.t->is_meta()), "device_mismatch",
                "Expected all tensors to be on the same device, but found at least two devices, %s and %s!",
                device_name(first->device()).c_str(), device_name(i.t->device()).c_str());
}

const TensorImpl* first_tensor(std::initializer_list<In> in) {
  const TensorImpl* zero_dim = nullptr;
  for (const In& i : in) {
    if (i.t && i.t->ndim > 0) return i.t;
    if (i.t && (!zero_dim || i.t->is_meta())) zero_dim = i.t;
  }
  return zero_dim;
}

bool same_shape(const TensorImpl* a, const TensorImpl* b) {
  if (a->ndim != b->ndim) return false;
  for (int d = 0; d < a->ndim; ++d) if (a->sizes[d] != b->sizes[d]) return false;
  return true;
}

std::vector<int64_t> output_shape(std::initializer_list<In> in) {
  std::vector<int64_t> s;
  bool any = false;
  for (const In& i : in) {
    if (!i.t) continue;
    Shape t(i.t->sizes, i.t->ndim);
    s = any ? broadcast_shapes(Shape(s), t) : t.vec();
    any = true;
  }
  return s;
}

// PyTorch's rule for the layout of a fresh result: that of the inputs where they agree on an order of dimensions.
Tensor make_output(std::initializer_list<In> in, const TensorImpl* first, DType dtype) {
  Shape shape(first->sizes, first->ndim);
  bool plain = true, same = true;
  for (const In& i : in)
    if (i.t) {
      bool s = same_shape(i.t, first);
      same &= s;
      plain &= i.t->is_contiguous();
    }
  if (same && plain) return empty(shape, dtype, first->device());
  std::vector<int64_t> sizes = same ? shape.vec() : output_shape(in);
  if (plain) return empty(sizes, dtype, first->device());
  const TensorImpl* inputs[kMaxOperands];
  int n = 0;
  for (const In& i : in) if (i.t) inputs[n++] = i.t;
  return empty_strided(sizes, result_strides(sizes, inputs, n), dtype, first->device());
}

}  // namespace

DType result_type(std::initializer_list<In> in) {
  // Tensors of dimension > 0 decide; 0-dim tensors and then numbers only when their category is higher.
  DType by_rank[3] = {DType::Undefined, DType::Undefined, DType::Undefined};
  for (const In& i : in) {
    int rank = !i.t ? 2 : i.t->ndim == 0 ? 1 : 0;
    DType d = i.t ? i.t->dtype : i.s.dtype();
    by_rank[rank] = by_rank[rank] == DType::Undefined ? d : promote(by_rank[rank], d);
  }
  DType r = by_rank[0];
  for (int k = 1; k < 3; ++k) {
    DType d = by_rank[k];
    if (d == DType::Undefined) continue;
    if (r == DType::Undefined) r = d;
    // The lower rank gives only its category: a float number makes an integer tensor the default float,
    // a complex number makes a float tensor its own complex type.
    else if (category(d) > category(r)) r = category(d) == 3 ? (category(r) == 2 ? complex_of(r) : d) : d;
  }
  return r;
}

Tensor pointwise(Pw op, std::initializer_list<In> in, std::initializer_list<Scalar> params) {
  const TensorImpl* first = first_tensor(in);
  PL_CHECK(first, "%s: at least one argument must be a tensor", pointwise_info[int(op)].name);
  check_devices(in, first);
  Rule rule = pointwise_info[int(op)].rule;
  DType common = common_dtype(rule, in);
  Plan p = make_plan(op, in, params, common);
  Tensor out = make_output(in, first, output_dtype(rule, common));
  p.out = out.get();
  run(p);
  return out;
}

void pointwise_out(Pw op, std::initializer_list<In> in, std::initializer_list<Scalar> params, const Tensor& out) {
  const TensorImpl* first = first_tensor(in);
  check_devices(in, out.get());
  Rule rule = pointwise_info[int(op)].rule;
  DType common = common_dtype(rule, in);
  DType result = output_dtype(rule, common);
  for (const In& i : in)
    PL_CHECK(rule != Rule::Real || i.t != out.get() || !is_complex(out.dtype()), "In-place %s is not supported for complex tensors.", pointwise_info[int(op)].name);
  bool fits = category(result) <= category(out.dtype());
  PL_CHECK_AS(Runtime, fits, "inplace_dtype", "result type %s can't be cast to the desired output type %s",
              info(result).scalar_name, info(out.dtype()).scalar_name);
  std::vector<int64_t> shape = first ? output_shape(in) : std::vector<int64_t>();
  if (!(Shape(shape) == out.sizes())) {
    for (const In& i : in)   // in-place: the output is an input and keeps its shape
      PL_CHECK_AS(Runtime, i.t != out.get(), "broadcast",
                  "output with shape %s doesn't match the broadcast shape %s", to_string(out.sizes()).c_str(), to_string(shape).c_str());
    resize_out(out, shape);
  }
  check_writable(out);
  Plan p = make_plan(op, in, params, common);
  p.out = out.get();
  // An input that overlaps the output elsewhere than element for element is read from a copy.
  Tensor copies[kMaxOperands];
  In inputs[kMaxOperands] = {Scalar(), Scalar(), Scalar(), Scalar(), Scalar(), Scalar(), Scalar(), Scalar()};
  int n = 0;
  for (const In& i : in) {
    inputs[n] = i;
    if (i.t && i.t != out.get() && may_conflict(out.get(), i.t)) {
      copies[n] = contiguous(empty_like(Tensor::borrow(i.t)));
      copy_into(copies[n], Tensor::borrow(i.t));
      inputs[n].t = copies[n].get();
    }
    ++n;
  }
  p.in = inputs;
  run(p);
}

}  // namespace pl
