"""Switches of the libraries behind the operators, under the names that PyTorch's programs set."""

from penlight.backends import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
