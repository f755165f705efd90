"""Operations of your own: forward and backward as Python functions."""
import functools
import warnings

from penlight import _C

__all__ = ["FunctionCtx", "BackwardCFunction", "FunctionMeta", "Function", "once_differentiable", "InplaceFunction",
           "NestedIOFunction"]

# The context's methods (save_for_backward, mark_dirty, ...) are the core's.
FunctionCtx = _C._FunctionBase


class BackwardCFunction(_C._FunctionBase):
    """The context of one call, which is also the `grad_fn` of its results.

    Its class is made for each Function and named after it: `class Square(Function)` gives `SquareBackward`.
    """

    def _register_hook_dict(self, tensor_dict):
        for hook in tensor_dict.values():
            self.register_hook(hook)


class FunctionMeta(type):
    """Makes, for each Function, the class of its contexts."""

    def __init__(cls, name, bases, attrs):
        cls._backward_cls = type(name + "Backward", (BackwardCFunction,), {"_forward_cls": cls})
        super().__init__(name, bases, attrs)


class Function(_C._FunctionBase, metaclass=FunctionMeta):
    """An operation that you write yourself, with its derivative.

    Derive from it and define two static methods:

    - `forward(ctx, *args)` computes the result; `ctx.save_for_backward(...)` keeps tensors for the derivative.
    - `backward(ctx, *grad_outputs)` is given the gradient of each result and returns one for each argument of forward,
      None for those that are not tensors or need none (`ctx.needs_input_grad` tells).

    Or `forward(*args)` and `setup_context(ctx, inputs, output)`. Call it through `apply`. What forward does is not
    recorded.

    >>> class Square(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         x, = ctx.saved_tensors
    ...         return grad * 2 * x
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor(6.)
    """

    def __init__(self, *args, **kwargs):
        warnings.warn(f"{type(self)} should not be instantiated. Methods on "
                      "autograd functions are all static, so you should invoke "
                      "them on the class itself. Instantiating an autograd "
                      "function will raise an error in a future version of "
                      "PyTorch.", DeprecationWarning, stacklevel=2)

    def __call__(self, *args, **kwargs):
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)")

    # Options that a class of yours may set: run sample by sample inside vmap; backward(ctx, list of gradients); what
    # was saved is freed when backward reads it, which it may do once.
    generate_vmap_rule = False
    boxed_grads_call = False
    clear_saved_tensors_on_access = False

    @staticmethod
    def vmap(info, in_dims, *args):
        """Run on whole batches inside torch.func.vmap; return the output and where its batch dimension stands.

        `in_dims` has, for each argument, the dimension that counts the samples, or None; `info` has `batch_size` and
        `randomness`. Or set `generate_vmap_rule = True`.
        """
        raise NotImplementedError("To use autograd.Function with vmap, you must either override the vmap "
                                  "staticmethod or "
                                  "set generate_vmap_rule=True.")

    @staticmethod
    def forward(*args, **kwargs):
        """Compute the result; to be defined by you."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Keep in `ctx` what backward needs, when forward has no ctx argument."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Return the gradients of forward's arguments; to be defined by you."""
        raise NotImplementedError("You must implement either the backward or vjp method for your custom "
                                  "autograd.Function to use it with backward mode AD.")

    vjp = backward

    @staticmethod
    def jvp(ctx, *grad_inputs):
        """Return the derivative along a direction, for forward mode."""
        raise NotImplementedError("You must implement the jvp function for custom autograd.Function to use it with "
                                  "forward mode AD.")


def _bind_arguments(forward, args, kwargs, has_context):
    """The arguments in forward's order; without a context argument (setup_context has it) defaults are filled in."""
    import inspect

    if has_context:
        return inspect.signature(forward).bind(None, *args, **kwargs).args[1:]
    bound = inspect.signature(forward).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args


class _DelayedError(Function):
    """Passes tensors on and raises when they are differentiated."""

    @staticmethod
    def forward(ctx, message, *tensors):
        ctx.message = message
        return tuple(t.detach() for t in tensors)

    @staticmethod
    def backward(ctx, *grads):
        raise RuntimeError(ctx.message)


def once_differentiable(fn):
    """Decorates a backward that cannot itself be differentiated: trying to raises an error.

    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     @torch.autograd.function.once_differentiable
    ...     def backward(ctx, grad):
    ...         return grad * 2
    >>> x = torch.ones(1, requires_grad=True)
    >>> torch.autograd.grad(Double.apply(x), x)
    (tensor([2.]),)
    """
    from penlight.autograd.grad_mode import no_grad

    @functools.wraps(fn)
    def wrapper(ctx, *args):
        with no_grad():
            outputs = fn(ctx, *args)
        if not _C.is_grad_enabled() or not any(isinstance(a, _C.Tensor) and a.requires_grad for a in args):
            return outputs
        single = not isinstance(outputs, tuple)
        outputs = [outputs] if single else list(outputs)
        where = [i for i, o in enumerate(outputs) if isinstance(o, _C.Tensor)]
        stand_ins = [outputs[i].detach().requires_grad_() for i in where]
        message = "trying to differentiate twice a function that was marked with @once_differentiable"
        for i, t in zip(where, _DelayedError.apply(message, *stand_ins)):
            outputs[i] = t
        return outputs[0] if single else tuple(outputs)

    return wrapper


class NestedIOFunction(Function):
    """A Function of nested containers of tensors; kept for old programs, which name it as a base."""


class InplaceFunction(Function):
    """A Function with a flag `inplace`; kept for old programs."""

    def __init__(self, inplace=False):
        self.inplace = inplace
