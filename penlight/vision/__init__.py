"""Pictures for training: ready datasets, transforms, drawing, reading and writing, and operators on boxes.

Programs written for torchvision find this package under that name with `penlight run`. The parts are loaded when a
program first mentions them.

Example:
    >>> from penlight.vision import transforms
    >>> t = transforms.Compose([transforms.CenterCrop(2), transforms.Normalize([0.5], [0.5])])
    >>> t(torch.ones(1, 4, 4))
    tensor([[[1., 1.],
             [1., 1.]]])
"""

import importlib as _importlib

__version__ = "0.28.0+penlight"

_MODULES = ("datasets", "io", "models", "ops", "transforms", "tv_tensors", "utils", "version")
_backend = "PIL"


def __getattr__(name):
    if name in _MODULES:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_MODULES])


def set_image_backend(backend):
    """Choose what ImageFolder reads pictures with; Penlight has "PIL" only, anything else is a ValueError."""
    if backend != "PIL":
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL'; Penlight reads pictures with Pillow")


def get_image_backend():
    """The name of the package that reads pictures: "PIL"."""
    return _backend


def set_video_backend(backend):
    """Videos are not read by Penlight; see `penlight.vision.io.read_video`."""
    raise NotImplementedError("Penlight reads no videos: read the frames with PyAV and stack them into a tensor")


def disable_beta_transforms_warning():
    """Does nothing: transforms.v2 gives no such warning any more."""
