// Reductions: what each operator accepts, its dtype rules, and its call of a kernel.
#include <cmath>
#include <numeric>
#include "native.h"
#include "ops.h"
#include "ops/matrix.h"
#include "ops/reduction.h"

namespace pl {
namespace {

using OptShape = std::optional<Shape>;
const OptShape kAll;

DType or_own(DType asked, DType own) { return asked == DType::Undefined ? own : asked; }
DType sum_dtype(const Tensor& t, DType asked) {
  return or_own(asked, is_integral(t.dtype()) ? DType::Int64 : t.dtype());
}

Tensor single(const Tensor& self, const ReduceCall& call) { return std::get<0>(reduce(self, call)); }

void warn(const char* text) {
  if (PyErr_WarnEx(PyExc_UserWarning, text, 1) < 0) throw PythonError();
}

// Complex numbers summed as real ones: PyTorch says once what is lost.
void warn_of_lost_part(DType from, DType to) {
  static bool said = false;
  if (said || !is_complex(from) || is_complex(to)) return;
  said = true;
  warn("Casting complex values to real discards the imaginary part");
}

Tensor sum_like(Reduction kind, const char* name, const Tensor& self, const OptShape& dim, bool keepdim, DType dtype) {
  const DType d = sum_dtype(self, dtype);
  warn_of_lost_part(self.dtype(), d);
  // Sums to bool: whether any element is true.
  if (d == DType::Bool)
    return single(self, {Reduction::Any, name, reduced_dims(dim, self.dim()), keepdim, self.dtype(), d});
  return single(self, {kind, name, reduced_dims(dim, self.dim()), keepdim, d, d});
}

Tensor mean_of(const Tensor& self, const OptShape& dim, bool keepdim, DType dtype) {
  const DType d = or_own(dtype, self.dtype());
  PL_CHECK_AS(
      Runtime, is_differentiable(d), "float_needed",
      "mean(): could not infer output dtype. %s dtype must be either a floating point or complex dtype. Got: %s",
      dtype == DType::Undefined ? "Input" : "Optional", info(d).scalar_name);
  return single(self, {Reduction::Mean, "mean_cpu", reduced_dims(dim, self.dim()), keepdim, d, d});
}

// ---- extremes
void check_not_empty(const Tensor& self, const char* name) {
  PL_CHECK(self.numel() > 0,
           "%s(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
           "'dim' argument.",
           name);
}
void check_dim_not_empty(const Tensor& self, int64_t dim, const char* text) {
  PL_CHECK_AS(Index, self.dim() == 0 || self->sizes[dim] > 0, "",
              "%s: Expected reduction dim %lld to have non-zero size.", text, (long long)dim);
}
DimMask one_dim(const Tensor& self, int64_t dim) { return self.dim() == 0 ? 0 : DimMask(1) << dim; }

Tensor extreme_all(const Tensor& self, Reduction kind, const char* name, const char* kernel) {
  check_not_empty(self, name);
  return single(self, {kind, kernel, every_dim(self.dim()), false, self.dtype(), self.dtype()});
}

std::tuple<Tensor, Tensor> extreme_dim(const Tensor& self, int64_t dim, bool keepdim, Reduction kind,
                                       const char* name) {
  dim = wrap_dim(dim, self.dim());
  PL_CHECK(!is_complex(self.dtype()), "%s(): does not support complex input", name);
  check_dim_not_empty(self, dim, format("%s()", name).c_str());
  return reduce(self, {kind, name, one_dim(self, dim), keepdim, self.dtype(), self.dtype(), DType::Int64});
}

Tensor extreme_dims(const Tensor& self, Shape dim, bool keepdim, Reduction kind, const char* name, const char* kernel) {
  const DimMask mask = reduced_dims(dim, self.dim());
  if (dim.n == 0) check_not_empty(self, name);
  for (int d = 0; d < self.dim(); ++d)
    if (mask >> d & 1) check_dim_not_empty(self, d, format("%s()", name).c_str());
  return single(self, {kind, kernel, mask, keepdim, self.dtype(), self.dtype()});
}

Tensor arg_extreme(const Tensor& self, std::optional<int64_t> dim, bool keepdim, Reduction kind, const char* name) {
  PL_CHECK(!is_complex(self.dtype()), "%s(): does not support complex input", name);
  PL_CHECK(self.dtype() != DType::Bool, "%s(): does not support bool input", name);
  DimMask mask = every_dim(self.dim());
  if (dim) {
    const int64_t d = wrap_dim(*dim, self.dim());
    check_dim_not_empty(self, d, format("%s()", name).c_str());
    mask = one_dim(self, d);
  } else {
    PL_CHECK_AS(Index, self.numel() > 0, "", "%s(): Expected reduction dim to be specified for input.numel() == 0.",
                name);
  }
  return std::get<1>(reduce(self, {kind, name, mask, keepdim, self.dtype(), self.dtype(), DType::Int64}, false));
}

// ---- any, all: uint8 answers in uint8
Tensor logical(const Tensor& self, DimMask mask, bool keepdim, Reduction kind) {
  const DType out = self.dtype() == DType::UInt8 ? DType::UInt8 : DType::Bool;
  return single(self, {kind, "any_all", mask, keepdim, self.dtype(), out});
}
Tensor logical_dims(const Tensor& self, const OptShape& dim, bool keepdim, Reduction kind) {
  // Unlike elsewhere an empty list of dimensions reduces none.
  const DimMask mask = dim && dim->n == 0 ? 0 : reduced_dims(dim, self.dim());
  return logical(self, mask, keepdim, kind);
}

// ---- variance
struct Moments {
  const Tensor& self;
  DimMask mask;
  double correction;
  bool keepdim;
  const char* name;

