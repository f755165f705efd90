"""Transforms of functions: their gradients, their Jacobians, and versions that work on whole batches.

>>> torch.func.vmap(torch.func.grad(lambda x: x**2))(torch.tensor([1.0, 2.0, 3.0]))
tensor([2., 4., 6.])
"""

from penlight.func import _nn_rules, _random_rules
from penlight.func._modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from penlight.func._rearrange import rearrange
from penlight.func._tools import debug_unwrap, functionalize
from penlight.func._transforms import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from penlight.func._vmap import vmap

__all__ = [
    "grad",
    "grad_and_value",
    "vjp",
    "jvp",
    "linearize",
    "jacrev",
    "jacfwd",
    "hessian",
    "vmap",
    "functional_call",
    "stack_module_state",
    "replace_all_batch_norm_modules_",
    "functionalize",
    "debug_unwrap",
    "rearrange",
]
