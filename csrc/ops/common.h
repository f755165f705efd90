// What every front function sees.
#pragma once
#include <optional>
#include <string>
#include <tuple>
#include <vector>
#include "autograd/node.h"
#include "core/generator.h"
#include "core/parallel.h"
#include "core/tensor.h"

namespace pl {

enum class MemoryFormat : uint8_t { None, Contiguous, Preserve, ChannelsLast, ChannelsLast3d };

// A tensor or a number where an operator takes either; numbers need no tensor to be made.
struct Operand {
  Tensor t;
  Scalar s;
  Operand() = default;
  Operand(const Tensor& t) : t(t) {}
  Operand(Tensor&& t) : t(std::move(t)) {}
  Operand(const Scalar& s) : s(s) {}
  Operand(double v) : s(v) {}
  operator const Tensor&() const;             // a number becomes a 0-dimensional tensor
 private:
  mutable Tensor made_;
};

inline bool requires_grad(const Operand& o) { return requires_grad(o.t); }
inline const Tensor* tensor_of(const Tensor& t) { return &t; }
inline const Tensor* tensor_of(const Operand& o) { return &o.t; }

// Lets another Python thread run while a long kernel computes. Nothing inside may touch a Tensor handle.
class ReleaseGil {
 public:
  explicit ReleaseGil(int64_t work, int64_t worth = 1 << 16) : state_(work >= worth ? PyEval_SaveThread() : nullptr) {}
  ~ReleaseGil() { if (state_) PyEval_RestoreThread(state_); }
  ReleaseGil(const ReleaseGil&) = delete;
 private:
  PyThreadState* state_;
};

// Contiguous data of t in dtype d: t itself where it already is.
Tensor contiguous(const Tensor& t);
Tensor cast(const Tensor& t, DType d);
void copy_into(const Tensor& dst, const Tensor& src);    // broadcasts and converts; no autograd
// A dtype an operator that is not written for integers computes in.
inline DType float_dtype(DType d) { return is_differentiable(d) ? d : default_dtype(); }
std::vector<int64_t> channels_last_strides(Shape sizes);
bool is_channels_last(const Tensor& t);
// A fresh result as it is, or moved to channels_last where `like` has that layout.
Tensor in_layout_of(const Tensor& like, const Tensor& result);
void check_same_device(const Tensor& a, const Tensor& b);
[[noreturn]] void not_implemented_for(const char* op, DType d);   // "floor_cpu" not implemented for 'ComplexFloat'

}  // namespace pl
