"""The version of torchvision whose behaviour `penlight.vision` follows."""

from penlight.vision import __version__ as __version__

git_version = "unknown"
cuda = None
