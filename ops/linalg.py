"""Products of matrices and vectors."""
from ops.table import op

# ---- one product
op("mm(Tensor self, Tensor mat2) -> Tensor", forms="fmo", grad={"self": "mm_grad(grad, mat2, True)", "mat2": "mm_grad(self, grad, False)"}, ref="numpy.matmul",
   doc="The product of two matrices.")
op("bmm(Tensor self, Tensor mat2) -> Tensor", forms="fmo", ref="numpy.matmul", doc="The products of two batches of matrices.")
op("batched_matmul(Tensor self, Tensor other) -> Tensor", forms="", node="BmmBackward0",
   grad={"self": "sum_to_size(batched_matmul(grad, mH(other)), self.shape)", "other": "sum_to_size(batched_matmul(mH(self), grad), other.shape)"},
   doc="The products of matrices in the last two dimensions; the others are broadcast.")
op("mv(Tensor self, Tensor vec) -> Tensor", forms="fmo", grad={"self": "outer(grad, conj(vec))", "vec": "mv(conj(t(self)), grad)"}, ref="numpy.matmul",
   doc="The product of a matrix and a vector.")
op("dot(Tensor self, Tensor tensor) -> Tensor", forms="fmo", grad={"self": "grad * conj(tensor)", "tensor": "grad * conj(self)"}, ref="numpy.dot",
   doc="The sum of the products of two vectors' elements.")
op("vdot(Tensor self, Tensor other) -> Tensor", forms="fmo", grad={"self": "conj(grad) * other", "other": "grad * self"}, ref="numpy.vdot",
   doc="dot with the first vector conjugated.")
op("matmul(Tensor self, Tensor other) -> Tensor", forms="fmo", ref="numpy.matmul", doc="The matrix product; of vectors, matrices or broadcast batches of matrices.")
op("outer(Tensor self, Tensor vec2) -> Tensor", forms="fmo", aliases="ger", ref="numpy.outer", doc="Each element of one vector times each element of another.")
op("inner(Tensor self, Tensor other) -> Tensor", forms="fmo", ref="numpy.inner", doc="Dot products over the last dimensions.")
op("kron(Tensor self, Tensor other) -> Tensor", forms="fmo", ref="numpy.kron", doc="The Kronecker product.")
op("tensordot_ints(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor", forms="", doc="The product summed over pairs of dimensions.")
op("tensordot(Tensor a, Tensor b, int dims=2) -> Tensor", forms="fo", ref="numpy.tensordot", doc="The product summed over pairs of dimensions.")
op("tensordot.lists(Tensor a, Tensor b, Any dims) -> Tensor", forms="fo")
op("linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", forms="fo", doc="input @ weight.T + bias.")

# ---- a product added to something
ADD_GRAD = {"self": "sum_to_size(scaled(grad, beta), self.shape)"}
op("addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor", forms="fmio",
   grad=ADD_GRAD | {"mat1": "scaled(mm_grad(grad, mat2, True), alpha)", "mat2": "scaled(mm_grad(mat1, grad, False), alpha)"},
   doc="beta * input + alpha * (mat1 @ mat2).")
op("addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor", forms="fmio",
   grad=ADD_GRAD | {"mat": "scaled(outer(grad, conj(vec)), alpha)", "vec": "scaled(mv(conj(t(mat)), grad), alpha)"}, doc="beta * input + alpha * (mat @ vec).")
op("addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor", forms="fmio", doc="beta * input + alpha * outer(vec1, vec2).")
op("baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor", forms="fmio",
   grad=ADD_GRAD | {"batch1": "scaled(batched_matmul(grad, mH(batch2)), alpha)", "batch2": "scaled(batched_matmul(mH(batch1), grad), alpha)"},
   doc="beta * input + alpha * (batch1 @ batch2), for batches of matrices.")
op("addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor", forms="fmio",
   doc="beta * input + alpha times the sum of a batch of products.")

# ---- several products, crosses
op("chain_matmul(Tensor[] matrices) -> Tensor", forms="f", doc="The product of several matrices.")
op("linalg_multi_dot(Tensor[] tensors) -> Tensor", forms="fo", doc="The product of several matrices, multiplied in the cheapest order.")
op("matrix_power(Tensor self, int n) -> Tensor", forms="fmo", ref="numpy.linalg.matrix_power", doc="The product of n times the same matrix.")
op("cross(Tensor self, Tensor other, int? dim=None) -> Tensor", forms="fmo", doc="The cross product of vectors with three elements.")
op("linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor", forms="fo", ref="numpy.cross",
   grad={"self": "sum_to_size(linalg_cross(conj(other), grad, dim=dim), self.shape)", "other": "sum_to_size(linalg_cross(grad, conj(self), dim=dim), other.shape)"}, doc="The cross product of vectors with three elements.")
