"""Tensors that know what they hold, a picture, a mask or boxes, so that `transforms.v2` treats each in its way.

Arithmetic gives plain tensors; `clone`, `to`, `detach` and `requires_grad_` keep the class.

Example:
    >>> from penlight.vision import tv_tensors
    >>> boxes = tv_tensors.BoundingBoxes([[1, 2, 3, 4]], format="XYXY", canvas_size=(10, 10))
    >>> type(boxes.clone()).__name__, type(boxes + 1).__name__
    ('BoundingBoxes', 'Tensor')
"""

import contextlib
from enum import Enum

import PIL.Image

import penlight
from penlight import Tensor
from penlight._C import DisableTorchFunctionSubclass

__all__ = [
    "TVTensor",
    "Image",
    "Video",
    "Mask",
    "BoundingBoxes",
    "BoundingBoxFormat",
    "KeyPoints",
    "is_rotated_bounding_format",
    "set_return_type",
    "wrap",
    "wrap_dataset_for_transforms_v2",
]

_KEEPING = {"clone", "detach", "requires_grad_"}  # and `to`
_keep_all = False


class set_return_type(contextlib.ContextDecorator):
    """Let every operation keep the class ("TVTensor") or give plain tensors ("Tensor", the usual way).

    A call sets it from now on; `with` sets it for the block.

    >>> with set_return_type("TVTensor"):
    ...     type(Image(torch.zeros(3, 2, 2)) + 1).__name__
    'Image'
    """

    def __init__(self, return_type):
        global _keep_all
        words = {"tensor": False, "tvtensor": True}
        if return_type.lower() not in words:
            raise ValueError(f"return_type must be 'TVTensor' or 'Tensor', but got {return_type}")
        self.before, _keep_all = _keep_all, words[return_type.lower()]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        global _keep_all
        _keep_all = self.before


class TVTensor(Tensor):
    """The base of the tensors that know what they hold."""

    _meta = ()  # the names of what an object knows besides its numbers

    @staticmethod
    def _to_tensor(data, dtype=None, device=None, requires_grad=None):
        if requires_grad is None:
            requires_grad = data.requires_grad if isinstance(data, Tensor) else False
        return penlight.as_tensor(data, dtype=dtype, device=device).requires_grad_(requires_grad)

    @classmethod
    def _wrap(cls, tensor, **meta):
        out = tensor.as_subclass(cls)
        for name in cls._meta:
            setattr(out, name, meta[name])
        return out

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if not all(issubclass(cls, t) for t in types):
            return NotImplemented
        with DisableTorchFunctionSubclass():
            output = func(*args, **(kwargs or {}))
            if _keep_all or (getattr(func, "__name__", "") in _KEEPING and isinstance(args[0], cls)):
                like = next((a for a in args if isinstance(a, cls)), None)
                return cls._keep(output, like)
            return output.as_subclass(Tensor) if isinstance(output, cls) else output

    def to(self, *args, **kwargs):
        """Convert to another dtype or device; the class stays."""
        return self._keep(self.as_subclass(Tensor).to(*args, **kwargs), self)

    @classmethod
    def _keep(cls, output, like):
        if isinstance(output, Tensor):
            return cls._wrap(output, **{name: getattr(like, name) for name in cls._meta})
        if isinstance(output, (tuple, list)) and not isinstance(output, penlight.Size):
            return type(output)(cls._keep(part, like) for part in output)
        return output

    def __deepcopy__(self, memo):
        copy = self.detach().clone().requires_grad_(self.requires_grad)
        return type(self)._wrap(copy.as_subclass(Tensor), **{name: getattr(self, name) for name in self._meta})

    def __reduce_ex__(self, protocol):
        return _rebuild, (type(self), self.as_subclass(Tensor), {name: getattr(self, name) for name in self._meta})

    def __repr__(self):
        meta = ", ".join(f"{name}={getattr(self, name)}" for name in self._meta)
        text = repr(self.as_subclass(Tensor)).replace("tensor", type(self).__name__, 1)
        return text[:-1] + f", {meta})" if meta or isinstance(self, (Image, Video)) else text


