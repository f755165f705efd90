"""Whole derivatives of functions: Jacobians, Hessians and their products with vectors."""
import penlight
from penlight import _C

__all__ = ["vjp", "jvp", "jacobian", "hessian", "hvp", "vhp"]


def _as_tuple(value, what, caller):
    """(tuple of tensors, whether it was one already)"""
    single = isinstance(value, _C.Tensor)
    if not (single or isinstance(value, (tuple, list))):
        raise TypeError(f"The {what} given to {caller} must be either a Tensor or a tuple of Tensors but the given "
                        f"{what} has type {type(value)}.")
    values = (value,) if single else tuple(value)
    for i, v in enumerate(values):
        if not isinstance(v, _C.Tensor):
            raise TypeError(f"The {what} given to {caller} must be either a Tensor or a tuple of Tensors but the "
                            f"value at index {i} has type {type(v)}.")
    return values, not single


def _prepare(inputs, create_graph):
    """Inputs of our own, so that the caller's get no gradients; connected to them where create_graph asks."""
    return tuple(t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_() for t in inputs)


def _finish(values, is_tuple, create_graph):
    values = tuple(v if create_graph else v.detach() for v in values)
    return values if is_tuple else values[0]


def _check_vector(v, like, caller, of="input to the user-provided function is"):
    """The vector to multiply with, ones for a single number."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if the {of} a single Tensor with a single element.")
        return (penlight.ones_like(like[0]),)
    v, _ = _as_tuple(v, "v", caller)
    if len(v) != len(like):
        raise RuntimeError("The given v should contain a single Tensor." if len(like) == 1 else
                           f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")
    for i, (a, b) in enumerate(zip(v, like)):
        if a.shape != b.shape:
            where = f"Entry {i} in v" if len(like) > 1 else "v"
            raise RuntimeError(f"{where} has invalid size: should be {b.shape} but got {a.shape}.")
    return v


_INDEPENDENT = (
    "Output {} of the user-provided function does not require gradients. The outputs must be computed in a "
    "differentiable manner from the input when running in strict mode."
)
_NOT_TWICE = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to input {} is "
    "independent of the input. This is not allowed in strict mode. You should ensure that your function is twice "
    "differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for "
    "example)."
)


def _grad(outputs, inputs, vectors, create_graph, strict, retain_graph=None, which="The output", twice=False):
    """Gradients with zeros where there is no connection; `strict` makes that an error.

    `which` names the output in it; `twice`: the outputs are first derivatives.
    """
    pairs = [(o, v) for o, v in zip(outputs, vectors) if o.requires_grad]
    for i, o in enumerate(outputs):
        if strict and not o.requires_grad:
            if twice:
                raise RuntimeError(_NOT_TWICE.format(i))
            raise RuntimeError(_INDEPENDENT.format(i))
    if not pairs:
        return tuple(penlight.zeros_like(t) for t in inputs)
    outs, vs = zip(*pairs)
    grads = penlight.autograd.grad(outs, inputs, vs, create_graph=create_graph, allow_unused=True,
    retain_graph=retain_graph)
    for i, g in enumerate(grads):
        if strict and g is None:
            raise RuntimeError(f"{which} of the user-provided function is independent of input {i}. This is not "
                               "allowed in strict mode.")
    return tuple(penlight.zeros_like(t) if g is None else g for t, g in zip(inputs, grads))


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """Return func(inputs) and the product of the vector `v` with the Jacobian: what backward(v) would give.

    `inputs` is a tensor or a tuple of tensors; `v` has the shape of the output.

    >>> torch.autograd.functional.vjp(lambda x: x * x, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with penlight.enable_grad():
        inputs, is_tuple = _as_tuple(inputs, "inputs", "vjp")
        inputs = _prepare(inputs, create_graph)
        outputs, outputs_tuple = _as_tuple(func(*inputs), "outputs of the user-provided function", "vjp")
        v = _check_vector(v, outputs, "vjp", "user-provided function returns")
        result = _grad(outputs, inputs, v, create_graph, strict)
    return _finish(outputs, outputs_tuple, create_graph), _finish(result, is_tuple, create_graph)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """Return func(inputs) and the product of the Jacobian with the vector `v`: the derivative along v.

    `inputs` is a tensor or a tuple of tensors; `v` has their shapes. Computed as the derivative of a vjp.

    >>> torch.autograd.functional.jvp(lambda x: x * x, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with penlight.enable_grad():
        inputs, _ = _as_tuple(inputs, "inputs", "jvp")
        v = _check_vector(v, inputs, "jvp")
        inputs = _prepare(inputs, create_graph)
        outputs, outputs_tuple = _as_tuple(func(*inputs), "outputs of the user-provided function", "jvp")
        # The vjp is linear in its vector: its derivative with respect to it is the Jacobian.
        zeros = tuple(penlight.zeros_like(o).requires_grad_() for o in outputs)
        products = _grad(outputs, inputs, zeros, True, strict)
        result = _grad(products, zeros, v, create_graph, False)
    return _finish(outputs, outputs_tuple, create_graph), _finish(result, outputs_tuple, create_graph)


def _jacobian_of(nr, output, inputs, create_graph, strict):
    """For one output: its Jacobian with respect to each input, of shape output.shape + input.shape."""
    flat = output.reshape(-1)
    rows = []
    for i in range(flat.numel()):
        one = flat[i]
        rows.append(_grad((one,), inputs, (penlight.ones_like(one),), create_graph, strict, True, f"Output {nr}"))
        for k, g in enumerate(rows[-1]):
            if strict and create_graph and not g.requires_grad:
                raise RuntimeError(f"The jacobian of the user-provided function is independent of input {k}. This is "
                                   "not allowed in strict mode when create_graph=True.")
    if not rows:
        return tuple(output.new_zeros(output.shape + t.shape) for t in inputs)
    return tuple(penlight.stack(column).reshape(output.shape + t.shape) for column, t in zip(zip(*rows), inputs))


_STRATEGIES = ("reverse-mode", "forward-mode")


def _check_strategy(strategy, vectorize, strict, create_graph):
    """PyTorch's conditions on the options; here they all lead to the same numbers."""
    name = "torch.autograd.functional.jacobian"
    if strategy not in _STRATEGIES:
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".')
    if strategy == "forward-mode":
        refused = ((create_graph, "create_graph", NotImplementedError), (strict, "strict", RuntimeError))
        for given, option, kind in refused:
            if given:
                raise kind(f'{name}: `{option}=True` and `strategy="forward-mode"` are not supported together (yet). '
                           f'Please either set `{option}=False` or `strategy="reverse-mode"`.')
        if not vectorize:
            raise NotImplementedError("Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
                                      "only implemented for `vectorize=True`.")
    if vectorize and strict:
        raise RuntimeError(f"{name}: `strict=True` and `vectorized=True` are not supported together. Please either set "
                           "`strict=False` or `vectorize=False`.")


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """Return the Jacobian of `func`: the derivative of every element of the output by every element of the input.

    Its shape is output.shape + input.shape; for tuples of inputs or outputs it is a tuple (of tuples, outputs first).
    `strategy` "reverse-mode" runs a backward for each element of the output, "forward-mode" (which asks for
    `vectorize=True`) one for each element of the input.

    >>> torch.autograd.functional.jacobian(lambda x: x * x, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _check_strategy(strategy, vectorize, strict, create_graph)
    inputs, is_tuple = _as_tuple(inputs, "inputs", "jacobian")
    if strategy == "forward-mode":
        return _forward_jacobian(func, inputs, is_tuple)
    with penlight.enable_grad():
        inputs = _prepare(inputs, create_graph)
        outputs, outputs_tuple = _as_tuple(func(*inputs), "outputs of the user-provided function", "jacobian")
        rows = [_finish(_jacobian_of(i, o, inputs, create_graph, strict), is_tuple, create_graph)
                for i, o in enumerate(outputs)]
    return tuple(rows) if outputs_tuple else rows[0]


def _forward_jacobian(func, inputs, is_tuple):
    from penlight.func import jacfwd

    single = []

    def outputs_of(*xs):
        outputs, outputs_tuple = _as_tuple(func(*xs), "outputs of the user-provided function", "jacobian")
        single.append(not outputs_tuple)
        return outputs

    rows = jacfwd(outputs_of, argnums=tuple(range(len(inputs))))(*inputs)
    rows = tuple(row if is_tuple else row[0] for row in rows)
    return rows[0] if single[0] else rows


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """Return the Hessian of `func`, which must give one number: the second derivatives by every pair of input elements.

    Its shape is input.shape + input.shape; for a tuple of inputs it is a tuple of tuples. The options are those of
    `jacobian`, `outer_jacobian_strategy` that of the second derivative.

    >>> torch.autograd.functional.hessian(lambda x: (x ** 3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    if outer_jacobian_strategy not in _STRATEGIES:
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    inputs, is_tuple = _as_tuple(inputs, "inputs", "hessian")

    def number(*xs):
        return _only_number(func(*xs), "hessian", strict)[0].reshape(())

    def gradient(*xs):
        grads = jacobian(number, xs if is_tuple else xs[0], create_graph=True)
        for i, g in enumerate(grads if is_tuple else (grads,)):
            if strict and not g.requires_grad:
                raise RuntimeError(_NOT_TWICE.format(i))
        return grads

    return jacobian(gradient, inputs if is_tuple else inputs[0], create_graph=create_graph, strict=strict,
                    vectorize=vectorize, strategy=outer_jacobian_strategy)


def _only_number(outputs, caller, strict):
    """A function's output as a tuple of the one number that it must be."""
    outputs, outputs_tuple = _as_tuple(outputs, "outputs of the user-provided function", caller)
    for i, o in enumerate(outputs):
        if strict and not o.requires_grad:
            raise RuntimeError(_INDEPENDENT.format(i))
    if outputs_tuple:
        raise RuntimeError(f"The function given to {caller} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {caller} should contain a single element")
    return outputs


def _hessian_product(func, inputs, v, create_graph, strict, caller):
    with penlight.enable_grad():
        inputs, is_tuple = _as_tuple(inputs, "inputs", caller)
        v = _check_vector(v, inputs, caller)
        inputs = _prepare(inputs, create_graph)
        outputs = _only_number(func(*inputs), caller, strict)
        grads = _grad(outputs, inputs, (penlight.ones_like(outputs[0]),), True, strict)
        result = _grad(grads, inputs, v, create_graph, strict, twice=True)
    return _finish(outputs, False, create_graph), _finish(result, is_tuple, create_graph)


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """Return func(inputs), one number, and the product of the vector `v` with the Hessian.

    >>> torch.autograd.functional.vhp(lambda x: (x ** 3).sum(), torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return _hessian_product(func, inputs, v, create_graph, strict, "vhp")


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """Return func(inputs), one number, and the product of the Hessian with the vector `v`; as vhp, the Hessian being
    symmetric.

    >>> torch.autograd.functional.hvp(lambda x: (x ** 3).sum(), torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return _hessian_product(func, inputs, v, create_graph, strict, "hvp")
