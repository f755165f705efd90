"""The choice among attention kernels that PyTorch offers; Penlight has one CPU kernel, which stands for all of them."""

import contextlib
import enum

__all__ = [
    "SDPBackend",
    "WARN_FOR_UNFUSED_KERNELS",
    "activate_flash_attention_impl",
    "current_flash_attention_impl",
    "list_flash_attention_impls",
    "register_flash_attention_impl",
    "restore_flash_attention_impl",
    "sdpa_kernel",
]

WARN_FOR_UNFUSED_KERNELS = False


class SDPBackend(enum.Enum):
    """The kernels of `F.scaled_dot_product_attention` by PyTorch's names.

    >>> torch.nn.attention.SDPBackend.MATH
    <SDPBackend.MATH: 0>
    """

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __int__(self):
        return self.value


@contextlib.contextmanager
def sdpa_kernel(backends, set_priority=False):
    """Allow only some attention kernels, in a with statement or as a decorator; `backends` is one or a list.

    MATH and FLASH_ATTENTION, the CPU's, both stand for Penlight's kernel, so the numbers stay the same. Where neither
    is in the list there is no kernel: RuntimeError at the beginning of the block.

    >>> x = torch.ones(1, 1, 2, 2)
    >>> with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
    ...     F.scaled_dot_product_attention(x, x, x)
    tensor([[[[1., 1.],
              [1., 1.]]]])
    """
    if not isinstance(backends, (SDPBackend, list)):
        raise AssertionError(
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
            f"{type(backends).__name__}"
        )
    backends = [backends] if isinstance(backends, SDPBackend) else backends
    if not {SDPBackend.MATH, SDPBackend.FLASH_ATTENTION} & {b for b in backends if isinstance(b, SDPBackend)}:
        raise RuntimeError(
            "No viable backend for scaled_dot_product_attention was found. This is likely due to turning off both the "
            "math kernel and the fused kernels."
        )
    yield {}


_implementations = {}
_GPU_IMPLEMENTATIONS = ("FA3", "FA4")
_active = None


def list_flash_attention_impls():
    """The names of further attention kernels, PyTorch's for GPUs and the registered ones.

    >>> torch.nn.attention.list_flash_attention_impls()
    ['FA3', 'FA4']
    """
    return sorted({*_GPU_IMPLEMENTATIONS, *_implementations})


def current_flash_attention_impl():
    """The name of the activated further kernel, or None.

    >>> torch.nn.attention.current_flash_attention_impl()
    """
    return _active


def register_flash_attention_impl(impl, *, register_fn):
    """Name a function that `activate_flash_attention_impl` calls.

    >>> torch.nn.attention.register_flash_attention_impl("mine", register_fn=lambda: None)
    >>> del torch.nn.attention._implementations["mine"]
    """
    _implementations[impl] = register_fn


def activate_flash_attention_impl(impl):
    """Call the function registered under a name; PyTorch's own names need a GPU and its package.

    >>> torch.nn.attention.activate_flash_attention_impl("x")
    Traceback (most recent call last):
    ValueError: Unknown flash attention impl 'x'. Available implementations: ['FA3', 'FA4']
    """
    global _active
    if impl not in list_flash_attention_impls():
        raise ValueError(
            f"Unknown flash attention impl '{impl}'. Available implementations: {list_flash_attention_impls()}"
        )
    if impl not in _implementations:
        raise NotImplementedError(
            f"{impl} is a kernel for GPUs; on the CPU scaled_dot_product_attention needs no choice"
        )
    _implementations[impl]()
    _active = impl


def restore_flash_attention_impl(_raise_warn=True):
    """Take `activate_flash_attention_impl` back.

    >>> torch.nn.attention.restore_flash_attention_impl()
    """
    global _active
    _active = None