def _rebuild(cls, tensor, meta):
    return cls._wrap(tensor, **meta)


class Image(TVTensor):
    """A picture (..., C, H, W); data of two dimensions gets a channel. Takes PIL images too.

    >>> Image(torch.zeros(4, 5)).shape
    torch.Size([1, 4, 5])
    """

    def __new__(cls, data, *, dtype=None, device=None, requires_grad=None):
        if isinstance(data, PIL.Image.Image):
            from penlight.vision.transforms.functional import pil_to_tensor

            data = pil_to_tensor(data)
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if tensor.ndim < 2:
            raise ValueError(f"Tensor must be 2D or higher, got {tensor.ndim}D tensor.")
        return cls._wrap(tensor.unsqueeze(0) if tensor.ndim == 2 else tensor)


class Video(TVTensor):
    """A film (..., T, C, H, W)."""

    def __new__(cls, data, *, dtype=None, device=None, requires_grad=None):
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if tensor.ndim < 4:
            raise ValueError(f"a video is (..., T, C, H, W), got a tensor of {tensor.ndim} dimensions")
        return cls._wrap(tensor)


class Mask(TVTensor):
    """What each pixel of a picture belongs to, (..., H, W); a transform never mixes two of its numbers."""

    def __new__(cls, data, *, dtype=None, device=None, requires_grad=None):
        if isinstance(data, PIL.Image.Image):
            from penlight.vision.transforms.functional import pil_to_tensor

            data = pil_to_tensor(data)
        return cls._wrap(cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad))


class BoundingBoxFormat(Enum):
    """How the numbers of a box are to be read: two corners, a corner and the size, the centre and the size, ..."""

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"
    XYWHR = "XYWHR"
    CXCYWHR = "CXCYWHR"
    XYXYXYXY = "XYXYXYXY"


def is_rotated_bounding_format(format):
    """Tell whether boxes of this format may be turned.

    >>> is_rotated_bounding_format("XYWHR")
    True
    """
    name = format.value if isinstance(format, BoundingBoxFormat) else format.upper()
    return name in ("XYWHR", "CXCYWHR", "XYXYXYXY")


class BoundingBoxes(TVTensor):
    """Boxes (N, K) in a picture of `canvas_size` (height, width), written as `format` says."""

    _meta = ("format", "canvas_size", "clamping_mode")

    def __new__(
        cls,
        data,
        *,
        format,
        canvas_size,
        clamping_mode="soft",
        dtype=None,
        device=None,
        requires_grad=None,
    ):
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if isinstance(format, str):
            format = BoundingBoxFormat[format.upper()]
        if clamping_mode is not None and clamping_mode not in ("hard", "soft"):
            raise ValueError(f"clamping_mode must be None, hard or soft, got {clamping_mode}.")
        if tensor.ndim == 1:
            tensor = tensor.unsqueeze(0)
        elif tensor.ndim != 2:
            raise ValueError(f"Expected a 1D or 2D tensor, got {tensor.ndim}D")
        return cls._wrap(tensor, format=format, canvas_size=tuple(canvas_size), clamping_mode=clamping_mode)


class KeyPoints(TVTensor):
    """Points (..., 2), x and y, in a picture of `canvas_size` (height, width)."""

    _meta = ("canvas_size",)

    def __new__(cls, data, *, canvas_size, dtype=None, device=None, requires_grad=None):
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if tensor.ndim == 1:
            tensor = tensor.unsqueeze(0)
        elif tensor.shape[-1] != 2:
            raise ValueError(f"Expected a tensor of shape (..., 2), not {tensor.shape}")
        return cls._wrap(tensor, canvas_size=tuple(canvas_size))


def wrap(wrappee, *, like, **kwargs):
    """Give a tensor the class of `like`, and what `like` knows where the keywords do not say otherwise.

    >>> boxes = BoundingBoxes([[1, 2, 3, 4]], format="XYXY", canvas_size=(9, 9))
    >>> wrap(torch.ones(1, 4), like=boxes, canvas_size=(5, 5)).canvas_size
    (5, 5)
    """
    cls = type(like)
    return cls._wrap(wrappee.as_subclass(Tensor), **{name: kwargs.get(name, getattr(like, name)) for name in cls._meta})


