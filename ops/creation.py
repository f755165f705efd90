"""Making tensors, copying and converting them."""
from ops.table import op

op("empty(int[] size, *, MemoryFormat? memory_format=None, FACTORY) -> Tensor", forms="fo", doc="A tensor of the given shape whose numbers are whatever was in memory.")
op("empty_strided(int[] size, int[] stride, *, FACTORY) -> Tensor", forms="f", doc="An uninitialised tensor with the given strides.")
op("empty_permuted(int[] size, int[] physical_layout, *, FACTORY) -> Tensor", forms="f",
   doc="Memory that is not initialised, whose dimensions lie in memory in the order physical_layout.")
op("zeros(int[] size, *, FACTORY) -> Tensor", forms="fo", ref="numpy.zeros", doc="A tensor full of zeros.")
op("ones(int[] size, *, FACTORY) -> Tensor", forms="fo", ref="numpy.ones", doc="A tensor full of ones.")
op("full(int[] size, Scalar fill_value, *, FACTORY) -> Tensor", forms="fo", ref="numpy.full", doc="A tensor in which every number is fill_value.")
op("scalar_tensor(Scalar s, *, FACTORY) -> Tensor", forms="f", doc="A tensor of dimension 0 with one number.")
for name, words in (("empty", "uninitialised"), ("zeros", "zeros"), ("ones", "ones")):
    op(f"{name}_like(Tensor self, *, FACTORY, MemoryFormat? memory_format=None) -> Tensor", forms="f", not_diff=True, doc=f"A tensor of {words} with the shape of input.")
op("full_like(Tensor self, Scalar fill_value, *, FACTORY, MemoryFormat? memory_format=None) -> Tensor", forms="f", doc="A tensor with the shape of input, full of fill_value.")
for name, words in (("empty", "uninitialised"), ("zeros", "zeros"), ("ones", "ones")):
    op(f"new_{name}(Tensor self, int[] size, *, FACTORY) -> Tensor", forms="m", doc=f"A tensor of {words} with the dtype and device of this one.")
op("new_full(Tensor self, int[] size, Scalar fill_value, *, FACTORY) -> Tensor", forms="m", doc="A tensor of fill_value with the dtype and device of this one.")
op("new_empty_strided(Tensor self, int[] size, int[] stride, *, FACTORY) -> Tensor", forms="m", doc="An uninitialised tensor with the given strides and this one's dtype.")
op("arange(Scalar end, *, FACTORY) -> Tensor", forms="fo", ref="numpy.arange", doc="The numbers from start up to, not including, end.")
op("arange.start(Scalar start, Scalar end, Scalar step=1, *, FACTORY) -> Tensor", forms="fo")
op("range(Scalar start, Scalar end, Scalar step=1, *, FACTORY) -> Tensor", forms="f", doc="The numbers from start to end, end included.")
op("linspace(Scalar start, Scalar end, int steps, *, FACTORY) -> Tensor", forms="fo", ref="numpy.linspace", doc="Evenly spaced numbers from start to end, both included.")
op("logspace(Scalar start, Scalar end, int steps, float base=10.0, *, FACTORY) -> Tensor", forms="fo", ref="numpy.logspace", doc="base to the power of evenly spaced numbers.")
op("linspace.tensors(Operand start, Operand end, int steps, *, FACTORY) -> Tensor", forms="fo")
op("logspace.tensors(Operand start, Operand end, int steps, float base=10.0, *, FACTORY) -> Tensor", forms="fo")
op("eye(int n, int? m=None, *, FACTORY) -> Tensor", forms="fo", ref="numpy.eye", doc="The identity matrix.")
op("complex(Tensor real, Tensor imag) -> Tensor", forms="fo",
   exact_out="Expected object of scalar type {result} but got scalar type {out} for argument 'out'", grad={"real": "real_part(grad)", "imag": "imag_part(grad)"}, doc="Complex numbers from their parts.")
op("polar(Tensor abs, Tensor angle) -> Tensor", forms="fo", doc="Complex numbers from absolute value and angle.")

op("_to_copy(Tensor self, ScalarType? dtype=None, MemoryFormat? memory_format=None) -> Tensor", forms="f", node="ToCopyBackward0",
   grad={"self": "grad_to(grad, self.dtype)"}, doc="A copy in another dtype.")
op("clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", forms="fm", grad={"self": "grad"}, doc="A copy with its own memory; gradients flow through.")
op("contiguous(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", forms="m", doc="The tensor itself if its memory is in order, else a copy in order.")
op("copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)", forms="m", node="CopyBackwards",
   grad={"self": "zeros_like(grad)", "src": "copy_grad(grad, src.shape, src.dtype)"}, doc="Copies the numbers of src into this tensor, broadcasting and converting.")
op("fill(Tensor self, Operand value) -> Tensor", forms="f", doc="A tensor with the shape and dtype of input, full of value.")
op("vander(Tensor x, int? N=None, bool increasing=False) -> Tensor", forms="f", ref="numpy.vander", doc="The powers of each element of a vector, a row each (Vandermonde matrix).")
op("fill_(Tensor(a!) self, Operand value) -> Tensor(a!)", forms="fm", grad={"self": "zeros_like(grad)", "value": "fill_grad(grad)"}, doc="Sets every number to value.")
op("zero_(Tensor(a!) self) -> Tensor(a!)", forms="fm", grad={"self": "zeros_like(grad)"}, doc="Sets every number to 0.")
op("real(Tensor(a) self) -> Tensor(a)", forms="f", doc="The real parts; a view. Of a real tensor the tensor itself.")
op("imag(Tensor(a) self) -> Tensor(a)", forms="f", doc="The imaginary parts; a view.")
op("view_as_real(Tensor(a) self) -> Tensor(a)", forms="f", grad={"self": "view_as_complex(grad)"}, doc="A complex tensor seen as pairs of real numbers.")
op("view_as_complex(Tensor(a) self) -> Tensor(a)", forms="f", grad={"self": "view_as_real(grad)"}, doc="Pairs of real numbers seen as complex numbers.")
