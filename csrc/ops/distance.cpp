// Distances and similarities of vectors, as compositions.
#include <algorithm>
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

namespace {
constexpr int64_t kDifferences = 1 << 22;      // numbers held at a time by the distances below

Tensor norm_of_rows(const Tensor& differences, double p) {
  const int64_t last = -1;
  return op::linalg_vector_norm(differences, Scalar(p), std::optional<Shape>(Shape(&last, 1)), false, DType::Undefined);
}

// |a - b|^2 = |a|^2 + |b|^2 - 2 a b. The gradient at distance 0 is 0.
Tensor distances_by_product(const Tensor& x1, const Tensor& x2) {
  auto square_sum = [](const Tensor& x) {
    const int64_t last = -1;
    return op::sum_dim_IntList(op::square(x), std::optional<Shape>(Shape(&last, 1)), true, DType::Undefined);
  };
  Tensor products = op::mul(op::matmul(x1, op::mT(x2)), Scalar(-2.0));
  Tensor squares = op::add(op::add(products, square_sum(x1), Scalar(1)), op::mT(square_sum(x2)), Scalar(1));
  Tensor positive = op::gt(squares, Scalar(1e-30));
  Tensor root = op::sqrt(op::where_self(positive, squares, Scalar(1.0)));
  return op::where_self(positive, root, Scalar(0.0));
}
}  // namespace

Tensor _cdist(const Tensor& x1, const Tensor& x2, double p, bool matmul) {
  for (int k = 0; k < 2; ++k) {
    const Tensor& x = k ? x2 : x1;
    PL_CHECK(x.dim() >= 2, "cdist only supports at least 2D tensors, X%d got: %dD", k + 1, x.dim());
    PL_CHECK(is_floating(x.dtype()), "cdist only supports floating-point dtypes, X%d got: %s", k + 1, info(x.dtype()).scalar_name);
  }
  PL_CHECK(x1.size(-1) == x2.size(-1), "X1 and X2 must have the same number of columns. X1: %lld X2: %lld", (long long)x1.size(-1), (long long)x2.size(-1));
  PL_CHECK(p >= 0, "cdist only supports non-negative p values");
  PL_CHECK(x1.dtype() == x2.dtype(), "expected scalar type %s but found %s", info(x1.dtype()).scalar_name, info(x2.dtype()).scalar_name);
  std::vector<int64_t> a(x1.sizes().begin(), x1.sizes().end() - 2), b(x2.sizes().begin(), x2.sizes().end() - 2), batch = broadcast_shapes(Shape(a), Shape(b));
  const int64_t rows = x1.size(-2), columns = x2.size(-2), width = x1.size(-1);
  if (matmul && p == 2.0 && width > 0) return distances_by_product(x1, x2);
  int64_t per_row = checked_mul(columns, std::max<int64_t>(width, 1));
  for (int64_t n : batch) per_row = checked_mul(per_row, n);
  const int64_t step = std::clamp<int64_t>(kDifferences / std::max<int64_t>(per_row, 1), 1, std::max<int64_t>(rows, 1));
  TensorList pieces;
  for (int64_t i = 0; i < std::max<int64_t>(rows, 1); i += step) {
    Tensor part = op::narrow(x1, -2, i, std::min(step, rows - i));
    pieces.push_back(norm_of_rows(op::sub(op::unsqueeze(part, -2), op::unsqueeze(x2, -3), Scalar(1)), p));
  }
  return pieces.size() == 1 ? pieces[0] : op::cat(pieces, -2);
}

Tensor pdist(const Tensor& self, double p) {
  PL_CHECK(self.dim() == 2, "pdist only supports 2D tensors, got: %dD", self.dim());
  PL_CHECK(is_floating(self.dtype()), "pdist only supports floating-point dtypes");
  PL_CHECK(p >= 0, "pdist only supports non-negative p values");
  const int64_t n = self.size(0), width = self.size(1), pairs = n <= 1 ? 0 : checked_mul(n, n - 1) / 2;
  Tensor places = op::triu_indices(n, n, 1, DType::Int64, self.device());
  const int64_t step = std::clamp<int64_t>(kDifferences / std::max<int64_t>(width, 1), 1, std::max<int64_t>(pairs, 1));
  TensorList pieces;
  for (int64_t i = 0; i < std::max<int64_t>(pairs, 1); i += step) {
    Tensor part = op::narrow(places, 1, i, std::min(step, pairs - i));
    pieces.push_back(norm_of_rows(op::sub(op::index_select(self, 0, op::select(part, 0, 0)), op::index_select(self, 0, op::select(part, 0, 1)), Scalar(1)), p));
  }
  return pieces.size() == 1 ? pieces[0] : op::cat(pieces, 0);
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
