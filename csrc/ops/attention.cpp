// Attention: softmax(query @ key.T * scale + mask) @ value. The fused kernel works on tiles of the scores and keeps none of them: memory
// grows with the lengths, not with their product. Dropout, a mask with a gradient and second derivatives go by operators.
#include <cmath>
#include "cpu/kernels.h"
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

const Scalar kMinusInfinity(-__builtin_inf());

// Each head of `t` for several heads of the query.
Tensor repeated_heads(const Tensor& t, const Tensor& query) {
  const int64_t heads = t.size(-3);
  PL_CHECK(heads > 0 && query.size(-3) % heads == 0, "Number of heads in key and value must divide the number of heads in query");
  return op::repeat_interleave(t, query.size(-3) / heads, -3, std::nullopt);
}

struct Settings {
  double scale = 1, dropout = 0;
  bool causal = false, grouped = false;
};

Tensor by_operators(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& attn_mask, const Settings& s) {
  Tensor k = s.grouped ? repeated_heads(key, query) : key, v = s.grouped ? repeated_heads(value, query) : value;
  Tensor scores = op::matmul(op::mul(query, Scalar(s.scale)), op::transpose(k, -2, -1)), mask = attn_mask;
  if (s.causal) mask = op::tril(full({query.size(-2), k.size(-2)}, Scalar(true), DType::Bool, query.device()), 0);
  if (mask) scores = mask.dtype() == DType::Bool ? op::where_self(mask, scores, kMinusInfinity) : op::add(scores, mask, Scalar(1));
  Tensor weights = attn_mask ? op::_safe_softmax(scores, -1, DType::Undefined) : op::_softmax(scores, -1, false);
  if (s.dropout > 0) weights = native::dropout(weights, s.dropout, true);
  return op::matmul(weights, v);
}

// ---- the fused kernel
constexpr int64_t kQueries = 64, kKeys = 512;      // of a tile
constexpr double kWork = 1 << 17;                  // multiply-adds worth a thread

template <class T> const AttentionFunctions<T>& kernels();
template <> const AttentionFunctions<float>& kernels() { return cpu().attention.f32; }
template <> const AttentionFunctions<double>& kernels() { return cpu().attention.f64; }
void multiply(const GemmArgs& g, float) { cpu().gemm.f32(g); }
void multiply(const GemmArgs& g, double) { cpu().gemm.f64(g); }

template <class T> struct Matrix {
  const T* p;
  int64_t row, col;
  Matrix transposed() const { return {p, col, row}; }
};

// C[m, n] = beta * C + alpha * A[m, k] @ B[k, n], with C contiguous.
template <class T> void product(int64_t m, int64_t n, int64_t k, double alpha, Matrix<T> a, Matrix<T> b, T* c, double beta) {
  GemmArgs g;
  g.m = m, g.n = n, g.k = k;
  g.a = a.p, g.a_rs = a.row, g.a_cs = a.col;
  g.b = b.p, g.b_rs = b.row, g.b_cs = b.col;
  g.c = c, g.c_rs = n;
  g.alpha = alpha, g.beta = beta;
  multiply(g, T());
}

// A tensor [batch, heads, length, width].
template <class T> struct Heads {
  T* data = nullptr;
  int64_t batch = 0, head = 0, row = 0, col = 0;
  Heads() = default;
  explicit Heads(const Tensor& t) {
    if (t) data = t.ptr<std::remove_const_t<T>>(), batch = t.stride(0), head = t.stride(1), row = t.stride(2), col = t.stride(3);
  }
  T* at(int64_t b, int64_t h, int64_t i) const { return data + b * batch + h * head + i * row; }
  Matrix<std::remove_const_t<T>> matrix(int64_t b, int64_t h, int64_t i) const { return {at(b, h, i), row, col}; }
};

