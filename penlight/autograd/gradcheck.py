"""Comparing gradients with finite differences."""
import itertools
import warnings

import penlight
from penlight import _C

__all__ = ["gradcheck", "gradgradcheck", "GradcheckError"]


class GradcheckError(RuntimeError):
    """Raised by gradcheck and gradgradcheck when a gradient is wrong."""


def _tensors(values):
    values = (values,) if isinstance(values, _C.Tensor) else values
    return tuple(values)


def _differentiable(outputs):
    return tuple(o for o in outputs if isinstance(o, _C.Tensor) and o.requires_grad)


def _check_inputs(inputs):
    """Positions of the inputs to differentiate; raises for those that cannot be varied."""
    places = []
    for i, t in enumerate(inputs):
        if not isinstance(t, _C.Tensor) or not t.requires_grad:
            continue
        if t.dtype not in (penlight.float64, penlight.complex128):
            warnings.warn(f"Input #{i} requires gradient and is not a double precision floating point or complex. "
                          "This check will likely fail if all the inputs are not of double precision floating point or "
                          "complex. ", stacklevel=4)
        if any(step == 0 and size > 1 for step, size in zip(t.stride(), t.shape)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are non-"
                "overlapping to be able to compute the numerical gradients correctly. You should call .contiguous on "
                "the input before passing it to gradcheck.")
        t.retain_grad()
        places.append(i)
    if not places:
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of them have "
                         "requires_grad=True.")
    return places


def _indices(shape):
    return itertools.product(*map(range, shape))


def _numerical(call, inputs, place, eps):
    """Numerical Jacobians of every output with respect to one input: (elements of the input, elements of the output).

    For a complex input the derivatives along the real and the imaginary axis are combined into the conjugate Wirtinger
    derivative times 2, which for a real output is what backward gives.
    """
    x = inputs[place]
    columns = []
    data = x.data  # changes are not counted: what the graph saved stays valid
    for index in _indices(x.shape):
        steps = [eps, eps * 1j] if x.is_complex() else [eps]
        along = []
        for step in steps:
            saved = data[index].clone()
            data[index] = saved + step
            above = [o.detach().clone() for o in call()]
            data[index] = saved - step
            below = [o.detach().clone() for o in call()]
            data[index] = saved
            along.append([((a - b) / (2 * eps)).reshape(-1) for a, b in zip(above, below)])
        columns.append(along)
    return columns


def _numerical_jacobian(columns, output, part, complex_input):
    """The Jacobian of part(output): rows of d/dx, or d/d(re) + i d/d(im) for a complex input."""
    rows = []
    for along in columns:
        d = part(along[0][output])
        rows.append(penlight.complex(d, part(along[1][output])) if complex_input else d)
    return penlight.stack(rows) if rows else penlight.zeros(0, 0)


def _analytical_jacobian(output, x, seed, what):
    """Backward of one unit vector after the other."""
    columns = []
    for index in _indices(output.shape):
        g = penlight.zeros_like(output)
        g[index] = seed
        d, = penlight.autograd.grad(output, x, g, retain_graph=True, allow_unused=True)
        if d is None:
            d = penlight.zeros_like(x)
        if d.shape != x.shape or d.dtype != x.dtype:
            raise GradcheckError(f"{what} gradient has incorrect {'size' if d.shape != x.shape else 'dtype'}")
        columns.append(d.reshape(-1))
    return penlight.stack(columns, 1) if columns else penlight.zeros(x.numel(), 0, dtype=x.dtype)


def _real(t):
    return penlight.view_as_real(t)[..., 0] if t.is_complex() else t


def _imag(t):
    return penlight.view_as_real(t)[..., 1]


def _mismatch(numerical, analytical, i, place, prefix):
    text = (f"Jacobian mismatch for output {i} with respect to input {place},\nnumerical:{numerical}\n"
            f"analytical:{analytical}\n")
    return GradcheckError(prefix + text)


def _close(a, b, rtol, atol):
    return bool(((a - b).abs() <= atol + rtol * b.abs()).all())


def _compare(call, inputs, places, outputs, eps, rtol, atol, nondet_tol):
    for place in places:
        x = inputs[place]
        columns = _numerical(call, inputs, place, eps)
        for i, output in enumerate(outputs):
            parts = [(_real, 1, "")]
            if output.is_complex():
                parts = [(_imag, 1j, "While considering the imaginary part of complex outputs only, "),
                         (_real, 1, "While considering the real part of complex outputs only, ")]
            for part, seed, prefix in parts:
                numerical = _numerical_jacobian(columns, i, part, x.is_complex())
                analytical = _analytical_jacobian(output, x, seed, "Analytical")
                again = _analytical_jacobian(output, x, seed, "Analytical")
                numerical = numerical.reshape(analytical.shape).to(analytical.dtype)
                if not _close(analytical, again, 0, nondet_tol):
                    raise GradcheckError(
                        "Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                        "times gives different values, although analytical gradient matches numerical gradient.The "
                        f"tolerance for nondeterminism was {nondet_tol}.")
                if not _close(analytical, numerical, rtol, atol):
                    raise _mismatch(numerical, analytical, i, place, prefix)


