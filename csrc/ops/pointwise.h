// Pointwise operators: promotion, broadcasting, strides and tiles stand here once; a kernel sees contiguous arrays of its
// compute type.
#pragma once
#include <initializer_list>
#include "ops/common.h"
#include "pointwise_ids.h"

namespace pl {

enum class Rule : uint8_t { Promote, Float, Bool, Real, FloatReal };

struct PointwiseInfo {
  const char* name;
  Rule rule;
  uint8_t inputs, params;
  const char* no_bools;   // the message for bools, "" for the usual one; null: they are integers
};
extern const PointwiseInfo pointwise_info[];   // generated

// A borrowed tensor or a number.
struct In {
  TensorImpl* t = nullptr;
  Scalar s;
  In(const Tensor& t) : t(t.get()) {}
  In(const Scalar& s) : s(s) {}
  In(const Operand& o) : t(o.t.get()), s(o.s) {}
};

Tensor pointwise(Pw op, std::initializer_list<In> inputs, std::initializer_list<Scalar> params);
// Writes into `out`, which has the broadcast shape already or is resized to it. In-place: out is one of the inputs.
// torch.where: the condition is not part of the promotion.
Tensor where_select(const Tensor& condition, const Operand& self, const Operand& other);
void pointwise_out(Pw op, std::initializer_list<In> inputs, std::initializer_list<Scalar> params, const Tensor& out);

DType result_type(std::initializer_list<In> inputs);     // PyTorch's rules for tensors, 0-dim tensors and numbers

}  // namespace pl