  Moments(const char* n, const Tensor& t, const OptShape& dim, const std::optional<Scalar>& c, bool keep,
          bool with_mean)
      : self(t), mask(reduced_dims(dim, t.dim())), correction(c ? c->to_double() : 1), keepdim(keep), name(n) {
    PL_CHECK_AS(Runtime, is_differentiable(t.dtype()), "float_needed",
                "%s only support floating point and complex dtypes", with_mean ? n : "std and var");
  }
  std::tuple<Tensor, Tensor> operator()(Reduction kind, bool with_mean) const {
    if (!self.is_meta() && double(reduced_count(self.sizes(), mask)) - correction <= 0)
      warn(format("%s(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
                  "(input numel divided by output numel).", name).c_str());
    const DType d = self.dtype();
    return reduce(self, {kind, name, mask, keepdim, d, real_of(d), with_mean ? d : DType::Undefined, correction});
  }
};

std::optional<Scalar> correction_of(bool unbiased) { return Scalar(int64_t(unbiased)); }

}  // namespace

namespace native {

// ---------------------------------------------------------------- sums, means, products
Tensor sum(const Tensor& self, DType dtype) { return sum_like(Reduction::Sum, "sum_cpu", self, kAll, false, dtype); }
Tensor sum_dim_IntList(const Tensor& self, std::optional<Shape> dim, bool keepdim, DType dtype) {
  return sum_like(Reduction::Sum, "sum_cpu", self, dim, keepdim, dtype);
}
Tensor nansum(const Tensor& self, std::optional<Shape> dim, bool keepdim, DType dtype) {
  PL_CHECK(!is_complex(self.dtype()), "nansum on CPU does not support complex inputs");
  return sum_like(Reduction::NanSum, "nansum_cpu", self, dim, keepdim, dtype);
}
Tensor mean(const Tensor& self, DType dtype) { return mean_of(self, kAll, false, dtype); }
Tensor mean_dim(const Tensor& self, std::optional<Shape> dim, bool keepdim, DType dtype) {
  return mean_of(self, dim, keepdim, dtype);
}
Tensor nanmean(const Tensor& self, std::optional<Shape> dim, bool keepdim, DType dtype) {
  PL_CHECK_AS(Runtime, is_differentiable(self.dtype()), "float_needed",
              "nanmean(): expected input to have floating point or complex dtype but got %s",
              info(self.dtype()).scalar_name);
  Tensor count = op::sum_dim_IntList(op::eq(self, self), dim, keepdim, DType::Undefined);
  return op::true_divide(op::nansum(self, dim, keepdim, dtype), count);
}
Tensor prod(const Tensor& self, DType dtype) { return sum_like(Reduction::Prod, "prod_cpu", self, kAll, false, dtype); }
Tensor prod_dim_int(const Tensor& self, int64_t dim, bool keepdim, DType dtype) {
  return sum_like(Reduction::Prod, "prod_cpu", self, Shape(&dim, 1), keepdim, dtype);
}
Tensor sum_to_size(const Tensor& self, Shape size) {
  const int extra = self.dim() - size.n;
  bool fits = extra >= 0;
  for (int d = 0; fits && d < size.n; ++d) fits = size[d] == 1 || size[d] == self->sizes[d + extra];
  PL_CHECK(fits, "size {%s} is not expandable to size {%s}.", to_string(size).c_str(), to_string(self.sizes()).c_str());
  std::vector<int64_t> dims;
  for (int d = 0; d < self.dim(); ++d)
    if (d < extra || (size[d - extra] == 1 && self->sizes[d] != 1)) dims.push_back(d);
  if (size.n == 0) return op::sum(self, DType::Undefined);
  if (dims.empty()) return self;
  Tensor r = op::sum_dim_IntList(self, Shape(dims), true, DType::Undefined);
  return extra > 0 ? op::reshape(r, size) : r;
}
Tensor trace(const Tensor& self) {
  PL_CHECK(self.dim() == 2, "trace: expected a matrix, but got tensor with dim %d", self.dim());
  if (self.dtype() == DType::Bool) unsupported("trace", self.dtype());
  const int64_t n = std::min(self->sizes[0], self->sizes[1]);
  return native::sum(alias(self, {n}, {self->strides[0] + self->strides[1]}, self->offset, self.dtype()),
                     DType::Undefined);
}
Tensor count_nonzero(const Tensor& self, std::optional<int64_t> dim) {
  const DimMask mask = dim ? one_dim(self, wrap_dim(*dim, self.dim())) : every_dim(self.dim());
  return single(self, {Reduction::Count, "count_nonzero_cpu", mask, false, self.dtype(), DType::Int64});
}
Tensor count_nonzero_dim_IntList(const Tensor& self, Shape dim) {
  return single(
      self, {Reduction::Count, "count_nonzero_cpu", reduced_dims(dim, self.dim()), false, self.dtype(), DType::Int64});
}

// ---------------------------------------------------------------- extremes
Tensor max(const Tensor& self) { return extreme_all(self, Reduction::Max, "max", "max_all"); }
Tensor min(const Tensor& self) { return extreme_all(self, Reduction::Min, "min", "min_all"); }
Tensor max_other(const Tensor& self, const Tensor& other) { return op::maximum(self, other); }
Tensor min_other(const Tensor& self, const Tensor& other) { return op::minimum(self, other); }
std::tuple<Tensor, Tensor> max_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_dim(self, dim, keepdim, Reduction::ArgMax, "max");
}
std::tuple<Tensor, Tensor> min_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_dim(self, dim, keepdim, Reduction::ArgMin, "min");
}
Tensor amax(const Tensor& self, Shape dim, bool keepdim) {
  return extreme_dims(self, dim, keepdim, Reduction::Max, "amax", "max_values_cpu");
}
Tensor amin(const Tensor& self, Shape dim, bool keepdim) {
  return extreme_dims(self, dim, keepdim, Reduction::Min, "amin", "min_values_cpu");
}
std::tuple<Tensor, Tensor> aminmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  DimMask mask = every_dim(self.dim());
  if (dim) {
    const int64_t d = wrap_dim(*dim, self.dim());
    check_dim_not_empty(self, d, "aminmax");
    mask = one_dim(self, d);
  } else {
    PL_CHECK(self.numel() > 0,
             "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.");
  }
  auto one = [&](Reduction kind) {
    return single(self, {kind, "aminmax_cpu", mask, keepdim, self.dtype(), self.dtype()});
  };
  return {one(Reduction::Min), one(Reduction::Max)};
}
Tensor argmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  return arg_extreme(self, dim, keepdim, Reduction::ArgMax, "argmax");
}
Tensor argmin(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  return arg_extreme(self, dim, keepdim, Reduction::ArgMin, "argmin");
}

