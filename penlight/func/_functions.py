"""autograd.Function inside vmap and forward mode."""

import functools
from collections import namedtuple

from penlight import _C, Tensor
from penlight.func import _rules
from penlight.func._batched import _batched_in, below, is_batched, unwrap, wrap
from penlight.func._transforms import _enable_grad, _gradients, innermost_is_forward
from penlight.utils._pytree import tree_flatten, tree_unflatten

VmapInfo = namedtuple("VmapInfo", "batch_size randomness")
_MORE = "For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"


def _overrides(cls, name):
    from penlight.autograd.function import Function

    return getattr(cls, name) is not getattr(Function, name)


def call(cls, args, kwargs):
    """Asked by the core before `cls.apply(*args)` while a transform runs; NotImplemented means: go on."""
    batched = list(_batched_in([*args, *kwargs.values()]))
    if batched:
        level = max((t.level for t in batched), key=lambda lv: lv.number)
        return _mapped(cls, level, args, kwargs)
    return _forward_mode(cls, args, kwargs)


def _mapped(cls, level, args, kwargs):
    name = cls.__name__
    if not _overrides(cls, "setup_context"):
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must "
            f"override the setup_context staticmethod. {_MORE}"
        )
    own = _overrides(cls, "vmap")
    if cls.generate_vmap_rule and own:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it has both generate_vmap_rule=True and an overridden "
            "vmap staticmethod. "
            "Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid "
            f"ambiguity. {_MORE}"
        )
    if not (cls.generate_vmap_rule or own):
        raise RuntimeError(
            f"You tried to vmap over {name}, but it does not have vmap support. Please override and implement the vmap "
            f"staticmethod or set generate_vmap_rule=True. {_MORE}"
        )
    if not own:
        return _rules.one_by_one(cls.apply, level, args, kwargs)
    dims = tuple(0 if is_batched(a, level) else None for a in args)
    with below(level):
        result = cls.vmap(VmapInfo(level.size, level.randomness), dims, *[unwrap(a, level) for a in args])
    if not (isinstance(result, tuple) and len(result) == 2):
        kind = f"a {type(result)}" if not isinstance(result, tuple) else f"{len(result)} things"
        raise RuntimeError(
            "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree "
            "structure compatible "
            f"with the output. Got {kind} instead"
        )
    return _wrapped(*result, level)


def _wrapped(outputs, out_dims, level):
    from penlight.func._vmap import broadcast

    leaves, spec = tree_flatten(outputs)
    dims = broadcast(out_dims, spec)
    if dims is None:
        raise RuntimeError("Expected the vmap staticmethod's out_dims to have the structure of its output")
    pairs = zip(leaves, dims)
    return tree_unflatten([o if d is None else wrap(o.movedim(d, 0) if d else o, level) for o, d in pairs], spec)


def _forward_mode(cls, args, kwargs):
    """Forward mode, which transposes backward, is to use the class's own jvp: its transpose takes backward's place."""
    if not (innermost_is_forward() and _overrides(cls, "jvp") and _C.is_grad_enabled()):
        return NotImplemented
    if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
        return NotImplemented
    return _by_jvp().apply(cls, *args, **kwargs)


@functools.cache
def _by_jvp():
    from penlight.autograd.function import Function

    class ByJvp(Function):
        """Another Function whose derivative is the transpose of its jvp."""

        @staticmethod
        def forward(ctx, cls, *args):
            ctx.inner, ctx.cls, ctx.args = cls._backward_cls(), cls, args
            if not _overrides(cls, "setup_context"):
                return cls.forward(ctx.inner, *args)
            outputs = cls.forward(*args)
            cls.setup_context(ctx.inner, args, outputs)
            return outputs

        @staticmethod
        def backward(ctx, *grads):
            recording = _C.is_grad_enabled()
            with _enable_grad():
                directions = [
                    _C.zeros_like(a).requires_grad_() if isinstance(a, Tensor) and a.is_floating_point() else None
                    for a in ctx.args
                ]
                found = ctx.cls.jvp(ctx.inner, *directions)
                found = found if isinstance(found, tuple) else (found,)
                pairs = [(t, g) for t, g in zip(found, grads) if t is not None and t.requires_grad and g is not None]
                inputs = [d for d in directions if d is not None]
                pulled = iter(_gradients([t for t, _ in pairs], inputs, [g for _, g in pairs], recording))
            return None, *[None if d is None else next(pulled) for d in directions]

    return ByJvp

