// Distances and similarities of vectors, as compositions.
#include "native.h"
#include "ops/fused.h"
#include "ops/pointwise.h"

namespace pl {
namespace {

// At least eps; the gradient is that of the norm, limited or not.
Tensor kept_from_zero(const Tensor& norm, double eps) {
  Tensor missing = [&] {
    NoGrad no_grad;
    return op::sub(op::clamp_low(norm, Scalar(eps)), norm, Scalar(1));
  }();
  return op::add(norm, missing, Scalar(1));
}

Tensor direction(const Tensor& x, int64_t dim, double eps) {
  Tensor norm = op::linalg_vector_norm(x, Scalar(2), std::optional<Shape>(Shape(&dim, 1)), true, DType::Undefined);
  return op::true_divide(x, kept_from_zero(norm, eps));
}

}  // namespace

namespace native {

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
  const DType d = result_type({x1, x2});
  PL_CHECK(is_floating(d), "expected common dtype to be floating point, yet common dtype is %s", info(d).scalar_name);
  std::vector<int64_t> shape = broadcast_shapes(x1.sizes(), x2.sizes());
  auto prepared = [&](const Tensor& t) {
    return op::expand(t.dtype() == d ? t : op::_to_copy(t, d, MemoryFormat::None), shape, false);
  };
  Tensor products = op::mul(direction(prepared(x1), dim, eps), direction(prepared(x2), dim, eps));
  return op::sum_dim_IntList(products, std::optional<Shape>(Shape(&dim, 1)), false, DType::Undefined);
}

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
  const int64_t last = std::max(x1.dim(), x2.dim()) - 1;
  Tensor difference = op::add(op::sub(x1, x2, Scalar(1)), Scalar(eps), Scalar(1));
  return op::linalg_vector_norm(difference, Scalar(p), std::optional<Shape>(Shape(&last, 1)), keepdim, DType::Undefined);
}

// out[..., k] = sum over i, j of input1[..., i] weight[k, i, j] input2[..., j]
Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight, const Tensor& bias) {
  PL_CHECK(input1.dim() == input2.dim(), "bilinear(): input dimensions do not match: got %d and %d", input1.dim(), input2.dim());
  PL_CHECK(weight.dim() == 3, "bilinear(): weight must have 3 dimensions, got %d", weight.dim());
  for (int d = 0; d + 1 < input1.dim(); ++d)
    PL_CHECK(input1.size(d) == input2.size(d), "bilinear(): input batch dimensions do not match at dim %d: got %lld and %lld", d,
             (long long)input1.size(d), (long long)input2.size(d));
  PL_CHECK(input1.size(-1) == weight.size(1), "bilinear(): input1 size does not match weight size: got %lld but expected %lld",
           (long long)input1.size(-1), (long long)weight.size(1));
  PL_CHECK(input2.size(-1) == weight.size(2), "bilinear(): input2 size does not match weight size: got %lld but expected %lld",
           (long long)input2.size(-1), (long long)weight.size(2));
  PL_CHECK(!bias || bias.size(0) == weight.size(0), "bilinear(): bias size does not match weight size: got %lld but expected %lld",
           (long long)(bias ? bias.size(0) : 0), (long long)weight.size(0));
  const int64_t k = weight.size(0), i = weight.size(1), j = weight.size(2), n = i ? input1.numel() / i : input2.numel() / std::max<int64_t>(j, 1);
  std::vector<int64_t> sizes = input1.sizes().vec();
  sizes.back() = k;
  Tensor left = op::matmul(op::reshape(input1, {n, i}), op::reshape(op::permute(weight, {1, 0, 2}), {i, k * j}));
  Tensor products = op::matmul(op::view(left, {n, k, j}), op::reshape(input2, {n, j, 1}));
  Tensor r = op::view(products, sizes);
  return bias ? op::add(r, bias, Scalar(1)) : r;
}

}  // namespace native
}  // namespace pl
