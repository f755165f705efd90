"""Switches of the libraries behind the operators, under the names that PyTorch's programs set."""

from types import SimpleNamespace

from penlight.backends import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"]

# Whether einsum chooses the order in which it multiplies more than two tensors.
opt_einsum = SimpleNamespace(is_available=lambda: True, enabled=True, strategy="auto")