// ---------------------------------------------------------------- logic
Tensor any(const Tensor& self) { return logical(self, every_dim(self.dim()), false, Reduction::Any); }
Tensor all(const Tensor& self) { return logical(self, every_dim(self.dim()), false, Reduction::All); }
Tensor any_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return logical_dims(self, Shape(&dim, 1), keepdim, Reduction::Any);
}
Tensor all_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return logical_dims(self, Shape(&dim, 1), keepdim, Reduction::All);
}
Tensor any_dims(const Tensor& self, std::optional<Shape> dim, bool keepdim) {
  return logical_dims(self, dim, keepdim, Reduction::Any);
}
Tensor all_dims(const Tensor& self, std::optional<Shape> dim, bool keepdim) {
  return logical_dims(self, dim, keepdim, Reduction::All);
}

// ---------------------------------------------------------------- variance
Tensor var_correction(const Tensor& self, std::optional<Shape> dim, const std::optional<Scalar>& correction,
                      bool keepdim) {
  return std::get<0>(Moments("var", self, dim, correction, keepdim, false)(Reduction::Var, false));
}
Tensor std_correction(const Tensor& self, std::optional<Shape> dim, const std::optional<Scalar>& correction,
                      bool keepdim) {
  return std::get<0>(Moments("std", self, dim, correction, keepdim, false)(Reduction::Std, false));
}
std::tuple<Tensor, Tensor> var_mean_correction(const Tensor& self, std::optional<Shape> dim,
                                               const std::optional<Scalar>& correction, bool keepdim) {
  return Moments("var_mean", self, dim, correction, keepdim, true)(Reduction::Var, true);
}
std::tuple<Tensor, Tensor> std_mean_correction(const Tensor& self, std::optional<Shape> dim,
                                               const std::optional<Scalar>& correction, bool keepdim) {
  return Moments("std_mean", self, dim, correction, keepdim, true)(Reduction::Std, true);
}
Tensor var(const Tensor& self, bool unbiased) { return op::var_correction(self, kAll, correction_of(unbiased), false); }
Tensor std(const Tensor& self, bool unbiased) { return op::std_correction(self, kAll, correction_of(unbiased), false); }
Tensor var_dim(const Tensor& self, std::optional<Shape> dim, bool unbiased, bool keepdim) {
  return op::var_correction(self, dim, correction_of(unbiased), keepdim);
}
Tensor std_dim(const Tensor& self, std::optional<Shape> dim, bool unbiased, bool keepdim) {
  return op::std_correction(self, dim, correction_of(unbiased), keepdim);
}
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, bool unbiased) {
  return op::var_mean_correction(self, kAll, correction_of(unbiased), false);
}
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, bool unbiased) {
  return op::std_mean_correction(self, kAll, correction_of(unbiased), false);
}
std::tuple<Tensor, Tensor> var_mean_dim(const Tensor& self, std::optional<Shape> dim, bool unbiased, bool keepdim) {
  return op::var_mean_correction(self, dim, correction_of(unbiased), keepdim);
}
std::tuple<Tensor, Tensor> std_mean_dim(const Tensor& self, std::optional<Shape> dim, bool unbiased, bool keepdim) {
  return op::std_mean_correction(self, dim, correction_of(unbiased), keepdim);
}