template <class T> struct Attention {
  using Input = Heads<const T>;
  int64_t batch, heads, kv_heads, queries, keys, width, out_width;
  bool causal;
  double scale;
  Input q, k, v, mask;

  int64_t kv_head(int64_t h) const { return h / (heads / kv_heads); }
  ScoreTile<T> tile(T* scores, int64_t b, int64_t h, int64_t i, int64_t rows, int64_t j, int64_t cols) const {
    product<T>(rows, cols, width, scale, q.matrix(b, h, i), k.matrix(b, kv_head(h), j).transposed(), scores, 0);
    return {scores, rows, cols, mask.data ? mask.at(b, h, i) + j * mask.col : nullptr, mask.row, mask.col, causal ? i - j + 1 : cols};
  }
  // The keys that some of the queries [i, i + rows) see.
  int64_t keys_seen(int64_t i, int64_t rows) const { return causal ? std::min(keys, i + rows) : keys; }

  // out [batch, heads, queries, out_width] and log_sum [batch, heads, queries] are contiguous.
  void forward(T* out, T* log_sum) const {
    const int64_t blocks = (queries + kQueries - 1) / kQueries;
    const double work = double(std::min(queries, kQueries)) * double(keys) * double(width + out_width);
    parallel_for(batch * heads * blocks, int64_t(kWork / work) + 1, [&](int64_t from, int64_t to) {
      std::vector<T> scores(size_t(kQueries * std::min(keys, kKeys)));
      for (int64_t t = from; t < to; ++t) {
        const int64_t i = t % blocks * kQueries, head = t / blocks;
        forward_block(scores.data(), head / heads, head % heads, i, std::min(kQueries, queries - i), out + (head * queries + i) * out_width,
                      log_sum ? log_sum + head * queries + i : nullptr);
      }
    });
  }

  // Gradients, contiguous, those of keys and values zero before. `offset` is the sum of grad * out of each query.
  void backward(Input grad, const T* offset, const T* log_sum, T* dq, T* dk, T* dv) const {
    parallel_for(batch * kv_heads, 1, [&](int64_t from, int64_t to) {
      std::vector<T> weights(size_t(std::min(queries, kQueries) * std::min(keys, kKeys))), grads(weights.size());
      for (int64_t t = from; t < to; ++t)
        for (int64_t g = 0; g < heads / kv_heads; ++g) {
          const int64_t b = t / kv_heads, h = t % kv_heads * (heads / kv_heads) + g, q0 = (b * heads + h) * queries, k0 = t * keys;
          for (int64_t i = 0; i < queries; i += kQueries)
            backward_block(weights.data(), grads.data(), b, h, i, std::min(kQueries, queries - i), grad, offset + q0 + i, log_sum + q0 + i,
                           dq + (q0 + i) * width, dk + k0 * width, dv + k0 * out_width);
        }
    });
  }

 private:
  void forward_block(T* scores, int64_t b, int64_t h, int64_t i, int64_t rows, T* out, T* log_sum) const {
    T top[kQueries], sum[kQueries];
    const int64_t seen = keys_seen(i, rows);
    for (int64_t j = 0; j < seen; j += kKeys) {
      const int64_t cols = std::min(kKeys, seen - j);
      kernels<T>().weigh(tile(scores, b, h, i, rows, j, cols), top, sum, j ? out : nullptr, out_width);
      product<T>(rows, out_width, cols, 1, {scores, cols, 1}, v.matrix(b, kv_head(h), j), out, j ? 1 : 0);
    }
    kernels<T>().finish(rows, out_width, top, sum, out, log_sum);
  }

  void backward_block(T* weights, T* grads, int64_t b, int64_t h, int64_t i, int64_t rows, Input grad, const T* offset, const T* log_sum, T* dq, T* dk,
                      T* dv) const {
    const int64_t seen = keys_seen(i, rows);
    for (int64_t j = 0; j < seen; j += kKeys) {
      const int64_t cols = std::min(kKeys, seen - j);
      kernels<T>().weigh_again(tile(weights, b, h, i, rows, j, cols), log_sum);
      const Matrix<T> g = grad.matrix(b, h, i), w{weights, cols, 1}, s{grads, cols, 1};
      product<T>(cols, out_width, rows, 1, w.transposed(), g, dv + j * out_width, 1);
      product<T>(rows, cols, out_width, 1, g, v.matrix(b, kv_head(h), j).transposed(), grads, 0);
      kernels<T>().score_grads(rows, cols, weights, offset, grads);
      product<T>(rows, width, cols, scale, s, k.matrix(b, kv_head(h), j), dq, j ? 1 : 0);
      product<T>(cols, width, rows, scale, s.transposed(), q.matrix(b, h, i), dk + j * width, 1);
    }
  }
};

