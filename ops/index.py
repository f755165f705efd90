"""Choosing elements by index or mask, and writing to them."""
from ops.table import op

# ---- indices for several dimensions, as in x[i, j]
op("index(Tensor self, Tensor?[] indices) -> Tensor", forms="", grad={"self": "index_backward(grad, self.shape, indices)"}, doc="input[indices].")
op("index_backward(Tensor grad, int[] shape, Tensor?[] indices) -> Tensor", forms="", node="IndexPutBackward0", grad={"grad": "index(grad, indices)"})
PUT_GRAD = {"self": "grad if accumulate else index_cleared(grad, indices)", "values": "index_values_grad(grad, indices, values.shape)"}
op("index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor", forms="fm", grad=PUT_GRAD,
   doc="A copy of input with values written to input[indices], or added with accumulate.")
op("index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor(a!)", forms="fm", node="IndexPutBackward0",
   grad=PUT_GRAD, doc="Writes values to input[indices], or adds them with accumulate.")

# ---- masks
FILL_GRAD = {"self": "masked_fill(grad, mask, 0)", "value": "masked_fill_value_grad(grad, mask)"}
op("masked_fill(Tensor self, Tensor mask, Operand value) -> Tensor", forms="fm",
   grad={"self": "masked_fill_self_grad(grad, mask, self.shape)", "value": "masked_fill_value_grad(grad, mask)"},
   doc="A copy of input with value where mask is True.")
op("masked_fill_(Tensor(a!) self, Tensor mask, Operand value) -> Tensor(a!)", forms="m", node="MaskedFillBackward0", grad=FILL_GRAD,
   doc="In-place form of masked_fill.")
op("masked_select(Tensor self, Tensor mask) -> Tensor", forms="fmo", grad={"self": "masked_select_backward(grad, mask, self.shape)"},
   doc="The elements where mask is True, as a vector.")
op("masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor", forms="fmi",
   grad={"self": "masked_fill_self_grad(grad, mask, self.shape)", "source": "masked_scatter_backward(grad, mask, source.shape)"},
   doc="A copy of input with the elements of source, in order, where mask is True.")
op("nonzero(Tensor self) -> Tensor", forms="fmo", ref="numpy.argwhere", doc="The indices of the nonzero elements, a row each; with as_tuple a vector for each dimension.")
op("nonzero.tuple(Tensor self, *, bool as_tuple, Tensor? out=None) -> Any", forms="fm")
op("nonzero_static(Tensor self, *, int size, int fill_value=-1) -> Tensor", forms="fmo", not_diff=True,
   doc="The indices of the first `size` nonzero elements, a row each; rows of fill_value where there are fewer.")
op("fill_diagonal_(Tensor(a!) self, Scalar fill_value, bool wrap=False) -> Tensor(a!)", forms="m",
   doc="Sets the main diagonal; with wrap it begins again below a tall matrix's last column.")
op("argwhere(Tensor self) -> Tensor", forms="fm", ref="numpy.argwhere", doc="The indices of the nonzero elements, a row each.")
op("where.condition(Tensor condition) -> Tensor[]", forms="f")
op("where.method(Tensor self, Tensor condition, Operand other) -> Tensor", forms="m")

# ---- indices along one dimension
op("index_select(Tensor self, int dim, Tensor index) -> Tensor", forms="fmo", grad={"self": "index_select_backward(grad, self.shape, dim, index)"},
   ref="numpy.take", doc="The slices along a dimension that index names.")
op("index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor", forms="fmo",
   grad={"self": "grad", "source": "scaled(slices_at(grad, dim, index, source.shape), alpha)"}, doc="A copy of input with alpha * source added to the slices that index names.")
op("index_add_(Tensor(a!) self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor(a!)", forms="m", node="IndexAddBackward0",
   grad={"self": "grad", "source": "scaled(slices_at(grad, dim, index, source.shape), alpha)"}, doc="In-place form of index_add.")
op("index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor", forms="fmo",
   grad={"self": "index_fill(grad, dim, index, 0)", "source": "slices_at(grad, dim, index, source.shape)"},
   doc="A copy of input with source written to the slices that index names.")
op("index_copy_(Tensor(a!) self, int dim, Tensor index, Tensor source) -> Tensor(a!)", forms="m", node="IndexCopyBackward0",
   grad={"self": "index_fill(grad, dim, index, 0)", "source": "slices_at(grad, dim, index, source.shape)"}, doc="In-place form of index_copy.")
op("index_fill(Tensor self, int dim, Tensor index, Operand value) -> Tensor", forms="fm",
   grad={"self": "index_fill(grad, dim, index, 0)", "value": "index_fill_value_grad(grad, dim, index, value.shape)"},
   doc="A copy of input with value in the slices that index names.")
op("index_fill_(Tensor(a!) self, int dim, Tensor index, Operand value) -> Tensor(a!)", forms="m", node="IndexFillBackward0",
   grad={"self": "index_fill(grad, dim, index, 0)", "value": "index_fill_value_grad(grad, dim, index, value.shape)"}, doc="In-place form of index_fill.")
