"""Views, joining and splitting, and the other operators that move elements without computing with them."""
from ops.table import op

# ---- views: another look at the same memory
op("alias(Tensor(a) self) -> Tensor(a)", forms="", grad={"self": "grad"}, doc="A view of the whole tensor.")
op("view(Tensor(a) self, int[] size) -> Tensor(a)", forms="m", grad={"self": "reshape(grad, self.shape)"},
   doc="The same numbers in another shape, without a copy; one size may be -1.")
op("view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)", forms="m", doc="The same bytes read as another dtype.")
op("reshape(Tensor(a) self, int[] shape) -> Tensor(a)", forms="fm", ref="numpy.reshape",
   doc="The same numbers in another shape: a view where the strides allow it, else a copy. One size may be -1.")
op("_unsafe_view(Tensor self, int[] size) -> Tensor", forms="", node="UnsafeViewBackward0", grad={"self": "reshape(grad, self.shape)"},
   doc="Another shape for a fresh tensor that nobody else holds.")
op("view_as(Tensor(a) self, Tensor other) -> Tensor(a)", forms="m", doc="A view in the shape of other.")
op("reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)", forms="m", doc="The same numbers in the shape of other.")
op("t(Tensor(a) self) -> Tensor(a)", forms="fm", grad={"self": "t(grad)"}, doc="Exchanges rows and columns of a matrix; a vector stays as it is.")
op("transpose(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", forms="fm", grad={"self": "transpose(grad, dim0, dim1)"}, aliases="swapdims",
   doc="Exchanges two dimensions.")
op("swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)", forms="fm", doc="Exchanges two dimensions.")
op("permute(Tensor(a) self, int[] dims) -> Tensor(a)", forms="fm", grad={"self": "permute(grad, inverse_order(dims))"}, ref="numpy.transpose",
   doc="Puts the dimensions in another order.")
op("movedim(Tensor(a) self, int[1] source, int[1] destination) -> Tensor(a)", forms="fm", aliases="moveaxis", ref="numpy.moveaxis",
   doc="Moves dimensions to other places; the rest keep their order.")
op("numpy_T(Tensor(a) self) -> Tensor(a)", forms="f", doc="The dimensions in reverse order.")
op("matrix_H(Tensor(a) self) -> Tensor(a)", forms="f", doc="The conjugate transpose of a matrix.")
op("mT(Tensor(a) self) -> Tensor(a)", forms="f", doc="Exchanges the last two dimensions.")
op("mH(Tensor(a) self) -> Tensor(a)", forms="f", doc="Exchanges the last two dimensions and conjugates.")
op("adjoint(Tensor(a) self) -> Tensor(a)", forms="fm", doc="Exchanges the last two dimensions and conjugates.")
op("squeeze(Tensor(a) self) -> Tensor(a)", forms="fm", grad={"self": "reshape(grad, self.shape)"}, doc="Removes dimensions of size 1.")
op("squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)", forms="fm", node="SqueezeBackward1", grad={"self": "reshape(grad, self.shape)"})
op("squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)", forms="fm", node="SqueezeBackward2", grad={"self": "reshape(grad, self.shape)"})
op("unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", forms="fm", grad={"self": "squeeze_dim(grad, dim)"}, ref="numpy.expand_dims",
   doc="Inserts a dimension of size 1.")
for name, args in (("squeeze_", ""), ("squeeze_.dim", ", int dim"), ("squeeze_.dims", ", int[] dim"), ("unsqueeze_", ", int dim"), ("t_", "")):
    op(f"{name}(Tensor(a!) self{args}) -> Tensor(a!)", forms="m", doc=f"In-place form of {name.partition('_')[0]}.")
op("as_strided_(Tensor(a!) self, int[] size, int[] stride, int? storage_offset=None) -> Tensor(a!)", forms="fm", doc="In-place form of as_strided.")
op("transpose_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)", forms="m", aliases="swapdims_", doc="In-place form of transpose.")
op("swapaxes_(Tensor(a!) self, int axis0, int axis1) -> Tensor(a!)", forms="m", doc="In-place form of swapaxes.")
op("expand(Tensor(a) self, int[] size, *, bool implicit=False) -> Tensor(a)", forms="m", grad={"self": "sum_to_size(grad, self.shape)"},
   doc="Repeats dimensions of size 1 without a copy; -1 keeps a size.")
op("expand_as(Tensor(a) self, Tensor other) -> Tensor(a)", forms="m", doc="Expands to the shape of other.")
op("broadcast_to(Tensor(a) self, int[] size) -> Tensor(a)", forms="fm", ref="numpy.broadcast_to", doc="Expands to the given shape.")
op("flatten(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)", forms="fm", doc="Makes one dimension of several.")
op("unflatten(Tensor(a) self, int dim, int[] sizes) -> Tensor(a)", forms="fm", doc="Makes several dimensions of one.")
op("ravel(Tensor(a) self) -> Tensor(a)", forms="fm", doc="All numbers in one dimension.")
op("select(Tensor(a) self, int dim, int index) -> Tensor(a)", forms="fm", grad={"self": "select_backward(grad, self.shape, dim, index)"},
   doc="One slice along a dimension, which disappears.")