Tensor as_heads(const Tensor& t, DType d) {
  Tensor r = t.dtype() == d ? t : cast(t, d);
  while (r.dim() < 4) r = op::unsqueeze(r, 0);
  return r;
}

// The mask as numbers to add, seen as [batch, heads, queries, keys].
Tensor mask_heads(const Tensor& mask, DType d, Shape scores) {
  if (!mask) return mask;
  Tensor m = mask.dtype() == DType::Bool ? op::where_self(mask, scalar_tensor(Scalar(0.0), d), scalar_tensor(kMinusInfinity, d)) : mask;
  return op::expand(as_heads(m, d), scores, false);
}

// f(T(), attention, ...) for the call's numbers, which stay alive meanwhile.
template <class F> void with_attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& attn_mask, const Settings& s, F f) {
  const DType d = kernel_dtype(query.dtype());
  Tensor q = as_heads(query, d), k = as_heads(key, d), v = as_heads(value, d);
  Tensor mask = mask_heads(attn_mask, d, {q.size(0), q.size(1), q.size(2), k.size(2)});
  with_float(d, [&](auto t) {
    using T = decltype(t);
    f(t, Attention<T>{q.size(0), q.size(1), k.size(1), q.size(2), k.size(2), q.size(3), v.size(3), s.causal, s.scale, Heads<const T>(q), Heads<const T>(k),
                      Heads<const T>(v), Heads<const T>(mask)});
  });
}

int64_t work_of(const Tensor& query, const Tensor& key) { return query.numel() * key.size(-2); }

// The log_sum is left undefined unless asked for.
Tensor fused(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, const Settings& s, Tensor* log_sum) {
  const DType d = kernel_dtype(query.dtype());
  std::vector<int64_t> sizes = query.sizes().vec();
  if (log_sum) *log_sum = empty(Shape(sizes.data(), query.dim() - 1), d, query.device());
  sizes.back() = value.size(-1);
  Tensor out = empty(sizes, d, query.device());
  if (query.is_meta()) return cast(out, query.dtype());
  with_attention(query, key, value, mask, s, [&](auto t, const auto& a) {
    using T = decltype(t);
    T *to = out.ptr<T>(), *logs = log_sum ? log_sum->ptr<T>() : nullptr;
    ReleaseGil free(work_of(query, key));
    a.forward(to, logs);
  });
  return cast(out, query.dtype());
}

void fused_backward(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, const Settings& s, const Tensor& grad, const Tensor& out,
                    const Tensor& log_sum, Tensor* results) {
  const DType d = kernel_dtype(query.dtype());
  Tensor g = as_heads(grad, d), dq = empty(query.sizes(), d), dk = zeros(key.sizes(), d), dv = zeros(value.sizes(), d);
  Tensor offset = contiguous(op::sum_dim_IntList(op::mul(cast(grad, d), cast(out, d)), std::optional<Shape>(Shape({-1})), false, DType::Undefined));
  with_attention(query, key, value, mask, s, [&](auto t, const auto& a) {
    using T = decltype(t);
    const Heads<const T> seen(g);
    const T *offsets = offset.ptr<T>(), *logs = log_sum.ptr<T>();
    T *to_q = dq.ptr<T>(), *to_k = dk.ptr<T>(), *to_v = dv.ptr<T>();
    ReleaseGil free(work_of(query, key));
    a.backward(seen, offsets, logs, to_q, to_k, to_v);
  });
  results[0] = cast(dq, query.dtype());
  results[1] = cast(dk, key.dtype());
  results[2] = cast(dv, value.dtype());
}

struct AttentionNode final : Node {
  Settings settings;
  SavedTensor query_, key_, value_, mask_, out_;
  Tensor log_sum_;