op("index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor", forms="fmio",
   grad={"self": "index_reduce_self_grad(grad, self, dim, index, source, reduce, include_self, result)",
         "source": "index_reduce_source_grad(grad, self, dim, index, source, reduce, include_self, result)"},
   doc="A copy of input with source combined into the slices that index names, by 'prod', 'mean', 'amax' or 'amin'.")
op("gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor", forms="fmo",
   exact_out="Expected out tensor to have dtype {c_result}, but got {c_out} instead", grad={"self": "gather_backward(grad, self.shape, dim, index)"},
   ref="numpy.take_along_axis", doc="Element index[i][j] along a dimension for every position of index.")
op("take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor", forms="fmo", ref="numpy.take_along_axis",
   doc="As gather, with index and input broadcast against each other.")
SCATTER_GRAD = {"self": "scatter_value(grad, dim, index, 0)", "src": "gather(grad, dim, index)"}
op("scatter(Tensor self, int dim, Tensor index, Tensor src) -> Tensor", forms="fmo", grad=SCATTER_GRAD,
   doc="A copy of input with src (or value) written to the places along a dimension that index names.")
op("scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor", forms="fmo", node="ScatterBackward1", grad={"self": SCATTER_GRAD["self"]})
op("scatter.reduction(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor", forms="fmo")
op("scatter.value_reduction(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor", forms="fmo")
op("scatter_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)", forms="m", node="ScatterBackward0", grad=SCATTER_GRAD, doc="In-place form of scatter.")
op("scatter_.value(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)", forms="m", node="ScatterBackward1", grad={"self": SCATTER_GRAD["self"]})
op("scatter_.reduction(Tensor(a!) self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor(a!)", forms="m", grad={"self": "no_scatter_gradient(grad)"})
op("scatter_.value_reduction(Tensor(a!) self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor(a!)", forms="m", grad={"self": "no_scatter_gradient(grad)"})
op("scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor", forms="fmo", grad={"self": "grad", "src": "gather(grad, dim, index)"},
   doc="A copy of input with src added at the places along a dimension that index names.")
op("scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)", forms="m", node="ScatterAddBackward0",
   grad={"self": "grad", "src": "gather(grad, dim, index)"}, doc="In-place form of scatter_add.")
op("scatter_reduce(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor", forms="fmio",
   grad={"self": "scatter_reduce_self_grad(grad, self, dim, index, src, reduce, include_self, result)",
         "src": "scatter_reduce_src_grad(grad, self, dim, index, src, reduce, include_self, result)"},
   doc="A copy of input with src combined into the places that index names, by 'sum', 'prod', 'mean', 'amax' or 'amin'.")

# ---- indices into the flattened tensor
op("take(Tensor self, Tensor index) -> Tensor", forms="fmo", grad={"self": "take_backward(grad, self.shape, index)"}, ref="numpy.take",
   doc="The elements at index, counted in the flattened input.")
PUT_FLAT_GRAD = {"self": "grad if accumulate else put_cleared(grad, index)", "source": "reshape(take(grad, index), source.shape)"}
op("put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor", forms="fm", grad=PUT_FLAT_GRAD,
   doc="A copy of input with source written to the places index, counted in the flattened input.")
op("put_(Tensor(a!) self, Tensor index, Tensor source, bool accumulate=False) -> Tensor(a!)", forms="m", node="PutBackward0", grad=PUT_FLAT_GRAD,
   doc="In-place form of put.")

# ---- embedding
op("embedding(Tensor weight, Tensor indices, int padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor", forms="f",
   grad={"weight": "embedding_backward(grad, indices, weight.shape, padding_idx, scale_grad_by_freq)"}, doc="The rows of weight that indices name.")
op("embedding_dense_backward(Tensor grad_output, Tensor indices, int num_weights, int padding_idx, bool scale_grad_by_freq) -> Tensor", forms="f",
   grad={"grad_output": "embedding_rows_grad(grad, indices, padding_idx, scale_grad_by_freq)"}, doc="The gradient of an embedding's weight.")

# ---- writing a part
op("select_scatter(Tensor self, Tensor src, int dim, int index) -> Tensor", forms="fm", doc="A copy of input with src as one slice.")
op("slice_scatter(Tensor self, Tensor src, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor", forms="fmo", doc="A copy of input with src as a range of slices.")
op("diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor", forms="fm", doc="A copy of input with src as its diagonal.")
# PyTorch lets the gradient of self through where src stands, not elsewhere; its numbers are kept.
op("as_strided_scatter(Tensor self, Tensor src, int[] size, int[] stride, int? storage_offset=None) -> Tensor", forms="fm",
   grad={"self": "as_strided_scatter(zeros_like(grad), as_strided(contiguous(grad), size, stride, storage_offset), size, stride, storage_offset)",
         "src": "as_strided(contiguous(grad), size, stride, storage_offset)"},
   doc="A copy of input with src written where as_strided would look.")

# ---- searching
op("isin(Operand elements, Operand test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor", forms="fo", ref="numpy.isin",
   doc="True where an element of the first tensor is in the second.")
op("searchsorted(Tensor sorted_sequence, Operand self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor", forms="fo",
   ref="numpy.searchsorted", doc="Where each value would stand in a sorted sequence.")
op("bucketize(Operand self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor", forms="fo", ref="numpy.digitize",
   doc="The bucket between sorted boundaries that each value falls into.")