op("slice(Tensor(a) self, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor(a)", forms="",
   grad={"self": "slice_backward(grad, self.shape, dim, start, end, step)"}, doc="A range along a dimension, as input[start:end:step].")
op("narrow(Tensor(a) self, int dim, int start, int length) -> Tensor(a)", forms="fm", doc="length positions along a dimension, from start on.")
op("narrow.tensor(Tensor(a) self, int dim, Tensor start, int length) -> Tensor(a)", forms="fm")
op("as_strided(Tensor(a) self, int[] size, int[] stride, int? storage_offset=None) -> Tensor(a)", forms="fm",
   doc="A view with any sizes and strides over the same storage.")
op("diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)", forms="fm", ref="numpy.diagonal",
   grad={"self": "diagonal_backward(grad, self.shape, offset, dim1, dim2)"}, doc="A view of the diagonal of two dimensions, as the last dimension.")
op("unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)", forms="m",
   grad={"self": "unfold_backward(grad, self.shape, dimension, size, step)"}, doc="All windows of `size` along a dimension, `step` apart, as the last dimension.")

# ---- their gradients, which can be differentiated again
op("select_backward(Tensor grad, int[] input_sizes, int dim, int index) -> Tensor", forms="", grad={"grad": "select(grad, dim, index)"})
op("slice_backward(Tensor grad, int[] input_sizes, int dim, int? start, int? end, int step) -> Tensor", forms="",
   grad={"grad": "slice(grad, dim, start, end, step)"})
op("diagonal_backward(Tensor grad, int[] input_sizes, int offset, int dim1, int dim2) -> Tensor", forms="",
   grad={"grad": "diagonal(grad, offset, dim1, dim2)"})
op("unfold_backward(Tensor grad, int[] input_sizes, int dim, int size, int step) -> Tensor", forms="", grad={"grad": "unfold(grad, dim, size, step)"})

# ---- several views at once
op("unbind(Tensor(a) self, int dim=0) -> Tensor(a)[]", forms="fm", grad={"self": "unbind_backward(grads, self.shape, dim)"},
   doc="All slices along a dimension.")
op("split(Tensor(a) self, int split_size, int dim=0) -> Tensor(a)[]", forms="m", grad={"self": "split_backward(grads, self.shape, split_size, dim)"},
   doc="Pieces of split_size along a dimension; the last may be smaller.")
op("split.sizes(Tensor(a) self, int[] split_size, int dim=0) -> Tensor(a)[]", forms="m")
op("split.function(Tensor(a) tensor, int split_size_or_sections, int dim=0) -> Tensor(a)[]", forms="f")
op("split.sections(Tensor(a) tensor, int[] split_size_or_sections, int dim=0) -> Tensor(a)[]", forms="f")
op("split_with_sizes(Tensor(a) self, int[] split_sizes, int dim=0) -> Tensor(a)[]", forms="fm",
   grad={"self": "split_with_sizes_backward(grads, self.shape, split_sizes, dim)"}, doc="Pieces of the given sizes along a dimension.")
op("chunk(Tensor(a) self, int chunks, int dim=0) -> Tensor(a)[]", forms="fm", doc="At most `chunks` pieces of equal size along a dimension.")
op("tensor_split(Tensor(a) self, int sections, int dim=0) -> Tensor(a)[]", forms="fm", ref="numpy.array_split",
   doc="Pieces along a dimension: a number of nearly equal ones, or cut at the given indices.")
op("tensor_split.indices(Tensor(a) self, int[] indices, int dim=0) -> Tensor(a)[]", forms="fm")
op("tensor_split.tensor(Tensor(a) self, Tensor tensor_indices_or_sections, int dim=0) -> Tensor(a)[]", forms="fm")
for name, words in (("hsplit", "columns"), ("vsplit", "rows"), ("dsplit", "depth")):
    op(f"{name}(Tensor(a) self, int sections) -> Tensor(a)[]", forms="fm", ref="numpy." + name, doc=f"tensor_split along the {words}.")
    op(f"{name}.indices(Tensor(a) self, int[] indices) -> Tensor(a)[]", forms="fm")
for name in ("unsafe_split", "unsafe_chunk"):
    op(f"{name}(Tensor self, int {'split_size' if 'split' in name else 'chunks'}, int dim=0) -> Tensor[]", forms="fm", doc=f"As {name[7:]}.")
op("unsafe_split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]", forms="fm", doc="As split_with_sizes.")

