#include "ops/fused.h"

namespace pl {

// Each input is seen through an alias of its own, so that a gradient stops there even where one input was computed from another.
TensorList differentiable_gradients(const TensorList& inputs, const Tensor* grads, const ByOperators& call) {
  GradMode on(true);
  TensorList seen, wanted;
  for (const Tensor& t : inputs) {
    const bool wants = t && requires_grad(t);
    seen.push_back(wants ? op::alias(t) : t);
    if (wants) wanted.push_back(seen.back());
  }
  TensorList outputs = call(seen), roots, given;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (grads[i] && requires_grad(outputs[i])) {
      roots.push_back(outputs[i]);
      given.push_back(grads[i]);
    }
  TensorList results(inputs.size());
  if (roots.empty() || wanted.empty()) return results;
  TensorList found = run_backward(roots, given, wanted, {.keep_graph = true, .create_graph = true, .accumulate = false});
  for (size_t i = 0, k = 0; i < inputs.size(); ++i)
    if (inputs[i] && requires_grad(inputs[i])) results[i] = found[k++];
  return results;
}

namespace {
struct NotImplementedNode final : Node {
  const char* operation;
  const char* name() const override { return "NotImplemented"; }
  void backward(const Tensor*, Tensor*) override { fail(ErrorType::Runtime, "", "derivative for aten::%s is not implemented", operation); }
};
}  // namespace

Tensor without_derivative(const Tensor& gradient, const TensorList& inputs, const char* name) {
  if (!(grad_enabled && requires_grad(inputs))) return gradient;
  NodeRef<NotImplementedNode> node(new NotImplementedNode);
  node->operation = name;
  set_edges(node.get(), inputs);
  Tensor r = gradient;
  set_history(r, node.get(), 0);
  return r;
}

}  // namespace pl