// ---------------------------------------------------------------- norms
Tensor linalg_vector_norm(const Tensor& self, const Scalar& ord, std::optional<Shape> dim, bool keepdim, DType dtype) {
  const char* name = "linalg.vector_norm";
  PL_CHECK_AS(Runtime, is_differentiable(self.dtype()), "float_needed",
              "%s: Expected a floating point or complex tensor as input. Got %s", name, info(self.dtype()).scalar_name);
  if (dtype != DType::Undefined) {
    const char* got = info(dtype).scalar_name;
    PL_CHECK(is_differentiable(dtype), "%s: dtype should be floating point or complex, but got %s", name, got);
    PL_CHECK(is_complex(dtype) == is_complex(self.dtype()), "%s: dtype should be %s for %s inputs, but got %s", name,
             is_complex(dtype) ? "real" : "complex", is_complex(dtype) ? "real" : "complex", got);
    PL_CHECK(promote(self.dtype(), dtype) == dtype,
             "%s: the dtype of the input (%s) should be convertible without narrowing to the specified dtype (%s)",
             name, info(self.dtype()).scalar_name, got);
  }
  const double p = ord.to_double();
  const DimMask mask = reduced_dims(dim, self.dim());
  if (self.numel() == 0 && (p < 0 || std::isinf(p))) {
    PL_CHECK(dim && dim->n > 0,
             "%s cannot compute the %g norm on an empty tensor because the operation does not have an identity", name,
             p);
    for (int d = 0; d < self.dim(); ++d)
      PL_CHECK(!(mask >> d & 1) || self->sizes[d] != 0,
               "%s cannot compute the %g norm on the dimension %dbecause this dimension is empty and the operation "
               "does not have an identity",
               name, p, d);
  }
  const Reduction kind = p == 0          ? Reduction::Count
                         : p == 1        ? Reduction::Norm1
                         : p == 2        ? Reduction::Norm2
                         : std::isinf(p) ? (p > 0 ? Reduction::NormInf : Reduction::NormNegInf)
                                         : Reduction::NormP;
  const DType d = or_own(dtype, self.dtype());
  return single(self, {kind, "linalg_vector_norm_cpu", mask, keepdim, d, real_of(d), DType::Undefined, p});
}

