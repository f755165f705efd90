// Copies: casts, contiguous, clone, and the assignment of one tensor to another.
#include <cstring>
#include "cpu/kernels.h"
#include "ops.h"
#include "ops/layout.h"
#include "ops/recording.h"

namespace pl {
namespace {

constexpr int64_t kTile = 1024;

// dst (dense along the inner dimension) from src that is dense along another one: the transposed copy.
bool copy_transposed(const Loop& l, int64_t size) {
  if (l.ndim < 2) return false;
  const int last = l.ndim - 1;
  if (l.strides[0][last] != size || l.strides[1][last] == size) return false;
  int d = last - 1;
  while (d >= 0 && l.strides[1][d] != size) --d;
  if (d < 0 || l.sizes[last] < 8 || l.sizes[d] < 8) return false;
  // Outer loop over the dimensions that are neither.
  Loop outer;
  outer.count = 2;
  outer.data[0] = l.data[0];
  outer.data[1] = l.data[1];
  int64_t n = 1;
  for (int i = 0; i < last; ++i)
    if (i != d) {
      outer.sizes[outer.ndim] = l.sizes[i];
      outer.strides[0][outer.ndim] = l.strides[0][i];
      outer.strides[1][outer.ndim] = l.strides[1][i];
      ++outer.ndim;
      n *= l.sizes[i];
    }
  const int64_t rows = l.sizes[d], cols = l.sizes[last];
  const int64_t src_col = l.strides[1][last], dst_row = l.strides[0][d];
  // Blocks of rows and columns that fit the second-level cache, taken in parallel.
  constexpr int64_t B = 64;
  const int64_t row_blocks = (rows + B - 1) / B, work = n * row_blocks;
  auto block = [&](char* dst, const char* src, int64_t rb) {
    int64_t r = rb * B, m = rows - r < B ? rows - r : B;
    cpu().copy.transpose(m, cols, size, src + r * size, src_col, dst + r * dst_row, dst_row);
  };
  parallel_for(work, std::max<int64_t>(1, 65536 / (B * cols)), [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) {
      int64_t o = i / row_blocks, rest = o;
      char *dst = outer.data[0], *src = outer.data[1];
      for (int k = outer.ndim - 1; k >= 0; --k) {
        int64_t at = rest % outer.sizes[k];
        rest /= outer.sizes[k];
        dst += at * outer.strides[0][k];
        src += at * outer.strides[1][k];
      }
      block(dst, src, i % row_blocks);
    }
  });
  return true;
}

void copy_same(const Loop& l, int64_t n, int64_t size) {
  if (copy_transposed(l, size)) return;
  const int last = l.ndim - 1;
  int64_t to = last >= 0 ? l.strides[0][last] : size, from = last >= 0 ? l.strides[1][last] : size;
  parallel_for(n, 65536, [&](int64_t b, int64_t e) {
    l.run(b, e, [&](int64_t m, char* const* at) { cpu().copy.move(m, size, at[1], from, at[0], to); });
  });
}

void copy_converted(const Loop& l, int64_t n, DType dst, DType src) {
  const int last = l.ndim - 1;
  int64_t to = last >= 0 ? l.strides[0][last] : 0, from = last >= 0 ? l.strides[1][last] : 0;
  // The compute type is the destination's: a float read for an int64 is converted once, exactly as a cast would. Complex or float to
  // bool tests for zero in the source's own type.
  Compute c = dst == DType::Bool || is_complex(src) ? info(src).compute : info(dst).compute;
  if (src == DType::Float64 && !is_complex(dst)) c = Compute::F64;
  static const DType exact[] = {DType::Float32, DType::Float64, DType::Int64, DType::Complex128};
  bool load_only = dst == exact[int(c)] && to == itemsize(dst), store_only = src == exact[int(c)] && from == itemsize(src);
  parallel_for(n, 65536, [&](int64_t b, int64_t e) {
    l.run(b, e, [&](int64_t m, char* const* at) {
      if (load_only) return cpu().copy.load[int(src)][int(c)](m, at[1], from, at[0]);
      if (store_only) return cpu().copy.store[int(dst)][int(c)](m, at[1], at[0], to);
      alignas(64) char tile[kTile * 16];
      for (int64_t i = 0; i < m; i += kTile) {
        int64_t k = m - i < kTile ? m - i : kTile;
        cpu().copy.load[int(src)][int(c)](k, at[1] + i * from, from, tile);
        cpu().copy.store[int(dst)][int(c)](k, tile, at[0] + i * to, to);
      }
    });
  });
}

// Leading ones beyond the target's dimensions are ignored.
void check_expands(Shape from, Shape to) {
  broadcast_shapes(to, from);
  bool fits = true;
  for (int k = 1; k <= from.n; ++k) {
    const int64_t n = from[from.n - k];
    fits &= n == 1 || (k <= to.n && n == to[to.n - k]);
  }
  PL_CHECK_AS(Runtime, fits, "broadcast", "The expanded size of the tensor %s must match the existing size %s", to_string(to).c_str(), to_string(from).c_str());
}

}  // namespace

