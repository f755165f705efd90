"""Penlight: PyTorch made small. `import penlight as torch` is enough for a program written for PyTorch.

What is loaded here is the core and the functions of `torch.*`; `torch.nn`, `torch.optim` and the other submodules are
loaded when a program first mentions them.

Example:
    >>> import penlight as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
"""

import importlib as _importlib
import math as _math

from penlight import _C
from penlight._C import *  # noqa: F403
from penlight._C import Tensor
from penlight.torch_version import __version__

e, inf, nan, pi = _math.e, _math.inf, _math.nan, _math.pi
newaxis = None

from penlight import overrides as overrides  # noqa: E402
from penlight._coded import *  # noqa: E402, F403
from penlight._functional import *  # noqa: E402, F403
from penlight._info import finfo, iinfo  # noqa: E402
from penlight._matrix import *  # noqa: E402, F403
from penlight._objects import *  # noqa: E402, F403
from penlight._quantized import *  # noqa: E402, F403
from penlight._rows import *  # noqa: E402, F403
from penlight._switches import *  # noqa: E402, F403
from penlight._tensor import (  # noqa: E402
    BFloat16Tensor,
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)
from penlight._tensor_layout import *  # noqa: E402, F403
from penlight.autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled  # noqa: E402
from penlight.random import (  # noqa: E402
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
    thread_safe_generator,
)

# Loaded at the first use: name -> where it stands. A module's value is the module itself.
_MODULES = (
    "amp",
    "accelerator",
    "autograd",
    "backends",
    "cpu",
    "cuda",
    "distributed",
    "distributions",
    "fft",
    "func",
    "hub",
    "jit",
    "linalg",
    "masked",
    "multiprocessing",
    "nested",
    "nn",
    "onnx",
    "ops",
    "optim",
    "overrides",
    "printing",
    "profiler",
    "random",
    "serialization",
    "signal",
    "sparse",
    "special",
    "testing",
    "types",
    "utils",
    "version",
    "vision",
    "return_types",
    "compiler",
    "export",
    "errors",
    "storage",
    "functional",
    "futures",
    "library",
)
_NAMES = {
    "save": "serialization",
    "load": "serialization",
    "set_printoptions": "printing",
    "autocast": "amp",
    "GradScaler": "amp",
    "ops": "_ops",
    "classes": "_ops",
    "from_file": "storage",
    "hspmm": "sparse",
    "sparse_bsc_tensor": "sparse",
    "sparse_bsr_tensor": "sparse",
    "sparse_compressed_tensor": "sparse",
    "sparse_coo_tensor": "sparse",
    "sparse_csc_tensor": "sparse",
    "sparse_csr_tensor": "sparse",
    "fork_rng": "random",
    "vmap": "func",
}


def __getattr__(name):
    if name in _NAMES or name.endswith("Storage"):
        try:
            value = getattr(_importlib.import_module("penlight." + _NAMES.get(name, "storage")), name)
        except (ModuleNotFoundError, AttributeError):
            raise _missing(name) from None
    elif name in _MODULES:
        try:
            value = _importlib.import_module("penlight." + name)
        except ModuleNotFoundError as error:
            if error.name != "penlight." + name:
                raise
            raise _missing(name) from None
    elif name.startswith("_") and not name.startswith("__") and hasattr(_C, name):
        value = getattr(_C, name)  # operators that PyTorch hides behind an underscore
    else:
        raise _missing(name)
    globals()[name] = value
    return value


def _missing(name):
    from penlight.errors import with_help

    return with_help(AttributeError(f"module 'torch' has no attribute '{name}'"), "torch_attribute", name=name)


def __dir__():
    return sorted({*globals(), *_NAMES, *_MODULES})