# ---- the views as copies
for name, args in (("alias", ""), ("detach", ""), ("view", "int[] size"), ("view.dtype", "ScalarType dtype"), ("t", ""), ("transpose", "int dim0, int dim1"),
                   ("permute", "int[] dims"), ("squeeze", ""), ("squeeze.dim", "int dim"), ("squeeze.dims", "int[] dim"), ("unsqueeze", "int dim"),
                   ("expand", "int[] size, *, bool implicit=False"), ("narrow", "int dim, int start, int length"), ("select", "int dim, int index"),
                   ("slice", "int dim=0, int? start=None, int? end=None, int step=1"), ("as_strided", "int[] size, int[] stride, int? storage_offset=None"),
                   ("diagonal", "int offset=0, int dim1=0, int dim2=1"), ("unfold", "int dimension, int size, int step"), ("unbind", "int dim=0"),
                   ("split", "int split_size, int dim=0"), ("split_with_sizes", "int[] split_sizes, int dim=0")):
    base, dot, overload = name.partition(".")
    several = base in ("unbind", "split", "split_with_sizes")
    op(f"{base}_copy{dot}{overload}(Tensor self{', ' * bool(args)}{args}) -> Tensor{'[]' * several}", forms="fmo" if base == "narrow" else "fo",
       doc=f"{base} as a copy.")

# ---- joining
op("cat(Tensor[] tensors, int dim=0) -> Tensor", forms="fo", aliases="concat concatenate", ref="numpy.concatenate", doc="Joins tensors along an existing dimension.")
op("stack(Tensor[] tensors, int dim=0) -> Tensor", forms="fo", ref="numpy.stack", doc="Joins tensors of one shape along a new dimension.")
op("hstack(Tensor[] tensors) -> Tensor", forms="fo", ref="numpy.hstack", doc="Joins tensors side by side.")
op("vstack(Tensor[] tensors) -> Tensor", forms="fo", aliases="row_stack", ref="numpy.vstack", doc="Joins tensors one below the other.")
op("dstack(Tensor[] tensors) -> Tensor", forms="fo", ref="numpy.dstack", doc="Joins tensors along the third dimension.")
op("column_stack(Tensor[] tensors) -> Tensor", forms="fo", ref="numpy.column_stack", doc="Joins vectors and matrices as columns.")

# ---- repeating and rearranging
op("repeat(Tensor self, int[] repeats) -> Tensor", forms="m", grad={"self": "repeat_backward(grad, repeats, self.shape)"}, ref="numpy.tile",
   doc="Copies the tensor several times along each dimension.")
op("tile(Tensor self, int[] dims) -> Tensor", forms="fm", ref="numpy.tile", doc="Copies the tensor several times along each dimension.")
op("repeat_interleave(Tensor self, int repeats, int? dim=None, *, int? output_size=None) -> Tensor", forms="fm", ref="numpy.repeat",
   doc="Repeats each element, or each slice along a dimension.")
op("repeat_slices(Tensor self, int repeats, int dim) -> Tensor", forms="", node="RepeatInterleaveBackward0",
   grad={"self": "repeat_slices_backward(grad, self.shape, repeats, dim)"}, doc="Repeats each slice along a dimension.")
op("repeat_interleave.tensor(Tensor self, Tensor repeats, int? dim=None, *, int? output_size=None) -> Tensor", forms="fm")
op("repeat_interleave.counts(Tensor repeats, *, int? output_size=None) -> Tensor", forms="f")
op("roll(Tensor self, int[1] shifts, int[1] dims=[]) -> Tensor", forms="fm", grad={"self": "roll(grad, negated(shifts), dims)"}, ref="numpy.roll",
   doc="Shifts elements along dimensions; what falls off comes back at the other end.")
op("flip(Tensor self, int[] dims) -> Tensor", forms="fm", grad={"self": "flip(grad, dims)"}, ref="numpy.flip", doc="Reverses the order along dimensions.")
op("fliplr(Tensor self) -> Tensor", forms="fm", ref="numpy.fliplr", doc="Reverses the order of the columns.")
op("flipud(Tensor self) -> Tensor", forms="fm", ref="numpy.flipud", doc="Reverses the order of the rows.")
op("rot90(Tensor self, int k=1, int[] dims=[0,1]) -> Tensor", forms="fm", ref="numpy.rot90", doc="Turns a plane by k times 90 degrees.")
for name, words in (("tril", "on and below"), ("triu", "on and above")):
    op(f"{name}(Tensor self, int diagonal=0) -> Tensor", forms="fmio", grad={"self": f"{name}(grad, diagonal)"}, ref="numpy." + name,
       doc=f"Keeps what stands {words} a diagonal of each matrix; the rest becomes 0.")
    op(f"{name}_indices(int row, int col, int offset=0, *, FACTORY) -> Tensor", forms="f", doc=f"Rows and columns of the elements {words} a diagonal.")
op("diag(Tensor self, int diagonal=0) -> Tensor", forms="fmo", ref="numpy.diag", doc="The diagonal of a matrix, or the matrix with a vector as its diagonal.")
op("diagflat(Tensor self, int offset=0) -> Tensor", forms="fm", ref="numpy.diagflat", doc="The matrix whose diagonal is the flattened input.")
op("diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor", forms="fm", grad={"self": "diagonal(grad, offset, dim1, dim2)"},
   doc="Matrices whose diagonals are the last dimension of input.")
for n in (1, 2, 3):
    op(f"atleast_{n}d(Tensor self) -> Tensor", forms="f", ref=f"numpy.atleast_{n}d", doc=f"A view with at least {n} dimension{'s' * (n > 1)}.")
    op(f"atleast_{n}d.sequence(Tensor[] tensors) -> Tensor[]", forms="f")
