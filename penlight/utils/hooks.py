"""Handles by which a registered hook is removed, and the machinery of modules' backward hooks."""

import warnings
import weakref
from collections import OrderedDict

__all__ = ["RemovableHandle", "BackwardHook", "unserializable_hook", "warn_if_has_hooks"]


class RemovableHandle:
    """What registering a hook returns: call `remove()` to unregister the hook, or use it in a `with` block.

    `hooks_dict` is the dictionary that holds the hook; `extra_dict` one or several more that hold facts about it under
    the same id.

    >>> seen = []
    >>> layer = torch.nn.ReLU()
    >>> with layer.register_forward_hook(lambda module, args, output: seen.append("called")):
    ...     _ = layer(torch.ones(1))
    >>> _ = layer(torch.ones(1))
    >>> seen
    ['called']
    """

    next_id = 0

    def __init__(self, hooks_dict, *, extra_dict=None):
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        extra = () if extra_dict is None else (extra_dict,) if isinstance(extra_dict, dict) else extra_dict
        self.extra_dict_ref = tuple(weakref.ref(d) for d in extra)

    def remove(self):
        """Unregister the hook; a second call does nothing."""
        for ref in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = ref()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self):
        return self.hooks_dict_ref(), self.id, tuple(ref() for ref in self.extra_dict_ref)

    def __setstate__(self, state):
        hooks, self.id, extra = state
        # A handle whose dictionary is gone still unpickles; it then removes nothing.
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        self.extra_dict_ref = tuple(weakref.ref(OrderedDict() if d is None else d) for d in extra)
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()


def unserializable_hook(f):
    """Mark a hook function as one that must not be pickled with the tensor that carries it.

    >>> @torch.utils.hooks.unserializable_hook
    ... def show(grad):
    ...     print(grad)
    """
    f.__torch_unserializable__ = True
    return f


def warn_if_has_hooks(tensor):
    """Warn if a tensor that is about to be pickled has backward hooks, which are not stored."""
    for hook in (getattr(tensor, "_backward_hooks", None) or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can "
                "decorate the function with @torch.utils.hooks.unserializable_hook to suppress this warning",
                stacklevel=2,
            )


def _make_identity():
    """The autograd function that marks where a module begins or ends in the graph."""
    import penlight

    class BackwardHookFunction(penlight.autograd.Function):
        @staticmethod
        def forward(ctx, *args):
            ctx.mark_non_differentiable(*[a for a in args if not a.requires_grad])
            return args

        @staticmethod
        def backward(ctx, *grads):
            return grads

    return BackwardHookFunction


class BackwardHook:
    """Runs a module's full backward hooks: identities around its inputs and outputs catch the gradients.

    `user_hooks` are called as hook(module, grad_input, grad_output), `user_pre_hooks` as hook(module, grad_output).
    One object serves one call of the module.
    """

    _identity = None

    def __init__(self, module, user_hooks, user_pre_hooks):
        self.module, self.user_hooks, self.user_pre_hooks = module, user_hooks, user_pre_hooks
        self.grad_outputs = None
        self.n_inputs = self.n_outputs = -1
        self.input_index = self.output_index = None

    def setup_input_hook(self, args):
        """Wrap the tensors among the positional arguments; return the arguments to hand to forward."""
        result, self.input_index = self._mark(args, self._on_input_node)
        self.n_inputs = len(args)
        return result

    def setup_output_hook(self, output):
        """Wrap the tensors of the module's output (a tensor or a tuple); return the output to hand on."""
        single = not isinstance(output, tuple)
        args = (output,) if single else output
        result, self.output_index = self._mark(args, self._on_output_node)
        self.n_outputs = len(args)
        return result[0] if single else result

    def _mark(self, args, watch):
        """Pass the tensors of `args` through an identity and let `watch` hook its node -> (new args, tensor places)."""
        from penlight import Tensor, is_grad_enabled

        index = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        if not is_grad_enabled() or not any(args[i].requires_grad for i in index):
            return args, None
        if BackwardHook._identity is None:
            BackwardHook._identity = _make_identity()
        marked = BackwardHook._identity.apply(*[args[i] for i in index])
        nodes = [t.grad_fn for t in marked if t.grad_fn is not None]
        if not nodes:
            raise RuntimeError("Error while setting up backward hooks. Please open an issue.")
        watch(nodes[0])
        args = list(args)
        for i, tensor in zip(index, marked):
            args[i] = tensor
        kind = type(args)
        return (tuple(args) if kind is list else args), index

    @staticmethod
    def _place(values, index, size):
        """The gradients of the tensor arguments at their places, None for the others."""
        placed = [None] * size
        for i, value in zip(index, values):
            placed[i] = value
        return tuple(placed)

    def _call_hooks(self, grad_inputs):
        """Call the hooks in order; each may replace the gradients of the inputs."""
        for hook in self.user_hooks:
            replaced = hook(self.module, grad_inputs, self.grad_outputs)
            if replaced is None:
                continue
            replaced = replaced if isinstance(replaced, tuple) else (replaced,)
            if len(replaced) != len(grad_inputs):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, got "
                    f"{len(replaced)}, but expected {len(grad_inputs)}"
                )
            grad_inputs = replaced
        self.grad_outputs = None
        return grad_inputs

    def _on_output_node(self, node):
        def at_output(_, grads):
            self.grad_outputs = self._place(grads, self.output_index, self.n_outputs)
            for hook in self.user_pre_hooks:
                replaced = hook(self.module, self.grad_outputs)
                if replaced is None:
                    continue
                replaced = replaced if isinstance(replaced, tuple) else (replaced,)
                if len(replaced) != len(self.grad_outputs):
                    raise RuntimeError(
                        "Backward pre hook returned an invalid number of grad_output, got "
                        f"{len(replaced)}, but expected {len(self.grad_outputs)}"
                    )
                self.grad_outputs = replaced
            result = tuple(self.grad_outputs[i] for i in self.output_index)
            if self.input_index is None:  # no input wants a gradient: nothing further will be seen
                self._call_no_input_hooks()
            return result

        node.register_hook(at_output)

    def _call_no_input_hooks(self):
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no "
            "inputs require gradients.",
            stacklevel=6,
        )
        nothing = self._place((), (), max(self.n_inputs, 0))
        for hook in self.user_hooks:
            replaced = hook(self.module, nothing, self.grad_outputs)
            if replaced is not None and not (isinstance(replaced, tuple) and all(g is None for g in replaced)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return "
                    "None or None for all gradients."
                )
        self.grad_outputs = None

    def _on_input_node(self, node):
        def at_input(grad_inputs, _):
            if self.grad_outputs is None:  # the gradient did not come through the output (a double backward)
                return None
            grads = self._call_hooks(self._place(grad_inputs, self.input_index, self.n_inputs))
            return tuple(grads[i] for i in self.input_index)

        node.register_hook(at_input)
