// What the hand-written fused operators share: their compute types, and gradients of gradients.
#pragma once
#include <functional>
#include "ops.h"
#include "ops/common.h"

namespace pl {

// Fused kernels exist for float and double; narrower floats are converted.
inline DType kernel_dtype(DType d) { return d == DType::Float64 ? DType::Float64 : DType::Float32; }
// Contiguous numbers of t in dtype d; nothing for nothing.
inline Tensor kernel_data(const Tensor& t, DType d) {
  if (!t) return t;
  PL_CHECK_AS(Runtime, !t.is_meta(), "device_mismatch", "Expected all tensors to be on the same device, but found at least two devices, cpu and meta!");
  return contiguous(cast(t, d));
}

// Gradients on the meta device: shapes without numbers. False for any other device.
inline bool meta_gradients(const TensorList& inputs, const Node& node, Tensor* results) {
  if (!inputs[0].is_meta()) return false;
  for (uint32_t i = 0; i < inputs.size(); ++i) if (node.needs(i)) results[i] = empty_like(inputs[i]);
  return true;
}

// Calls f with a value of the C++ type that d stands for.
template <class F> auto with_float(DType d, F&& f) { return d == DType::Float64 ? f(double()) : f(float()); }

// Gradients that can be differentiated again: runs the call once more as a chain of operators, and that backwards. One result
// for each input, undefined where no gradient flows.
using ByOperators = std::function<TensorList(const TensorList& inputs)>;
TensorList differentiable_gradients(const TensorList& inputs, const Tensor* grads, const ByOperators& call);

// A gradient that PyTorch cannot differentiate again, and neither can Penlight: whoever tries is told so. `name` is PyTorch's for its operator.
Tensor without_derivative(const Tensor& gradient, const TensorList& inputs, const char* name);

}  // namespace pl
