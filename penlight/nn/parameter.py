"""Tensors that a module owns: parameters, which training changes, and buffers, which it does not."""

from penlight import _C, Tensor
from penlight._utils import _reduce_parameter
from penlight.overrides import _disabled_torch_function_impl

__all__ = [
    "Parameter",
    "UninitializedParameter",
    "is_lazy",
    "Buffer",
    "UninitializedBuffer",
    "UninitializedTensorMixin",
]


def _instance_check_by_mark(kind, mark):
    """A metaclass for `kind` whose isinstance() also accepts tensors of other types that carry the attribute `mark`."""

    class Meta(type(Tensor)):
        def __instancecheck__(cls, instance):
            if type.__instancecheck__(cls, instance):
                return True
            return cls.__name__ == kind and isinstance(instance, Tensor) and getattr(instance, mark, False)

    Meta.__name__ = Meta.__qualname__ = f"_{kind}Meta"
    return Meta


class Parameter(Tensor, metaclass=_instance_check_by_mark("Parameter", "_is_param")):
    """A tensor that a module learns: assigned to a module's attribute it appears in `module.parameters()`.

    `data` is the tensor with the initial values; the parameter shares its memory. `requires_grad` is True unless you
    say otherwise. Without `data` the parameter is empty.

    >>> w = torch.nn.Parameter(torch.ones(2))
    >>> w.requires_grad
    True
    """

    _plain_parameter = True  # this very class, not one derived from it: printed and computed with as a tensor

    def __new__(cls, data=None, requires_grad=True):
        if data is None:
            data = _C.empty(0)
        if type(data) is Tensor or type(data) is Parameter:
            return _C._make_subclass(cls, data, requires_grad)
        # A tensor of the user's own type stays of that type and is only marked as a parameter.
        marked = data.detach().requires_grad_(requires_grad)
        if type(marked) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns "
                f"an instance of the same type, but return type {type(marked).__name__} was found instead. To use "
                "the type as a Parameter, please correct the detach() semantics defined by its __torch_dispatch__() "
                "implementation."
            )
        marked._is_param = True
        return marked

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, protocol):
        return _reduce_parameter(self)

    # Operations on a parameter give plain tensors.
    __torch_function__ = _disabled_torch_function_impl


# The core treats parameters like plain tensors.
_C._set_parameter_type(Parameter)


class Buffer(Tensor, metaclass=_instance_check_by_mark("Buffer", "_is_buffer")):
    """A tensor that belongs to a module's state but is not trained, such as a running mean.

    Assigned to a module's attribute it appears in `module.buffers()`, and in `state_dict()` if `persistent` is True.

    >>> m = torch.nn.Module()
    >>> m.count = torch.nn.Buffer(torch.zeros(1))
    >>> [name for name, _ in m.named_buffers()]
    ['count']
    """

    def __new__(cls, data=None, *, persistent=True):
        if data is None:
            data = _C.empty(0)
        marked = data.detach().requires_grad_(data.requires_grad)
        marked.persistent = persistent
        marked._is_buffer = True
        return marked

    __torch_function__ = _disabled_torch_function_impl


class UninitializedTensorMixin:
    """What parameters and buffers of lazy modules share before their shape is known.

    >>> torch.nn.parameter.is_lazy(torch.nn.UninitializedParameter())
    True
    """

    # The only things one may ask of a tensor that has no shape yet.
    _allowed_methods = frozenset(
        [
            "__hash__",
            "size",
            "copy_",
            "is_complex",
            "is_floating_point",
            "half",
            "float",
            "double",
            "char",
            "short",
            "int",
            "long",
            "cuda",
            "cpu",
            "to",
            "get_device",
            "_has_compatible_shallow_copy_type",
        ]
    )

    def materialize(self, shape, device=None, dtype=None):
        """Give the tensor its shape and turn it into an ordinary Parameter or buffer with uninitialised values."""
        device = self.data.device if device is None else device
        dtype = self.data.dtype if dtype is None else dtype
        self.data = _C.empty(shape, device=device, dtype=dtype)
        self.__class__ = self.cls_to_become

    @property
    def shape(self):
        """Always an error: the shape is known after the first forward."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` "
            "to initialize the parameters before accessing their attributes."
        )

    def share_memory_(self):
        """Always an error: there is no memory yet."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __repr__(self):
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol):
        return type(self), (self.requires_grad,)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter of a lazy module, whose shape the first input will decide.

    >>> p = torch.nn.UninitializedParameter()
    >>> p.materialize((2, 3))
    >>> p.shape
    torch.Size([2, 3])
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        return _C._make_subclass(cls, _C.empty(0, device=device, dtype=dtype), requires_grad)

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.data.device, self.data.dtype)
        return memo[id(self)]


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer of a lazy module, whose shape the first input will decide.

    >>> b = torch.nn.UninitializedBuffer()
    >>> b.materialize((4,))
    >>> b.shape
    torch.Size([4])
    """

    cls_to_become = Tensor

    def __new__(cls, requires_grad=False, device=None, dtype=None, persistent=True):
        buffer = _C._make_subclass(cls, _C.empty(0, device=device, dtype=dtype), requires_grad)
        buffer.persistent = persistent
        buffer._is_buffer = True
        return buffer


def is_lazy(param):
    """Whether a tensor still waits for its shape (it belongs to a lazy module that has seen no input).

    >>> torch.nn.parameter.is_lazy(torch.nn.Parameter(torch.ones(1)))
    False
    """
    return isinstance(param, UninitializedTensorMixin)
