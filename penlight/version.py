"""What `torch.version` holds: the PyTorch whose behaviour Penlight follows, and what this build is made for."""

from penlight._alias import VERSIONS

__version__ = VERSIONS["torch"]
debug = False
cuda = None  # nothing is compiled against CUDA: the libraries are opened at run time
git_version = "Unknown"
hip = None