Tensor norm(const Tensor& self, const std::optional<Scalar>& p, std::optional<Shape> dim, bool keepdim, DType dtype) {
  return op::linalg_vector_norm(self, p ? *p : Scalar(int64_t(2)), dim, keepdim, dtype);
}
Tensor norm_str(const Tensor& self, const std::string& p, std::optional<Shape> dim, bool keepdim, DType dtype) {
  if (p == "fro" && (!dim || dim->n <= 2)) return op::linalg_vector_norm(self, Scalar(int64_t(2)), dim, keepdim, dtype);
  std::vector<int64_t> every(size_t(self.dim()));
  std::iota(every.begin(), every.end(), 0);
  return op::linalg_matrix_norm_str_ord(self, p, dim ? *dim : Shape(every), keepdim, dtype);
}

namespace {
// The sum of absolute values along one dimension of a matrix, its extreme along the other.
Tensor matrix_sums(const Tensor& self, double p, int64_t row, int64_t col, bool keepdim, DType dtype) {
  const bool rows = std::isinf(p);
  const int64_t along = rows ? col : row;
  int64_t other = rows ? row : col;
  if (!keepdim && other > along) --other;
  Tensor sums = op::linalg_vector_norm(self, Scalar(int64_t(1)), Shape(&along, 1), keepdim, dtype);
  if (p > 0 && sums->sizes[other] == 0)   // the largest of nothing
    return zeros(reduced_shape(sums.sizes(), DimMask(1) << other, keepdim), sums.dtype(), sums.device());
  return p > 0 ? op::amax(sums, {other}, keepdim) : op::amin(sums, {other}, keepdim);
}

void check_norm_dims(const Tensor& self, Shape dim, int64_t& row, int64_t& col) {
  PL_CHECK(self.dim() >= 2, "linalg.matrix_norm: The input tensor A must have at least 2 dimensions.");
  PL_CHECK(dim.n == 2, "linalg.matrix_norm: dim must be a 2-tuple. Got %s", to_string(dim).c_str());
  row = wrap_dim(dim[0], self.dim());
  col = wrap_dim(dim[1], self.dim());
  PL_CHECK(row != col, "linalg.matrix_norm: dims must be different. Got (%lld, %lld)", (long long)dim[0],
           (long long)dim[1]);
  PL_CHECK_AS(Runtime, is_differentiable(self.dtype()), "float_needed",
              "linalg.matrix_norm: Expected a floating point or complex tensor as input. Got %s",
              info(self.dtype()).scalar_name);
}

}  // namespace

