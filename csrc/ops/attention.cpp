// Attention: softmax(query @ key.T * scale + mask) @ value. Narrow floats are computed in float: rounded scores would move weights a lot.
#include <cmath>
#include "native.h"
#include "ops/fused.h"

namespace pl {
namespace {

void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, bool is_causal) {
  PL_CHECK_AS(Runtime, q.dtype() == k.dtype() && q.dtype() == v.dtype(), "dtype_mismatch",
              "Expected query, key, and value to have the same dtype, but got query.dtype: %s key.dtype: %s and value.dtype: %s instead.", info(q.dtype()).name,
              info(k.dtype()).name, info(v.dtype()).name);
  PL_CHECK(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2,
           "Expected query, key, and value to all be  at least 2 dimensional, but got Query dim: %d, Key dim: %d and Value dim: %d instead.", q.dim(), k.dim(),
           v.dim());
  PL_CHECK(!mask || !is_causal, "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True");
  PL_CHECK(!mask || mask.dtype() == DType::Bool || mask.dtype() == q.dtype() || mask.dtype() == DType::Float32,
           "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: %s and  query.dtype: %s instead.",
           info(mask ? mask.dtype() : DType::Bool).name, info(q.dtype()).name);
}

// True where a query may look: at keys up to its own position.
Tensor causal_mask(int64_t queries, int64_t keys) {
  Tensor m = empty({queries, keys}, DType::Bool);
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j) m.ptr<bool>()[i * keys + j] = j <= i;
  return m;
}

// Each head of `t` for several heads of the query.
Tensor repeated_heads(const Tensor& t, const Tensor& query) {
  const int64_t heads = t.size(-3);
  PL_CHECK(heads > 0 && query.size(-3) % heads == 0, "Number of heads in key and value must divide the number of heads in query");
  return op::repeat_interleave(t, query.size(-3) / heads, -3, std::nullopt);
}

}  // namespace

namespace native {

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa) {
  check_attention(query, key, value, attn_mask, is_causal);
  if (itemsize(query.dtype()) == 2) {
    auto wide = [](const Tensor& t) { return op::_to_copy(t, DType::Float32, MemoryFormat::None); };
    const bool bias = attn_mask && attn_mask.dtype() == query.dtype();
    Tensor r = scaled_dot_product_attention(wide(query), wide(key), wide(value), bias ? wide(attn_mask) : attn_mask, dropout_p, is_causal, scale, enable_gqa);
    return op::_to_copy(r, query.dtype(), MemoryFormat::None);
  }
  Tensor k = enable_gqa ? repeated_heads(key, query) : key, v = enable_gqa ? repeated_heads(value, query) : value;
  const double factor = scale.value_or(1 / std::sqrt(double(query.size(-1))));
  Tensor scores = op::matmul(op::mul(query, Scalar(factor)), op::transpose(k, -2, -1));
  Tensor mask = is_causal ? causal_mask(query.size(-2), k.size(-2)) : attn_mask;
  const Scalar minus_infinity(-__builtin_inf());
  if (mask) scores = mask.dtype() == DType::Bool ? op::where_self(mask, scores, minus_infinity) : op::add(scores, mask, Scalar(1));
  Tensor weights = op::_softmax(scores, -1, false);
  if (attn_mask) {
    // A query that may look nowhere gets zeros.
    Tensor nowhere = op::all_dim(op::eq(scores, minus_infinity), -1, true);
    weights = op::where_self(nowhere, Scalar(0.0), weights);
  }
  if (dropout_p > 0) weights = native::dropout(weights, dropout_p, true);
  return op::matmul(weights, v);
}

}  // namespace native
}  // namespace pl
