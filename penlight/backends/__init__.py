"""Switches of the libraries behind the operators, under the names that PyTorch's programs set."""

from types import SimpleNamespace

from penlight.backends import cudnn

__all__ = ["cudnn", "cuda", "mps", "mkldnn", "mkl", "openmp", "opt_einsum"]

cuda = SimpleNamespace(
    is_built=lambda: False, matmul=SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True)
)
mps = SimpleNamespace(is_available=lambda: False, is_built=lambda: False)
mkldnn = SimpleNamespace(is_available=lambda: False, enabled=False)
mkl = SimpleNamespace(is_available=lambda: False)
openmp = SimpleNamespace(is_available=lambda: False)
# Whether einsum chooses the order in which it multiplies more than two tensors.
opt_einsum = SimpleNamespace(is_available=lambda: True, enabled=True, strategy="auto")
