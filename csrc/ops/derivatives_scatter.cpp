#include "ops/derivatives.h"

namespace pl {
namespace {

const Scalar kOne(int64_t(1)), kZero(int64_t(0));

Tensor ones_of(const Tensor& t) { return op::ones_like(t, DType::Undefined, {}, MemoryFormat::None); }
Tensor zeros_of(const Tensor& t) { return op::zeros_like(t, DType::Undefined, {}, MemoryFormat::None); }

// How values travel between src and self in scatter_reduce (element by element) and index_reduce (slice by slice).
struct Route {
  int64_t dim;
  const Tensor& index;
  const std::string& reduce;
  bool include_self, slices;
  Tensor add(const Tensor& self, const Tensor& src) const {
    return slices ? op::index_add(self, dim, index, src, kOne) : op::scatter_add(self, dim, index, src);
  }
  Tensor take(const Tensor& self) const { return slices ? op::index_select(self, dim, index) : op::gather(self, dim, index, false); }
  Tensor combine(const Tensor& self, const Tensor& src) const {
    return slices ? op::index_reduce(self, dim, index, src, reduce, include_self) : op::scatter_reduce(self, dim, index, src, reduce, include_self);
  }
  Tensor cleared(const Tensor& grad) const {
    return slices ? op::index_fill(grad, dim, index, kZero) : op::scatter_value(grad, dim, index, kZero);
  }
};

// mean: how many numbers each result is made of.
Tensor counts(const Route& r, const Tensor& self, const Tensor& src) {
  Tensor n = r.add(r.include_self ? ones_of(self) : zeros_of(self), ones_of(src));
  return op::masked_fill(n, op::eq(n, kZero), kOne);
}

Tensor equal_to(const Tensor& a, const Tensor& b) { return cast(op::eq(a, b), a.dtype()); }

// amax and amin: the gradient is shared by all elements that equal the result.
Tensor share(const Route& r, const Tensor& grad, const Tensor& self, const Tensor& src, const Tensor& result) {
  return op::true_divide(grad, r.add(equal_to(self, result), equal_to(src, r.take(result))));
}

Tensor self_grad(const Route& r, const Tensor& grad, const Tensor& self, const Tensor& src, const Tensor& result) {
  Tensor g = grad;
  if (r.reduce == "mean") {
    g = op::true_divide(grad, counts(r, self, src));
  } else if (r.reduce == "prod") {
    // The product of the others, also where self is 0.
    Tensor nonzero = op::masked_fill(self, op::eq(self, kZero), kOne);
    g = op::true_divide(op::mul(grad, r.combine(nonzero, src)), nonzero);
  } else if (r.reduce != "sum") {
    g = op::mul(equal_to(self, result), share(r, grad, self, src, result));
  }
  return r.include_self ? g : r.cleared(g);
}

Tensor src_grad(const Route& r, const Tensor& grad, const Tensor& self, const Tensor& src, const Tensor& result) {
  if (r.reduce == "mean") return r.take(op::true_divide(grad, counts(r, self, src)));
  if (r.reduce == "prod") {
    // A zero that is alone in its product gets the product of the others; two zeros leave nothing for either.
    Tensor zero = op::eq(src, kZero);
    Tensor alone = op::logical_and(zero, op::eq(r.take(r.add(zeros_of(self), cast(zero, self.dtype()))), kOne));
    Tensor others = r.combine(self, op::masked_fill(src, alone, kOne));
    Tensor quotient = op::true_divide(r.take(op::mul(grad, result)), op::masked_fill(src, zero, kOne));
    return op::where_self(alone, r.take(op::mul(grad, others)), quotient);
  }
  if (r.reduce != "sum") return op::mul(equal_to(src, r.take(result)), r.take(share(r, grad, self, src, result)));
  return r.take(grad);
}

}  // namespace

Tensor gather_backward(const Tensor& grad, Shape shape, int64_t dim, const Tensor& index) {
  return op::scatter_add(zeros(shape, grad.dtype(), grad.device()), dim, index, grad);
}

Tensor index_fill_value_grad(const Tensor& grad, int64_t dim, const Tensor& index, Shape shape) {
  const Tensor once = std::get<0>(op::_unique2(index, true, false, false));
  return op::sum_to_size(op::index_select(grad, dim, once), shape);
}

Tensor no_scatter_gradient(const Tensor&) { fail(ErrorType::Runtime, "", "the derivative of scatter with reduce is not implemented; use scatter_reduce"); }

Tensor scatter_reduce_self_grad(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, const std::string& reduce,
                                bool include_self, const Tensor& result) {
  return self_grad({dim, index, reduce, include_self, false}, grad, self, src, result);
}
Tensor scatter_reduce_src_grad(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, const std::string& reduce,
                               bool include_self, const Tensor& result) {
  return src_grad({dim, index, reduce, include_self, false}, grad, self, src, result);
}
Tensor index_reduce_self_grad(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                              bool include_self, const Tensor& result) {
  return self_grad({dim, index, reduce, include_self, true}, grad, self, source, result);
}
Tensor index_reduce_source_grad(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                                bool include_self, const Tensor& result) {
  return src_grad({dim, index, reduce, include_self, true}, grad, self, source, result);
}

}  // namespace pl
