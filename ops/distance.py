"""Operators on sets of rows: distances, segments, hashes; and operators that PyTorch keeps below its public API.

See docs/design.md for the columns.
"""
from ops.table import op

# ---- distances
op("_cdist(Tensor x1, Tensor x2, float p, bool matmul) -> Tensor", forms="f", doc="The kernel of cdist; with matmul by way of a matrix product.")
op("pdist(Tensor self, float p=2.0) -> Tensor", forms="f",
   doc="The p-norm distances between all pairs of different rows of a matrix: row 0 to the others, then row 1 to those behind it, and so on.")

# ---- segments and hashes
op("segment_reduce(Tensor data, str reduce, *, Tensor? lengths=None, Tensor? indices=None, Tensor? offsets=None, int axis=0, bool unsafe=False, "
   "Scalar? initial=None) -> Tensor", forms="f", aliases="_segment_reduce",
   grad={"data": "segment_reduce_backward(grad, result, data, reduce, lengths, offsets, axis, initial)"},
   doc="Reduces stretches along axis, given by their lengths or by where they begin and end: 'sum', 'mean', 'max', 'min' or 'prod'.")
op("hash_tensor(Tensor self, int[1] dim=[], *, bool keepdim=False, int mode=0) -> Tensor", forms="fmo", not_diff=True,
   exact_out="Expected result to be of dtype uint64, but got {out}",
   doc="A 64-bit number that changes with any bit of the elements: the exclusive or of all of them, as float64 or int64.")

# ---- below the public API
op("_chunk_cat(Tensor[] tensors, int dim, int num_chunks) -> Tensor", forms="fo",
   doc="Cuts each tensor along dim into num_chunks, filled up with zeros, and joins the flattened chunks of the same number.")
op("_unsafe_masked_index(Tensor self, Tensor mask, Tensor?[] indices, Scalar fill) -> Tensor", forms="f",
   doc="self[indices] where mask is True, fill elsewhere; indices there may be out of range.")
op("_unsafe_masked_index_put_accumulate(Tensor self, Tensor mask, Tensor?[] indices, Tensor values) -> Tensor", forms="f",
   doc="A copy of self with values added at indices where mask is True.")
op("_unsafe_index(Tensor self, Tensor?[] indices) -> Tensor", forms="f", doc="self[indices].")
op("_unsafe_index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor", forms="f", doc="index_put.")
op("native_dropout_backward(Tensor grad_output, Tensor mask, float scale) -> Tensor", forms="f",
   grad={"grad_output": "native_dropout_backward(grad, mask, scale)"}, doc="The gradient of native_dropout.")
op("slice_inverse(Tensor(a) self, Tensor src, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor(a)", forms="fm",
   doc="self in the geometry of src, of which it is a slice.")
