"""The CPU's instructions."""

from penlight import _C

__all__ = ["get_cpu_capability"]


def get_cpu_capability():
    """Give the set of vector instructions that the kernels use, as PyTorch names it: "AVX2", "AVX512", "DEFAULT".

    Example:
        >>> penlight.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512", "DEFAULT")
        True
    """
    return {"avx2": "AVX2", "avx512": "AVX512"}.get(_C._isa(), "DEFAULT")