  const char* name() const override { return "ScaledDotProductFlashAttentionForCpuBackward0"; }
  void release_saved() override {
    for (SavedTensor* t : {&query_, &key_, &value_, &mask_, &out_}) t->reset();
    log_sum_ = Tensor();
  }
  void saved(std::function<void(const char*, const Tensor&)> f) override {
    f("query", query_.unpack(this, "query"));
    f("key", key_.unpack(this, "key"));
    f("value", value_.unpack(this, "value"));
    if (Tensor m = mask_.unpack(this, "attn_mask")) f("attn_mask", m);
    f("output", out_.unpack(this, "output"));
    if (log_sum_) f("logsumexp", log_sum_);
  }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0]) return;
    Tensor q = query_.unpack(this, "query"), k = key_.unpack(this, "key"), v = value_.unpack(this, "value"), m = mask_.unpack(this, "attn_mask");
    if (meta_gradients({q, k, v}, *this, results)) return;
    if (!grad_enabled) return fused_backward(q, k, v, m, settings, grads[0], out_.unpack(this, "output"), log_sum_, results);
    TensorList r = differentiable_gradients({q, k, v}, grads, [&](const TensorList& in) { return TensorList{by_operators(in[0], in[1], in[2], m, settings)}; });
    for (uint32_t i = 0; i < 3; ++i) if (needs(i)) results[i] = r[i];
  }
};

bool same_leading(const Tensor& a, const Tensor& b, int n) {
  for (int d = 0; d < n; ++d) if (a.size(d) != b.size(d)) return false;
  return true;
}

// Whether the fused kernel can take the call: one batch and one number of heads (or groups of them), sizes that fit and are not zero.
bool fusible(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, const Settings& s) {
  const int dims = q.dim(), batch = dims - 2 - s.grouped;
  if (s.dropout > 0 || dims > 4 || batch < 0 || k.dim() != dims || v.dim() != dims || !is_floating(q.dtype())) return false;
  if (!same_leading(q, k, batch) || !same_leading(k, v, dims - 1) || q.size(-1) != k.size(-1) || q.numel() == 0 || k.numel() == 0 || v.numel() == 0)
    return false;
  if (s.grouped && q.size(-3) % k.size(-3) != 0) return false;
  if (!mask) return true;
  if (mask.dim() > dims || (grad_enabled && requires_grad(mask)) || mask.is_meta() != q.is_meta()) return false;
  for (int d = 1; d <= mask.dim(); ++d) {
    const int64_t n = mask.size(-d), full = d == 1 ? k.size(-2) : q.size(-d);
    if (n != 1 && n != full) return false;
  }
  return true;
}

}  // namespace

namespace native {

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa) {
  check_attention(query, key, value, attn_mask, is_causal);
  const Settings s{scale.value_or(1 / std::sqrt(double(query.size(-1)))), dropout_p, is_causal, enable_gqa};
  if (fusible(query, key, value, attn_mask, s)) {
    if (!(grad_enabled && (requires_grad(query) || requires_grad(key) || requires_grad(value)))) return fused(query, key, value, attn_mask, s, nullptr);
    NodeRef<AttentionNode> node(new AttentionNode);
    set_edges(node.get(), {&query, &key, &value});
    node->settings = s;
    node->query_.save(query), node->key_.save(key), node->value_.save(value), node->mask_.save(attn_mask);
    Tensor out = [&] {
      NoGrad no_grad;
      return fused(query, key, value, attn_mask, s, &node->log_sum_);
    }();
    node->out_.save_output(out);
    set_history(out, node.get(), 0);
    return out;
  }
  // Narrow floats are computed in float: rounded scores would move weights a lot.
  if (itemsize(query.dtype()) == 2 && is_floating(query.dtype())) {
    auto wide = [](const Tensor& t) { return op::_to_copy(t, DType::Float32, MemoryFormat::None); };
    const bool bias = attn_mask && attn_mask.dtype() == query.dtype();
    return op::_to_copy(by_operators(wide(query), wide(key), wide(value), bias ? wide(attn_mask) : attn_mask, s), query.dtype(), MemoryFormat::None);
  }
  return by_operators(query, key, value, attn_mask, s);
}

}  // namespace native
}  // namespace pl