Tensor linalg_matrix_norm(const Tensor& self, const Scalar& ord, Shape dim, bool keepdim, DType dtype) {
  int64_t row, col;
  check_norm_dims(self, dim, row, col);
  const double p = ord.to_double();
  PL_CHECK(std::abs(p) == 1 || std::abs(p) == 2 || std::isinf(p), "linalg.matrix_norm: Order %g not supported.", p);
  if (std::abs(p) == 2)
    return spectral_norm(self, p > 0 ? SpectralNorm::Largest : SpectralNorm::Smallest, row, col, keepdim, dtype);
  return matrix_sums(self, p, row, col, keepdim, dtype);
}
Tensor linalg_matrix_norm_str_ord(const Tensor& self, const std::string& ord, Shape dim, bool keepdim, DType dtype) {
  int64_t row, col;
  check_norm_dims(self, dim, row, col);
  PL_CHECK(ord == "fro" || ord == "nuc", "linalg.matrix_norm: Order %s not supported.", ord.c_str());
  if (ord == "nuc") return spectral_norm(self, SpectralNorm::Sum, row, col, keepdim, dtype);
  return op::linalg_vector_norm(self, Scalar(int64_t(2)), Shape({row, col}), keepdim, dtype);
}
Tensor linalg_norm(const Tensor& self, const std::optional<Scalar>& ord, std::optional<Shape> dim, bool keepdim,
                   DType dtype) {
  PL_CHECK(!dim || dim->n == 1 || dim->n == 2, "linalg.norm: If dim is specified, it must be of length 1 or 2. Got %s",
           dim ? to_string(*dim).c_str() : "");
  PL_CHECK(!ord || dim || self.dim() == 1 || self.dim() == 2,
           "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got %dD.", self.dim());
  if (ord && ((dim && dim->n == 2) || (!dim && self.dim() == 2)))
    return op::linalg_matrix_norm(self, *ord, dim ? *dim : Shape({0, 1}), keepdim, dtype);
  return op::linalg_vector_norm(self, ord ? *ord : Scalar(int64_t(2)), dim, keepdim, dtype);
}
Tensor linalg_norm_ord_str(const Tensor& self, const std::string& ord, std::optional<Shape> dim, bool keepdim,
                           DType dtype) {
  PL_CHECK(!dim || dim->n == 1 || dim->n == 2, "linalg.norm: If dim is specified, it must be of length 1 or 2. Got %s",
           dim ? to_string(*dim).c_str() : "");
  PL_CHECK(dim || self.dim() == 1 || self.dim() == 2,
           "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got %dD.", self.dim());
  return op::linalg_matrix_norm_str_ord(self, ord, dim ? *dim : Shape({0, 1}), keepdim, dtype);
}
Tensor dist(const Tensor& self, const Tensor& other, const Scalar& p) {
  return op::linalg_vector_norm(op::sub(self, other, Scalar(int64_t(1))), p, {}, false, DType::Undefined);
}

