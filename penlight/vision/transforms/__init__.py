"""Transforms turn a picture into what a network wants, and make many pictures of one while training.

Each takes a PIL image or a tensor (..., C, H, W) and gives the same kind back. The random ones draw from
`torch.manual_seed`'s stream, number for number as torchvision draws.

Example:
    >>> from penlight.vision import transforms
    >>> train = transforms.Compose([transforms.RandomCrop(2), transforms.ConvertImageDtype(torch.float32)])
    >>> train(torch.full((3, 4, 4), 255, dtype=torch.uint8)).shape
    torch.Size([3, 2, 2])
"""

from penlight.vision.transforms import functional
from penlight.vision.transforms.autoaugment import (
    AugMix,
    AutoAugment,
    AutoAugmentPolicy,
    RandAugment,
    TrivialAugmentWide,
)
from penlight.vision.transforms.functional import InterpolationMode
from penlight.vision.transforms.transforms import *


def __getattr__(name):
    if name == "v2":
        import importlib

        return importlib.import_module(f"{__name__}.v2")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
