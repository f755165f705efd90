"""NVIDIA GPUs' libraries: there are none. Settings are kept; the kernels of attention are chosen by nn.attention."""

import contextlib

__all__ = [
    "enable_cudnn_sdp",
    "enable_flash_sdp",
    "enable_math_sdp",
    "enable_mem_efficient_sdp",
    "cudnn_sdp_enabled",
    "flash_sdp_enabled",
    "is_built",
    "math_sdp_enabled",
    "matmul",
    "mem_efficient_sdp_enabled",
    "preferred_blas_library",
    "preferred_linalg_library",
    "sdp_kernel",
]


class _Products:
    """Whether products may use less precision; the CPU's never do."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True
    allow_fp16_accumulation = False
    fp32_precision = "ieee"


matmul = _Products()
_kernels = {"flash": True, "math": True, "mem_efficient": True, "cudnn": True}


def is_built():
    """Give False: there is no GPU support."""
    return False


def _switch(kernel):
    def enable(enabled):
        _kernels[kernel] = bool(enabled)

    def enabled():
        return _kernels[kernel]

    enable.__doc__ = f"Remember whether the {kernel} kernel of attention may be used; the CPU has one kernel."
    enabled.__doc__ = f"Give what was said of the {kernel} kernel; True at first."
    return enable, enabled


enable_flash_sdp, flash_sdp_enabled = _switch("flash")
enable_math_sdp, math_sdp_enabled = _switch("math")
enable_mem_efficient_sdp, mem_efficient_sdp_enabled = _switch("mem_efficient")
enable_cudnn_sdp, cudnn_sdp_enabled = _switch("cudnn")


@contextlib.contextmanager
def sdp_kernel(enable_flash=True, enable_math=True, enable_mem_efficient=True, enable_cudnn=True):
    """Remember, inside, which kernels of attention may be used."""
    before = dict(_kernels)
    _kernels.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
    try:
        yield
    finally:
        _kernels.update(before)


def preferred_linalg_library(backend=None):
    """Give "default": the CPU has one library."""
    return "default"


def preferred_blas_library(backend=None):
    """Give "default": the CPU has one library."""
    return "default"