// ---------------------------------------------------------------- log of a sum of exponentials
Tensor logsumexp(const Tensor& self, Shape dim, bool keepdim) {
  const DType d = float_dtype(self.dtype());
  if (!is_complex(d))
    return single(self, {Reduction::LogSumExp, "logsumexp_cpu", reduced_dims(dim, self.dim()), keepdim, d, d});
  // Complex: shifted by the largest real part.
  if (self.numel() == 0) return op::log(op::sum_dim_IntList(self, dim, keepdim, DType::Undefined));
  Tensor top = op::amax(op::real(self), dim, true);
  top = op::where_self(op::isinf(top), Scalar(0.0), top);
  Tensor sum = op::sum_dim_IntList(op::exp(op::sub(self, top, Scalar(int64_t(1)))), dim, true, DType::Undefined);
  Tensor r = op::add(op::log(sum), top, Scalar(int64_t(1)));
  return keepdim ? r : op::reshape(r, reduced_shape(self.sizes(), reduced_dims(dim, self.dim()), false));
}

// ---------------------------------------------------------------- areas under curves
namespace {

// The sums of neighbours along dim, which the trapezoids' areas are made of.
Tensor neighbour_sums(const Tensor& y, int64_t dim) {
  const int64_t n = y->sizes[dim] - 1;
  return op::add(op::narrow(y, dim, 0, n), op::narrow(y, dim, 1, n), Scalar(int64_t(1)));
}

// The distances between the sample points x, in a shape that broadcasts with y's.
Tensor distances(const Tensor& y, const Tensor& x, int64_t dim, const char* name) {
  PL_CHECK(x.dim() != 1 || x.numel() == y->sizes[dim], "%s: There must be one `x` value for each sample point", name);
  if (x.dim() == 1) {
    std::vector<int64_t> shape(size_t(y.dim()), 1);
    shape[size_t(dim)] = x.numel() - 1;
    return op::reshape(op::diff(x, 1, 0, {}, {}), shape);
  }
  return op::diff(x, 1, dim - y.dim(), {}, {});
}

int64_t check_samples(const Tensor& y, int64_t dim, const char* name) {
  PL_CHECK(y.dtype() != DType::Bool, "%s: received a bool input for `y`, but bool is not supported", name);
  PL_CHECK_AS(Index, y.dim() > 0, "dim_out_of_range", "Dimension specified as %lld but tensor has no dimensions",
              (long long)dim);
  return wrap_dim(dim, y.dim());
}

Tensor without(const Tensor& y, int64_t dim) {
  return zeros(reduced_shape(y.sizes(), DimMask(1) << dim, false), y.dtype(), y.device());
}

}  // namespace

Tensor trapezoid_x(const Tensor& y, const Tensor& x, int64_t dim) {
  dim = check_samples(y, dim, "trapezoid");
  if (y->sizes[dim] == 0) return without(y, dim);
  Tensor areas = op::mul(neighbour_sums(y, dim), distances(y, x, dim, "trapezoid"));
  return op::mul(op::sum_dim_IntList(areas, Shape(&dim, 1), false, DType::Undefined), Scalar(0.5));
}
Tensor trapezoid_dx(const Tensor& y, const Scalar& dx, int64_t dim) {
  dim = check_samples(y, dim, "trapezoid");
  if (y->sizes[dim] == 0) return without(y, dim);
  Tensor sums = op::sum_dim_IntList(neighbour_sums(y, dim), Shape(&dim, 1), false, DType::Undefined);
  return op::mul(sums, Scalar(dx.to_double() / 2));
}
Tensor cumulative_trapezoid_x(const Tensor& y, const Tensor& x, int64_t dim) {
  dim = check_samples(y, dim, "cumulative_trapezoid");
  Tensor areas = op::mul(neighbour_sums(y, dim), distances(y, x, dim, "cumulative_trapezoid"));
  return op::mul(op::cumsum(areas, dim, DType::Undefined), Scalar(0.5));
}
Tensor cumulative_trapezoid_dx(const Tensor& y, const Scalar& dx, int64_t dim) {
  dim = check_samples(y, dim, "cumulative_trapezoid");
  return op::mul(op::cumsum(neighbour_sums(y, dim), dim, DType::Undefined), Scalar(dx.to_double() / 2));
}

}  // namespace native
}  // namespace pl