void copy_into(const Tensor& dst, const Tensor& src) {
  if (dst.numel() == 0 || dst.is_meta()) return;
  PL_CHECK_AS(NotImplemented, !src.is_meta(), "", "Cannot copy out of meta tensor; no data!");
  if (dst.is_contiguous() && src.is_contiguous() && dst.dtype() == src.dtype() && dst.sizes() == src.sizes()) {
    size_t n = size_t(dst.numel()) * itemsize(dst.dtype());
    if (n <= 65536) {
      std::memmove(dst->data, src->data, n);
      return;
    }
  }
  if (may_conflict(dst.get(), src.get())) {
    Tensor fresh = empty(src.sizes(), src.dtype());
    copy_into(fresh, src);
    return copy_into(dst, fresh);
  }
  const TensorImpl* both[] = {dst.get(), src.get()};
  check_expands(src.sizes(), dst.sizes());
  Loop l;
  l.build(dst.sizes(), both, 2);
  ReleaseGil free(dst.numel());
  if (dst.dtype() == src.dtype())
    copy_same(l, dst.numel(), itemsize(dst.dtype()));
  else
    copy_converted(l, dst.numel(), dst.dtype(), src.dtype());
}

Tensor contiguous(const Tensor& t) {
  if (t.is_contiguous()) return t;
  Tensor r = empty(t.sizes(), t.dtype(), t.device());
  copy_into(r, t);
  return r;
}

Tensor cast(const Tensor& t, DType d) {
  if (t.dtype() == d) return t;
  Tensor r = empty_like(t, d);
  copy_into(r, t);
  return r;
}

void check_same_device(const Tensor& a, const Tensor& b) {
  PL_CHECK_AS(Runtime, a.device() == b.device(), "device_mismatch", "Expected all tensors to be on the same device, but found at least two devices, %s and %s!",
              device_name(a.device()).c_str(), device_name(b.device()).c_str());
}

void not_implemented_for(const char* op, DType d) {
  fail(ErrorType::NotImplemented, "dtype_unsupported", "\"%s_cpu\" not implemented for '%s'", op, info(d).scalar_name);
}

Operand::operator const Tensor&() const {
  if (t) return t;
  if (!made_) made_ = scalar_tensor(s, s.dtype());
  return made_;
}

Tensor copy_of(const Tensor& t) {
  Tensor r = empty_like(t);
  copy_into(r, t);
  if (Node* fn = grad_fn(t.get())) {      // second derivatives go where t came from
    retain(fn);
    r->grad_fn = fn;
    r->output_nr = t->output_nr;
  }
  return r;
}

Tensor GradTarget::convert(Tensor g) const {
  if (!same_shape_) g = op::sum_to_size(g, sizes_);
  if (g.dtype() == dtype_) return g;
  // The gradient of a real input is real, whatever the other operand was.
  if (is_complex(g.dtype()) && !is_complex(dtype_)) g = op::real(g);
  return op::_to_copy(g, dtype_, MemoryFormat::None);
}

void set_history(const TensorList& results, Node* n) {
  n->n_inputs = uint32_t(results.size());
  for (size_t i = 0; i < results.size(); ++i) set_output_history(results[i], n, uint32_t(i));
}

void check_out(const char* name, const Tensor& out, std::initializer_list<const Tensor*> inputs) {
  if (!grad_enabled) return;
  bool record = requires_grad(out);
  for (const Tensor* t : inputs) record |= requires_grad(*t);
  PL_CHECK_AS(Runtime, !record, "out_grad", "%s(): functions with out=... arguments don't support automatic differentiation, but one of the "
              "arguments requires grad.", name);
}

namespace native {

// A copy in another dtype or layout; the generated function records it.
Tensor _to_copy(const Tensor& self, DType dtype, MemoryFormat format) {
  DType d = dtype == DType::Undefined ? self.dtype() : dtype;
  Tensor r = format == MemoryFormat::Contiguous ? empty(self.sizes(), d, self.device())
           : format == MemoryFormat::ChannelsLast || format == MemoryFormat::ChannelsLast3d
               ? empty_strided(self.sizes(), channels_last_strides(self.sizes()), d, self.device())
               : empty_like(self, d);
  copy_into(r, self);
  return r;
}

Tensor clone(const Tensor& self, MemoryFormat format) {
  return _to_copy(self, DType::Undefined, format == MemoryFormat::None ? MemoryFormat::Preserve : format);
}

Tensor contiguous(const Tensor& self, MemoryFormat format) {
  if (format == MemoryFormat::ChannelsLast || format == MemoryFormat::ChannelsLast3d) {
    if (self.strides() == Shape(channels_last_strides(self.sizes()))) return self;
    return op::clone(self, format);
  }
  return self.is_contiguous() ? self : op::clone(self, MemoryFormat::Contiguous);
}

Tensor copy_(const Tensor& self, const Tensor& src, bool) {
  check_writable(self);
  PL_CHECK_AS(Runtime, broadcast_shapes(self.sizes(), src.sizes()) == self.sizes().vec(), "broadcast",
              "The size of tensor a %s must match the size of tensor b %s", to_string(self.sizes()).c_str(), to_string(src.sizes()).c_str());
  copy_into(self, src);
  return self;
}

Tensor fill_(const Tensor& self, const Operand& value) {
  check_writable(self);
  PL_CHECK_AS(Runtime, !value.t || value.t.dim() == 0, "", "fill_ only supports 0-dimension value tensor but got tensor with %d dimensions.",
              value.t ? value.t.dim() : 0);
  if (self.is_meta() || self.numel() == 0) return self;
  Scalar s = value.t ? item(value.t) : value.s;
  PL_CHECK(!s.is_complex() || is_complex(self.dtype()), "value cannot be converted to type %s without overflow", info(self.dtype()).name);
  copy_into(self, scalar_tensor(s, self.dtype()));
  return self;
}

Tensor zero_(const Tensor& self) {
  if (self.is_contiguous() && self->data) {
    std::memset(self->data, 0, size_t(self.numel()) * itemsize(self.dtype()));
    return self;
  }
  return fill_(self, Scalar(int64_t(0)));
}

}  // namespace native
}  // namespace pl