# ---- datasets that give these tensors


def _coco(dataset, image, target):
    image_id = dataset.ids[0] if not target else target[0]["image_id"]
    size = (image.height, image.width)
    xyxy = penlight.tensor([annotation["bbox"] for annotation in target], dtype=penlight.float32).reshape(-1, 4)
    xyxy[:, 2:] += xyxy[:, :2]  # the file gives width and height
    return image, {
        "image_id": image_id,
        "boxes": BoundingBoxes(xyxy, format="XYXY", canvas_size=size),
        "labels": penlight.tensor([annotation["category_id"] for annotation in target], dtype=penlight.int64),
    }


def _voc_detection(dataset, image, target):
    corners, names = [], []
    for thing in target["annotation"]["object"]:
        corners.append([int(thing["bndbox"][key]) for key in ("xmin", "ymin", "xmax", "ymax")])
        names.append(thing["name"])
    size = (image.height, image.width)
    target = dict(target)
    target["boxes"] = BoundingBoxes(penlight.tensor(corners).reshape(-1, 4), format="XYXY", canvas_size=size)
    target["labels"] = penlight.tensor([_VOC_CLASSES.index(name) for name in names], dtype=penlight.int64)
    return image, target


_VOC_CLASSES = (
    "__background__ aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person "
    "pottedplant sheep sofa train tvmonitor"
).split()


def _mask_target(dataset, image, target):
    return image, Mask(target) if isinstance(target, PIL.Image.Image) else target


def _pets(dataset, image, target):
    wrap_one = lambda t: Mask(t) if isinstance(t, PIL.Image.Image) else t
    return image, tuple(map(wrap_one, target)) if isinstance(target, tuple) else wrap_one(target)


def _celeba(dataset, image, target):
    several = isinstance(target, tuple)
    parts = []
    for kind, t in zip(dataset.target_type, target if several else (target,)):
        if kind == "bbox":
            t = BoundingBoxes(t, format="XYWH", canvas_size=(image.height, image.width))
        parts.append(t)
    return image, tuple(parts) if several else parts[0]


_WRAPPERS = {
    "CocoDetection": _coco,
    "VOCDetection": _voc_detection,
    "VOCSegmentation": _mask_target,
    "OxfordIIITPet": _pets,
    "CelebA": _celeba,
}


def wrap_dataset_for_transforms_v2(dataset, target_keys=None):
    """Give a dataset whose samples hold boxes and masks of this module, before its transforms see them.

    Known are CocoDetection, VOCDetection, VOCSegmentation, OxfordIIITPet and CelebA; of datasets for classification
    nothing changes. `target_keys` chooses among what a COCO or VOC target holds ("all" keeps everything).
    """
    from penlight.vision import datasets

    wrapper = next((_WRAPPERS[c.__name__] for c in type(dataset).__mro__ if c.__name__ in _WRAPPERS), None)
    if wrapper is None and not isinstance(dataset, datasets.VisionDataset):
        name = type(dataset).__name__
        raise TypeError(f"No wrapper exists for dataset class {name}: wrap the boxes in its __getitem__")
    cls = type(dataset)

    class Wrapped(cls):
        def __init__(self):
            self.__dict__.update(vars(dataset))
            # The transforms come after the wrapping; until then the dataset gives what its files hold.
            self._after, self.transforms, self.transform, self.target_transform = self.transforms, None, None, None

        def __getitem__(self, index):
            image, target = super().__getitem__(index)
            if wrapper is not None:
                image, target = wrapper(self, image, target)
            if isinstance(target, dict) and target_keys not in (None, "all"):
                target = {key: target[key] for key in target_keys}
            return (image, target) if self._after is None else self._after(image, target)

    Wrapped.__name__ = f"Wrapped{cls.__name__}"
    return Wrapped()
