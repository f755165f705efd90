// The fully connected layer: input @ weight.T + bias in one call, and its three gradients.
#include "cpu/kernels.h"
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/product.h"
#include "ops/recording.h"

namespace pl {
namespace {

const Scalar kOne(int64_t(1));

// A tensor as a matrix of its last dimension's rows; copied only where the leading dimensions have no common stride.
struct Rows {
  Tensor t;
  int64_t rows, stride, cols, col_stride;
  explicit Rows(const Tensor& given) : t(given), cols(given->sizes[given.dim() - 1]) {
    if (!rows_of(t, rows, stride)) {
      t = contiguous(t);
      rows_of(t, rows, stride);
    }
    col_stride = t->strides[t.dim() - 1];
  }
};

void multiply(GemmArgs& g, DType d) {
  ReleaseGil free(g.m * g.n * g.k, 1 << 18);
  run_gemm(g, d);
}

// [..., in] x [out, in] -> [..., out]
Tensor forward(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  int64_t shape[kMaxDims];
  const int n = input.dim();
  for (int d = 0; d < n - 1; ++d) shape[d] = input->sizes[d];
  shape[n - 1] = weight->sizes[0];
  Tensor out = empty(Shape(shape, n), input.dtype(), input.device());
  if (!out->data || out.numel() == 0) return out;
  const Rows in(input);
  GemmArgs g;
  g.m = in.rows;
  g.n = weight->sizes[0];
  g.k = in.cols;
  g.a = in.t->data;
  g.a_rs = in.stride;
  g.a_cs = in.col_stride;
  g.b = weight->data;
  g.b_rs = weight->strides[1];
  g.b_cs = weight->strides[0];
  g.c = out->data;
  g.c_rs = g.n;
  g.epilogue.bias = bias ? bias->data : nullptr;
  multiply(g, input.dtype());
  return out;
}

// grad [rows, out] @ weight [out, in], in the shape of the input.
Tensor input_gradient(const Rows& grad, const Tensor& weight, Shape shape) {
  Tensor r = empty(shape, grad.t.dtype(), grad.t.device());
  if (!r->data || r.numel() == 0) return r;
  GemmArgs g;
  g.m = grad.rows;
  g.n = weight->sizes[1];
  g.k = grad.cols;
  g.a = grad.t->data;
  g.a_rs = grad.stride;
  g.a_cs = grad.col_stride;
  g.b = weight->data;
  g.b_rs = weight->strides[0];
  g.b_cs = weight->strides[1];
  g.c = r->data;
  g.c_rs = g.n;
  multiply(g, r.dtype());
  return r;
}

// grad.T [out, rows] @ input [rows, in]
Tensor weight_gradient(const Rows& grad, const Rows& input) {
  Tensor r = empty({grad.cols, input.cols}, grad.t.dtype(), grad.t.device());
  if (!r->data || r.numel() == 0) return r;
  GemmArgs g;
  g.m = grad.cols;
  g.n = input.cols;
  g.k = grad.rows;
  g.a = grad.t->data;
  g.a_rs = grad.col_stride;
  g.a_cs = grad.stride;
  g.b = input.t->data;
  g.b_rs = input.stride;
  g.b_cs = input.col_stride;
  g.c = r->data;
  g.c_rs = g.n;
  multiply(g, r.dtype());
  return r;
}

constexpr int64_t kFewRows = 16;     // summed one after the other

Tensor bias_gradient(const Tensor& grad, const Rows& rows) {
  const DType d = grad.dtype();
  if (grad.is_meta() || rows.rows > kFewRows || itemsize(d) < 4) return op::sum_to_size(grad, {rows.cols});
  Tensor r = zeros({rows.cols}, d);
  const int64_t item = itemsize(d);
  for (int64_t i = 0; i < rows.rows; ++i)
    cpu().index.combine[int(Combine::Add)][int(d)](rows.cols, r->data, item, rows.t->data + i * rows.stride * item, rows.col_stride * item);
  return r;
}

// Named as the last of the operators that PyTorch makes of it.
struct LinearBackward final : Node {
  SavedTensor input, weight;
  std::vector<int64_t> shape;          // of the input
  bool has_bias;
  const char* name() const override {
    if (shape.size() == 2) return has_bias ? "AddmmBackward0" : "MmBackward0";
    return has_bias ? "ViewBackward0" : shape.size() == 1 ? "SqueezeBackward4" : "UnsafeViewBackward0";
  }
  void release_saved() override {
    input.reset();
    weight.reset();
  }
  void saved(std::function<void(const char*, const Tensor&)> f) override {
    show_saved(f, "input", input, this);
    show_saved(f, "weight", weight, this);
  }
  void backward(const Tensor* grads, Tensor* results) override;
};

void LinearBackward::backward(const Tensor* grads, Tensor* results) {
  if (!grads[0]) return;
  const Tensor& grad = grads[0];
  const uint32_t in = has_bias ? 1 : 0, w = in + 1;
  const bool wants_input = needs(in), wants_weight = needs(w), wants_bias = has_bias && needs(0);
  Tensor input_value = wants_weight ? input.unpack(this, "input") : Tensor();
  Tensor weight_value = wants_input ? weight.unpack(this, "weight") : Tensor();
  if (grad_enabled || is_complex(grad.dtype())) {
    const int64_t n = Shape(shape.data(), int64_t(shape.size()) - 1).numel();
    Tensor rows = op::reshape(grad, {n, grad.size(-1)});
    if (wants_input) results[in] = op::reshape(op::mm(rows, op::conj(weight_value)), shape);
    if (wants_weight) results[w] = op::mm(op::t(rows), op::conj(op::reshape(input_value, {n, input_value.size(-1)})));
    if (wants_bias) results[0] = op::sum_to_size(grad, {grad.size(-1)});
    return;
  }
  const Rows rows(grad);
  if (wants_input) results[in] = input_gradient(rows, weight_value, shape);
  if (wants_weight) results[w] = weight_gradient(rows, Rows(input_value));
  if (wants_bias) results[0] = bias_gradient(grad, rows);
}

void check(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  const int64_t k = input->sizes[input.dim() - 1];
  if (__builtin_expect(k != weight->sizes[1], 0))
    fail(ErrorType::Runtime, "matmul_shape", "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and %lldx%lld)",
         (long long)Shape(input->sizes, input.dim() - 1).numel(), (long long)k, (long long)weight->sizes[1], (long long)weight->sizes[0]);
  PL_CHECK_AS(Runtime, input.dtype() == weight.dtype(), "dtype_mismatch", "mat1 and mat2 must have the same dtype, but got %s and %s", info(input.dtype()).scalar_name,
              info(weight.dtype()).scalar_name);
  PL_CHECK_AS(Runtime, !bias || bias.dtype() == input.dtype(), "dtype_mismatch", "self and mat2 must have the same dtype, but got %s and %s",
              info(bias.dtype()).scalar_name, info(weight.dtype()).scalar_name);
  PL_CHECK_AS(Runtime, !bias || bias->sizes[0] == weight->sizes[0] || bias->sizes[0] == 1, "broadcast",
              "The expanded size of the tensor (%lld) must match the existing size (%lld) at non-singleton dimension 1.  Target sizes: [%lld, %lld].  Tensor sizes: [%lld]",
              (long long)weight->sizes[0], (long long)bias->sizes[0], (long long)Shape(input->sizes, input.dim() - 1).numel(), (long long)weight->sizes[0],
              (long long)bias->sizes[0]);
  check_same_device(input, weight);
  if (bias) check_same_device(input, bias);
  check_gemm_dtype("addmm_impl_cpu_", input.dtype());
}

// The kernel takes a bias with one contiguous number for each output.
bool is_plain_bias(const Tensor& bias, const Tensor& weight) {
  return !bias || (bias->sizes[0] == weight->sizes[0] && (bias->strides[0] == 1 || bias->sizes[0] == 1));
}

}  // namespace

namespace native {

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  if (weight.dim() != 2 || input.dim() == 0 || (bias && bias.dim() != 1)) {
    PL_CHECK_AS(Runtime, input.dim() > 0, "matmul_shape", "both arguments to linear need to be at least 1D, but they are %dD and %dD", input.dim(), weight.dim());
    Tensor product = op::matmul(input, weight.dim() < 2 ? weight : op::mT(weight));
    return bias ? op::add(product, bias, kOne) : product;
  }
  check(input, weight, bias);
  if (!is_plain_bias(bias, weight)) return op::add(linear(input, weight, {}), bias, kOne);
  const bool record = grad_enabled && (requires_grad(input) || requires_grad(weight) || requires_grad(bias));
  Tensor out = forward(input, weight, bias);
  if (!record) return out;
  NodeRef<LinearBackward> node(new LinearBackward);
  node->has_bias = bool(bias);
  if (bias) set_edges(node.get(), {&bias, &input, &weight});
  else set_edges(node.get(), {&input, &weight});
  const uint32_t in = bias ? 1 : 0;
  node->shape = input.sizes().vec();
  if (node->needs(in + 1)) node->input.save(input);
  if (node->needs(in)) node->weight.save(weight);
  set_output_history(out, node.get(), 0);
  return out;
}

}  // namespace native
}  // namespace pl
