// What the generated recording functions are made of.
#pragma once
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/pointwise.h"

namespace pl {

struct SavedOperand {
  SavedTensor tensor;
  Scalar number;
  bool is_tensor = false;
  void save(const Operand& o) {
    is_tensor = bool(o.t);
    if (is_tensor) tensor.save(o.t); else number = o.s;
  }
  Operand unpack(Node* n, const char* what) const { return is_tensor ? Operand(tensor.unpack(n, what)) : Operand(number); }
  void reset() { tensor.reset(); }
};

struct SavedList {
  std::vector<SavedTensor> tensors;
  void save(const TensorList& l) {
    tensors.resize(l.size());
    for (size_t i = 0; i < l.size(); ++i) tensors[i].save(l[i]);
  }
  TensorList unpack(Node* n, const char* what) const {
    TensorList l;
    for (auto& t : tensors) l.push_back(t.unpack(n, what));
    return l;
  }
  void reset() { for (auto& t : tensors) t.reset(); }
};

// Brings a gradient of the broadcast, promoted result back to the shape and dtype of one input.
class GradTarget {
 public:
  void set(const Operand& in, const Tensor& out) { if (in.t) set(in.t, out); }
  void set(const Tensor& in, const Tensor& out) {
    dtype_ = in.dtype();
    same_shape_ = in.sizes() == out.sizes();
    if (!same_shape_) sizes_ = in.sizes().vec();
  }
  Tensor operator()(Tensor g) const {
    if (same_shape_ && g.dtype() == dtype_) return g;
    return convert(std::move(g));
  }
 private:
  Tensor convert(Tensor g) const;
  std::vector<int64_t> sizes_;
  DType dtype_ = DType::Undefined;
  bool same_shape_ = true;
};

inline std::vector<int64_t> saved_shape(const Tensor& t) { return t.sizes().vec(); }
inline std::vector<int64_t> saved_shape(const Operand& o) { return o.t ? o.t.sizes().vec() : std::vector<int64_t>(); }
inline DType saved_dtype(const Tensor& t) { return t.dtype(); }
inline DType saved_dtype(const Operand& o) { return o.t ? o.t.dtype() : DType::Undefined; }
inline int64_t saved_dim(const Tensor& t) { return t.dim(); }
inline std::vector<int64_t> kept(Shape s) { return s.vec(); }
inline std::optional<std::vector<int64_t>> kept(const std::optional<Shape>& s) {
  return s ? std::optional(s->vec()) : std::nullopt;
}
template <class T> inline const T& kept(const T& v) { return v; }
Tensor copy_of(const Tensor& t);          // the value before an in-place change
inline Tensor copy_of(const Operand& o) { return copy_of(o.t); }

inline bool any_defined(const Tensor* g, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) if (g[i]) return true;
  return false;
}
// The fused kernels are for real floats outside create_graph.
inline bool fused_gradient_fits(std::initializer_list<const Tensor*> ts) {
  if (grad_enabled) return false;
  for (const Tensor* t : ts) if (!is_floating(t->dtype())) return false;
  return true;
}

inline void set_output_history(const Tensor& result, Node* n, uint32_t nr) {
  if (result && is_differentiable(result.dtype())) set_history(result, n, nr);
}
void set_history(const TensorList& results, Node* n);
void check_out(const char* op, const Tensor& out, std::initializer_list<const Tensor*> inputs);

inline void show_saved(const std::function<void(const char*, const Tensor&)>& f, const char* name, const SavedTensor& s, Node* n) {
  f(name, s.unpack(n, name));
}
inline void show_saved(const std::function<void(const char*, const Tensor&)>& f, const char* name, const SavedOperand& s, Node* n) {
  f(name, s.is_tensor ? s.tensor.unpack(n, name) : Tensor());
}

}  // namespace pl