def _compare_forward(func, call, inputs, places, eps, rtol, atol):
    """The derivative along every axis, by forward mode, with the same differences."""
    def of_chosen(*xs):
        changed = list(inputs)
        for place, x in zip(places, xs):
            changed[place] = x
        return tuple(o for o in _tensors(func(*changed)) if isinstance(o, _C.Tensor) and
                     (o.is_floating_point() or o.is_complex()))

    chosen = [inputs[p].detach() for p in places]
    _, push = penlight.func.linearize(of_chosen, *chosen)
    for at, place in enumerate(places):
        x, found = chosen[at], []
        for index in _indices(x.shape):
            for step in (1, 1j) if x.is_complex() else (1,):
                directions = [penlight.zeros_like(c) for c in chosen]
                directions[at][index] = step
                found.append([t.reshape(-1) for t in push(*directions)])
        expected = [d for along in _numerical(call, inputs, place, eps) for d in along]
        for i in range(len(expected[0]) if expected else 0):
            analytical, numerical = (penlight.stack([row[i] for row in rows]) for rows in (found, expected))
            if not _close(analytical, numerical, rtol, atol):
                raise GradcheckError(f"Jacobian computed with forward mode mismatch for output {i} with respect to "
                                     f"input {place},\nnumerical:{numerical}\nanalytical:{analytical}\n")


def _check_constant(call, inputs, places, eps):
    """No output requires a gradient: then none may depend on the inputs."""
    for place in places:
        for along in _numerical(call, inputs, place, eps):
            for d in itertools.chain.from_iterable(along):
                if bool((d != 0).any()):
                    raise GradcheckError("Numerical gradient for function expected to be zero")


def _check_undefined(outputs, inputs, places):
    """Backward of nothing must be nothing (or zeros)."""
    chosen = [inputs[p] for p in places]
    grads = penlight.autograd.grad(outputs, chosen, [penlight.zeros_like(o) for o in outputs], retain_graph=True,
                                   allow_unused=True)
    for g in grads:
        if g is not None and bool((g != 0).any()):
            raise GradcheckError("backward not multiplied by grad_output")


def _gradcheck(func, inputs, eps, atol, rtol, nondet_tol, check_undefined_grad, forward, backward):
    inputs = _tensors(inputs)
    places = _check_inputs(inputs)

    def call():
        # Outside of the graph, so that varying a leaf in place is allowed.
        return [o for o, wanted in zip(_tensors(func(*inputs)), kept) if wanted]

    all_outputs = _tensors(func(*inputs))
    outputs = _differentiable(all_outputs)
    if not outputs:
        kept = [isinstance(o, _C.Tensor) and (o.is_floating_point() or o.is_complex()) for o in all_outputs]
        _check_constant(call, inputs, places, eps)
        return True
    kept = [isinstance(o, _C.Tensor) and o.requires_grad for o in all_outputs]
    if forward:
        _compare_forward(func, call, inputs, places, eps, rtol, atol)
    if not backward:
        return True
    _compare(call, inputs, places, outputs, eps, rtol, atol, nondet_tol)
    if check_undefined_grad:
        _check_undefined(outputs, inputs, places)
    return True


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0,
check_undefined_grad=True,
              check_grad_dtypes=False, check_batched_grad=False, check_batched_forward_grad=False,
              check_forward_ad=False,
              check_backward_ad=True, fast_mode=False, masked=None):
    """Compare the gradients of `func` with finite differences; True if they agree, else GradcheckError.

    `inputs` is a tensor or a tuple; those with requires_grad are checked and should be float64 or complex128. `eps` is
    the
    step of the differences, `atol` and `rtol` say how close the gradients must be. The whole Jacobians are compared,
    also
    with `fast_mode`. `check_forward_ad` compares forward-mode derivatives, too. Batched gradients are computed one by
    one, so that there is nothing to check about them.

    >>> x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(torch.sin, x)
    True
    """
    for wanted, wants, needed, needs in (
        (True, "", check_forward_ad or check_backward_ad, ""),
        (check_batched_grad, "check_batched_grad", check_backward_ad, "check_backward_ad"),
        (check_batched_forward_grad, "check_batched_forward_grad", check_forward_ad, "check_forward_ad"),
    ):
        if wanted and not needed:
            raise AssertionError(f"Setting {wants}=True requires {needs} to be True" if wants else
                                 "Expected at least one of check_forward_ad or check_backward_ad to be True")
    try:
        return _gradcheck(func, inputs, eps, atol, rtol, nondet_tol, check_undefined_grad, check_forward_ad,
                          check_backward_ad)
    except GradcheckError:
        if raise_exception:
            raise
        return False


def gradgradcheck(func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
                  raise_exception=True, nondet_tol=0.0, check_undefined_grad=True, check_grad_dtypes=False,
                  check_batched_grad=False, check_fwd_over_rev=False, check_rev_over_rev=True, fast_mode=False,
                  masked=False):
    """Compare the second derivatives of `func` with finite differences of its first; see gradcheck.

    `grad_outputs` are the gradients to start from, random by default.

    >>> x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(torch.sin, x)
    True
    """
    inputs = _tensors(inputs)
    outputs = _differentiable(_tensors(func(*inputs)))
    if grad_outputs is None:
        grad_outputs = tuple(penlight.randn_like(o).requires_grad_() for o in outputs)
    else:
        grad_outputs = _tensors(grad_outputs)
    count = len(grad_outputs)
    places = [i for i, t in enumerate(inputs) if isinstance(t, _C.Tensor) and t.requires_grad]

    def first(*args):
        xs, gs = args[:-count], args[-count:]
        ys = _differentiable(_tensors(func(*xs)))
        chosen = tuple(xs[p] for p in places)
        grads = penlight.autograd.grad(ys, chosen, gs, create_graph=True, allow_unused=True)
        return tuple(g for g in grads if g is not None)

    return gradcheck(first, inputs + grad_outputs, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
                     nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad,
                     check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev)
