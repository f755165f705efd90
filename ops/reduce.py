"""Reductions, softmax, running sums, sorting and what is found by sorting."""
from ops.table import op

DIMS = "int[1]? dim, bool keepdim=False"
ALL_OR_DIMS = "int[1]? dim=None, bool keepdim=False"
DTYPE = "*, ScalarType? dtype=None"
VALUES = "(Tensor values, Tensor indices)"


def picked(schema, doc, node=None, forms="fmo", keepdim="keepdim"):
    """An operator that selects elements along dim: the gradient goes where they came from."""
    op(f"{schema} -> {VALUES}", grad={"self": f"selected_backward(grads[0], self.shape, result1, dim, {keepdim})"}, node=node, forms=forms, doc=doc)


# ---- sums, means, products
op(f"sum(Tensor self, {DTYPE}) -> Tensor", grad={"self": "sum_backward(grad, self.shape, None, False, self.dtype)"}, forms="fm",
   ref="numpy.sum", doc="The sum of all elements, or along dim. Integers and bools give int64.")
op(f"sum.dim_IntList(Tensor self, {DIMS}, {DTYPE}) -> Tensor", grad={"self": "sum_backward(grad, self.shape, dim, keepdim, self.dtype)"},
   forms="fmo", node="SumBackward1")
op(f"nansum(Tensor self, {ALL_OR_DIMS}, {DTYPE}) -> Tensor", grad={"self": "nansum_backward(grad, self, dim, keepdim)"}, forms="fmo",
   ref="numpy.nansum", doc="The sum, with NaN counted as zero.")
op(f"mean(Tensor self, {DTYPE}) -> Tensor", grad={"self": "mean_backward(grad, self.shape, None, False, self.dtype)"}, forms="fm",
   ref="numpy.mean", doc="The average of all elements, or along dim.")
op(f"mean.dim(Tensor self, {DIMS}, {DTYPE}) -> Tensor", grad={"self": "mean_backward(grad, self.shape, dim, keepdim, self.dtype)"},
   forms="fmo", node="MeanBackward1")
op(f"nanmean(Tensor self, {ALL_OR_DIMS}, {DTYPE}) -> Tensor", forms="fmo", ref="numpy.nanmean", doc="The average of the elements that are not NaN.")
op(f"prod(Tensor self, {DTYPE}) -> Tensor", grad={"self": "prod_backward(grad, self, result)"}, forms="fm",
   ref="numpy.prod", doc="The product of all elements, or along dim. Integers and bools give int64.")
op(f"prod.dim_int(Tensor self, int dim, bool keepdim=False, {DTYPE}) -> Tensor", forms="fmo", node="ProdBackward1",
   grad={"self": "prod_dim_backward(grad, self, result, dim, keepdim)"})
op("sum_to_size(Tensor self, int[] size) -> Tensor", forms="m", doc="Sums the dimensions that broadcasting size to this shape would repeat.")
op("trace(Tensor self) -> Tensor", grad={"self": "trace_backward(grad, self.shape)"}, forms="fm", ref="numpy.trace",
   doc="The sum of the elements on the diagonal of a matrix.")
op("count_nonzero(Tensor self, int? dim=None) -> Tensor", forms="fm", not_diff=True, ref="numpy.count_nonzero",
   doc="How many elements are not zero, in all or along dim.")
op("count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor", forms="fm", not_diff=True)

# ---- the largest and the smallest
for name, adjective in (("max", "largest"), ("min", "smallest")):
    node = name.capitalize() + "Backward"
    op(f"{name}(Tensor self) -> Tensor", grad={"self": "evenly_to_extremes(grad, self, result, None, False)"}, forms="fmo", node=node + "1",
       ref=f"numpy.{name}", doc=f"The {adjective} element; with dim, the {adjective} along it and where it is; with a second tensor, elementwise.")
    op(f"{name}.other(Tensor self, Tensor other) -> Tensor", forms="fmo")
    picked(f"{name}.dim(Tensor self, int dim, bool keepdim=False)", "", node + "0")
    op(f"a{name}(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor", forms="fmo", ref=f"numpy.{name}",
       exact_out="Expected the dtype for input and out to match, but got {result} for input's dtype and {out} for out's dtype.",
       grad={"self": "evenly_to_extremes(grad, self, result, dim, keepdim)"}, doc=f"The {adjective} element along one or several dimensions.")
    op(f"arg{name}(Tensor self, int? dim=None, bool keepdim=False) -> Tensor", forms="fmo", not_diff=True, ref=f"numpy.arg{name}",
       doc=f"The index of the {adjective} element, of the flattened tensor or along dim.")
op("aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)", forms="fmo",
   exact_out="Expected out tensor to have dtype {c_result}, but got {c_out} instead",
   grad={"self": "aminmax_backward(grads[0], grads[1], self, result0, result1, dim, keepdim)"}, doc="The smallest and the largest element at once.")

# ---- logic
for name, words in (("any", "any element is"), ("all", "all elements are")):
    op(f"{name}(Tensor self) -> Tensor", forms="fmo", not_diff=True, ref=f"numpy.{name}", doc=f"Whether {words} true (not zero).")
    op(f"{name}.dim(Tensor self, int dim, bool keepdim=False) -> Tensor", forms="fmo", not_diff=True)
    op(f"{name}.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor", forms="fmo", not_diff=True)

# ---- spread
CORRECTION = "int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False"
for name, words in (("var", "variance"), ("std", "standard deviation")):
    doc = f"The {words}; divides by n - 1 (unbiased) unless correction says otherwise."
    saved = "self, result" if name == "std" else "self"
    op(f"{name}(Tensor self, bool unbiased=True) -> Tensor", forms="fm", ref=f"numpy.{name}", doc=doc)
    op(f"{name}.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor", forms="fmo")
    op(f"{name}.correction(Tensor self, {CORRECTION}) -> Tensor", forms="fmo",
       grad={"self": f"{name}_backward(grad, {saved}, dim, correction, keepdim)"})
    saved = "self, result0" if name == "std" else "self"
    op(f"{name}_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)", forms="f", doc=f"The {words} and the mean at once.")
    op(f"{name}_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)", forms="f")
    op(f"{name}_mean.correction(Tensor self, {CORRECTION}) -> (Tensor, Tensor)", forms="f",
       grad={"self": f"{name}_mean_backward(grads[0], grads[1], {saved}, dim, correction, keepdim)"})

# ---- norms
op(f"linalg_vector_norm(Tensor self, Scalar ord=2, {ALL_OR_DIMS}, {DTYPE}) -> Tensor", forms="fo", ref="numpy.linalg.norm",
   grad={"self": "vector_norm_backward(grad, self, result, ord, dim, keepdim)"}, doc="The norm of a tensor seen as one vector, or along dim.")
op("frobenius_norm(Tensor self, int[1] dim, bool keepdim=False) -> Tensor", forms="fo", doc="The root of the sum of squares along one or two dimensions.")
op("norm_except_dim(Tensor v, int pow=2, int dim=0) -> Tensor", forms="f", doc="The norm over all dimensions but one, which keeps its place.")
op("renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor", forms="fmio",
   doc="Scales the slices along a dimension whose p-norm is above maxnorm down to it; the others stay as they are.")
op(f"linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2, -1], bool keepdim=False, {DTYPE}) -> Tensor", forms="fo",
   doc="The norm of matrices: 'fro', 'nuc', inf, 1, 2 and their negatives.")
op(f"linalg_matrix_norm.str_ord(Tensor self, str ord='fro', int[] dim=[-2, -1], bool keepdim=False, {DTYPE}) -> Tensor", forms="fo")
op(f"linalg_norm(Tensor self, Scalar? ord=None, {ALL_OR_DIMS}, {DTYPE}) -> Tensor", forms="fo", doc="A vector or matrix norm, by the dimensions given.")
op(f"linalg_norm.ord_str(Tensor self, str ord, {ALL_OR_DIMS}, {DTYPE}) -> Tensor", forms="fo")
op(f"norm(Tensor self, Scalar? p=2, {ALL_OR_DIMS}, ScalarType? dtype=None) -> Tensor", forms="fmo", ref="numpy.linalg.norm",
   doc="The p-norm: (sum |x|^p)^(1/p); p=2 is the length of a vector.")
op(f"norm.str(Tensor self, str p, {ALL_OR_DIMS}, ScalarType? dtype=None) -> Tensor", forms="fmo")
op("dist(Tensor self, Tensor other, Scalar p=2) -> Tensor", forms="fm",
   grad={"self": "dist_backward(grad, self, other, result, p, self.shape, False)", "other": "dist_backward(grad, self, other, result, p, other.shape, True)"},
   doc="The p-norm of input - other.")

# ---- softmax
op("softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", forms="fmo", ref="scipy.special.softmax",
   doc="Makes numbers along dim positive with sum 1: exp(x) / sum(exp(x)).")
op("log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", forms="fmo", ref="scipy.special.log_softmax",
   doc="The logarithm of softmax, computed without losing precision.")
op("_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", forms="f", doc="softmax in which a row of -inf gives zeros.")
for log, helper in (("", "softmax_output_grad"), ("log_", "log_softmax_output_grad")):
    node = ("Log" if log else "") + "Softmax"
    backward = f"_{log}softmax_backward_data"
    op(f"_{log}softmax(Tensor self, int dim, bool half_to_float) -> Tensor", forms="fo", node=node + "Backward0",
       grad={"self": f"{backward}(grad, result, dim, self.dtype)"}, doc=f"The kernel of {log}softmax.")
    wrt_grad = f"{backward}(grad, output, dim, grad_output.dtype)" if not log else "grad - sum_dim_IntList(grad * exp(output), dim, True)"
    op(f"{backward}(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor", forms="fo", node=node + "BackwardDataBackward0",
       grad={"grad_output": wrt_grad, "output": f"{helper}(grad, grad_output, output, dim)"}, doc=f"The gradient of {log}softmax.")
op("logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor", grad={"self": "logsumexp_backward(grad, self, result, dim, keepdim)"},
   forms="fmo", ref="scipy.special.logsumexp", doc="log(sum(exp(x))) along dim, without overflow.")

# ---- running results
op(f"cumsum(Tensor self, int dim, {DTYPE}) -> Tensor", grad={"self": "cumsum_backward(grad, dim, self.dtype)"}, forms="fmio",
   ref="numpy.cumsum", doc="Running sums along dim. Integers and bools give int64.")
op(f"cumprod(Tensor self, int dim, {DTYPE}) -> Tensor", grad={"self": "cumprod_backward(grad, self, result, dim)"}, forms="fmio",
   ref="numpy.cumprod", doc="Running products along dim. Integers and bools give int64.")
picked("cummax(Tensor self, int dim)", "The largest element so far along dim, and where it is.", keepdim="True")
picked("cummin(Tensor self, int dim)", "The smallest element so far along dim, and where it is.", keepdim="True")
op("logcumsumexp(Tensor self, int dim) -> Tensor", grad={"self": "logcumsumexp_backward(grad, self, result, dim)"}, forms="fmo",
   doc="log of the running sums of exp(x) along dim, without overflow.")

# ---- sorting
picked("sort(Tensor self, int dim=-1, bool descending=False)", "Sorts along dim; equal elements keep their order. Gives values and indices.",
       keepdim="True")
picked("sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False)", "", "SortBackward1", keepdim="True")
op("argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor", forms="fm", not_diff=True, ref="numpy.argsort",
   doc="The indices that sort input along dim.")
op("argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor", forms="fm", not_diff=True)
op("msort(Tensor self) -> Tensor", forms="fmo", doc="Sorts along the first dimension.")
picked("topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True)", "The k largest (or smallest) elements along dim.", keepdim="True")
picked("kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False)", "The k-th smallest element along dim.")
for name, words in (("median", "The middle element; of two, the lower."), ("nanmedian", "The middle of the elements that are not NaN.")):
    node = name.capitalize() + "Backward"
    op(f"{name}(Tensor self) -> Tensor", grad={"self": "evenly_to_extremes(grad, self, result, None, False)"}, forms="fm", doc=words)
    picked(f"{name}.dim(Tensor self, int dim, bool keepdim=False)", "", node + "1")
picked("mode(Tensor self, int dim=-1, bool keepdim=False)", "The most frequent element along dim; of several, the smallest.")
for name, words in (("quantile", "The q-quantiles: below a fraction q of the elements lies"), ("nanquantile", "quantile of the elements that are not NaN")):
    rest = "int? dim=None, bool keepdim=False, *, str interpolation='linear'"
    op(f"{name}(Tensor self, Tensor q, {rest}) -> Tensor", forms="fmo", ref=f"numpy.{name}", doc=words + " the value." if name == "quantile" else words + ".")
    op(f"{name}.scalar(Tensor self, float q, {rest}) -> Tensor", forms="fmo")

# ---- unique elements and counting
UNIQUE = "(Tensor, Tensor, Tensor)"
op(f"_unique2(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> {UNIQUE}", forms="f", not_diff=True,
   doc="The kernel of unique: values, each element's place among them, and counts.")
op(f"unique_dim(Tensor self, int dim, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> {UNIQUE}", forms="f",
   not_diff=True, doc="unique over the slices along a dimension.")
op(f"_unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> {UNIQUE}", forms="f",
   not_diff=True, doc="The kernel of unique_consecutive.")
op("bincount(Tensor self, Tensor? weights=None, int minlength=0) -> Tensor", forms="fm", not_diff=True, ref="numpy.bincount",
   doc="How often each non-negative integer occurs, or the sum of its weights.")
op("histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor", forms="fmo", not_diff=True,
   doc="How many elements fall into each of `bins` equal parts of [min, max].")
op("diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor", forms="fmo", ref="numpy.diff",
   doc="Differences of neighbours along dim, n times over.")
for name, doc in (("trapezoid", "The area under the curve y along dim, from trapezoids over the points x or dx apart."),
                  ("cumulative_trapezoid", "The running area under the curve y along dim.")):
    alias = "trapz" if name == "trapezoid" else ""
    op(f"{name}.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor", forms="f", aliases=alias, doc=doc)
    op(f"{name}.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor", forms="f")
