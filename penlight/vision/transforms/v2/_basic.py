"""Conversions, and the transforms that draw nothing."""

import numpy as np
import PIL.Image

import penlight
from penlight import Tensor
from penlight.vision import tv_tensors
from penlight.vision.transforms import transforms as v1
from penlight.vision.transforms.v2 import functional as F
from penlight.vision.transforms.v2._transform import Transform, flatten, get_bounding_boxes, get_keypoints, has_any
from penlight.vision.transforms.v2.functional import is_pure_tensor

__all__ = [
    "Identity",
    "Lambda",
    "ToImage",
    "ToTensor",
    "PILToTensor",
    "ToPILImage",
    "ToPureTensor",
    "ToDtype",
    "ConvertImageDtype",
    "Normalize",
    "LinearTransformation",
    "ConvertBoundingBoxFormat",
    "ClampBoundingBoxes",
    "ClampKeyPoints",
    "SetClampingMode",
    "SanitizeBoundingBoxes",
    "SanitizeKeyPoints",
    "UniformTemporalSubsample",
]


class Identity(Transform):
    """Changes nothing."""

    def transform(self, inpt, params):
        """The input."""
        return inpt


class Lambda(Transform):
    """Calls a function of yours on every part of a sample that is of one of `types` (none given: on all parts)."""

    _transformed_types = (object,)

    def __init__(self, lambd, *types):
        super().__init__()
        self.lambd = lambd
        self.types = types or self._transformed_types

    def transform(self, inpt, params):
        """What the function gives."""
        return self.lambd(inpt) if isinstance(inpt, self.types) else inpt

    def extra_repr(self):
        """The function and the types."""
        name = getattr(self.lambd, "__name__", "")
        return ", ".join([*([name] if name else []), f"types={[kind.__name__ for kind in self.types]}"])


class ToImage(Transform):
    """Makes an `Image` of a PIL image, an array (H, W, C) or a tensor; the numbers stay as they are."""

    _transformed_types = (is_pure_tensor, PIL.Image.Image, np.ndarray)

    def transform(self, inpt, params):
        """The picture as an `Image`."""
        return F.to_image(inpt)


class ToTensor(Transform):
    """Makes a float tensor from 0.0 to 1.0 of a PIL image or an array; ToImage and ToDtype are the newer way."""

    _transformed_types = (PIL.Image.Image, np.ndarray)

    def transform(self, inpt, params):
        """The picture as a tensor."""
        return F.to_tensor(inpt)


class PILToTensor(Transform):
    """Makes a tensor of the same numbers of a PIL image."""

    _transformed_types = (PIL.Image.Image,)

    def transform(self, inpt, params):
        """The picture as a tensor."""
        return F.pil_to_tensor(inpt)


class ToPILImage(Transform):
    """Makes a PIL image of a tensor or an array; `mode` is Pillow's (None guesses it)."""

    _transformed_types = (is_pure_tensor, tv_tensors.Image, np.ndarray)

    def __init__(self, mode=None):
        super().__init__()
        self.mode = mode

    def transform(self, inpt, params):
        """The picture as a PIL image."""
        return F.to_pil_image(inpt.as_subclass(Tensor) if isinstance(inpt, Tensor) else inpt, mode=self.mode)


class ToPureTensor(Transform):
    """Makes plain tensors of pictures, masks and boxes."""

    _transformed_types = (tv_tensors.TVTensor,)

    def transform(self, inpt, params):
        """The plain tensor."""
        return inpt.as_subclass(Tensor)


class ToDtype(Transform):
    """Converts to another dtype: of pictures and videos, or as a dictionary {class: dtype, "others": None} says.

    With `scale` the values of pictures go to the range of the new dtype (bytes 0..255, floats 0..1).

    >>> ToDtype(torch.float32, scale=True)(torch.tensor([[[255]]], dtype=torch.uint8))
    tensor([[[1.]]])
    """

    _transformed_types = (Tensor,)

    def __init__(self, dtype, scale=False):
        super().__init__()
        if not isinstance(dtype, (dict, penlight.dtype)):
            raise ValueError(f"dtype must be a dict or a torch.dtype, got {type(dtype)} instead")
        self.dtype, self.scale = dtype, scale

    def transform(self, inpt, params):
        """The input in its new dtype."""
        if isinstance(self.dtype, penlight.dtype):
            # One dtype is meant for pictures; labels and boxes keep theirs.
            if not (is_pure_tensor(inpt) or isinstance(inpt, (tv_tensors.Image, tv_tensors.Video))):
                return inpt
            dtype = self.dtype
        elif type(inpt) in self.dtype:
            dtype = self.dtype[type(inpt)]
        elif "others" in self.dtype:
            dtype = self.dtype["others"]
        else:
            raise ValueError(
                f"No dtype was specified for type {type(inpt)}. If you only need to convert the dtype of images or "
                "videos, you can just pass e.g. dtype=torch.float32. To keep the others, pass {..., 'others': None}."
            )
        return inpt if dtype is None else F.to_dtype(inpt, dtype=dtype, scale=self.scale)


class ConvertImageDtype(Transform):
    """Converts pictures to another dtype and its range; ToDtype(dtype, scale=True) is the newer way."""

    def __init__(self, dtype=penlight.float32):
        super().__init__()
        self.dtype = dtype

    def transform(self, inpt, params):
        """The picture in its new dtype."""
        return F.to_dtype(inpt, dtype=self.dtype, scale=True)


class Normalize(Transform):
    """Subtracts `mean` and divides by `std`, channel by channel; for float tensors."""

    def __init__(self, mean, std, inplace=False):
        super().__init__()
        self.mean, self.std, self.inplace = list(mean), list(std), inplace

    def check_inputs(self, flat_inputs):
        """PIL images come too early."""
        if has_any(flat_inputs, PIL.Image.Image):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")

    def transform(self, inpt, params):
        """The normalised picture."""
        return F.normalize(inpt, mean=self.mean, std=self.std, inplace=self.inplace)


class LinearTransformation(Transform):
    """Subtracts a mean vector from the flattened picture and multiplies by a square matrix."""

    _transformed_types = (is_pure_tensor, tv_tensors.Image, tv_tensors.Video)

    def __init__(self, transformation_matrix, mean_vector):
        super().__init__()
        self._whiten = v1.LinearTransformation(transformation_matrix, mean_vector).forward
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def check_inputs(self, flat_inputs):
        """PIL images come too early."""
        if has_any(flat_inputs, PIL.Image.Image):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")

    def transform(self, inpt, params):
        """The transformed picture, a plain tensor."""
        return self._whiten(inpt.as_subclass(Tensor))


class ConvertBoundingBoxFormat(Transform):
    """Writes boxes in another format, such as "CXCYWH"."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, format):
        super().__init__()
        self.format = format

    def transform(self, inpt, params):
        """The boxes in the new format."""
        return F.convert_bounding_box_format(inpt, new_format=self.format)


class ClampBoundingBoxes(Transform):
    """Cuts boxes at the edges of the picture."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, clamping_mode="auto"):
        super().__init__()
        self.clamping_mode = clamping_mode

    def transform(self, inpt, params):
        """The cut boxes."""
        return F.clamp_bounding_boxes(inpt, clamping_mode=self.clamping_mode)


class ClampKeyPoints(Transform):
    """Puts points outside of the picture on its edge."""

    _transformed_types = (tv_tensors.KeyPoints,)

    def transform(self, inpt, params):
        """The points inside."""
        return F.clamp_keypoints(inpt)


class SetClampingMode(Transform):
    """Says how boxes are cut from now on: "soft", "hard" or None (not at all)."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, clamping_mode):
        super().__init__()
        if clamping_mode is not None and clamping_mode not in ("soft", "hard"):
            raise ValueError(f"clamping_mode must be soft, hard or None, got {clamping_mode}")
        self.clamping_mode = clamping_mode

    def transform(self, inpt, params):
        """The boxes, with the mode noted."""
        return tv_tensors.wrap(inpt.as_subclass(Tensor).clone(), like=inpt, clamping_mode=self.clamping_mode)


def find_labels(inputs):
    """The labels of a sample: the tensor after the picture, or what a dictionary calls labels."""
    if isinstance(inputs, (tuple, list)):
        if len(inputs) > 1 and is_pure_tensor(inputs[1]):
            return inputs[1]
        inputs = next((part for part in inputs if isinstance(part, dict)), inputs)
    if not isinstance(inputs, dict):
        raise ValueError(
            "When using the default labels_getter, the input passed to forward must be a dictionary or a two-tuple "
            f"whose second item is a dictionary or a tensor, but got {inputs} instead."
        )
    key = next((k for k in inputs if isinstance(k, str) and k.lower() == "labels"), None)
    if key is None:
        key = next((k for k in inputs if isinstance(k, str) and "label" in k.lower()), None)
    if key is None:
        raise ValueError(
            "Could not infer where the labels are in the sample. Try passing a callable as the labels_getter parameter?"
            "If there are no labels in the sample by design, pass labels_getter=None."
        )
    return inputs[key]


def labels_function(labels_getter):
    """The function that finds the labels, for "default", a key, None or a function."""
    if labels_getter == "default":
        return find_labels
    if callable(labels_getter):
        return labels_getter
    if labels_getter is None:
        return lambda inputs: None
    raise ValueError(f"labels_getter should either be 'default', a callable, or None, but got {labels_getter}.")


class _Sanitize(Transform):
    """Takes out things that are no longer in the picture, with their labels and masks."""

    def __init__(self, labels_getter):
        super().__init__()
        self.labels_getter = labels_getter
        self._labels = labels_function(labels_getter)

    def forward(self, *inputs):
        """The sample with what is left."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        labels = self._labels(sample)
        labels = labels if isinstance(labels, (tuple, list)) else () if labels is None else (labels,)
        for label in labels:
            if not isinstance(label, Tensor):
                raise ValueError(
                    f"The labels in the input to forward() must be a tensor or None, got {type(label)} instead."
                )
        leaves = []
        build = flatten(sample, leaves)
        valid = self._valid(leaves)
        for label in labels:
            if len(label) != len(valid):
                raise ValueError(f"Number of things (got {len(valid)}) and of labels (got {len(label)}) do not match.")
        new = []
        for leaf in leaves:
            if any(leaf is label for label in labels):
                leaf = leaf[valid]
            elif isinstance(leaf, self._filtered) and len(leaf) == len(valid):
                leaf = tv_tensors.wrap(leaf.as_subclass(Tensor)[valid], like=leaf)
            new.append(leaf)
        return build(iter(new))


class SanitizeBoundingBoxes(_Sanitize):
    """Takes out boxes that are too small or not inside the picture, with their labels and masks.

    `labels_getter` finds the labels: "default" looks for a key with "label" in it, None says that there are none.
    """

    _filtered = (tv_tensors.BoundingBoxes, tv_tensors.Mask)

    def __init__(self, min_size=1.0, min_area=1.0, labels_getter="default"):
        if min_size < 1:
            raise ValueError(f"min_size must be >= 1, got {min_size}.")
        if min_area < 1:
            raise ValueError(f"min_area must be >= 1, got {min_area}.")
        super().__init__(None)
        del self.labels_getter
        self.min_size, self.min_area, self.labels_getter = min_size, min_area, labels_getter
        self._labels = labels_function(labels_getter)

    def _valid(self, leaves):
        return F.sanitize_bounding_boxes(
            get_bounding_boxes(leaves), min_size=self.min_size, min_area=self.min_area
        )[1]


class SanitizeKeyPoints(_Sanitize):
    """Takes out points that are not inside the picture, with their labels."""

    _filtered = (tv_tensors.KeyPoints,)

    def __init__(self, labels_getter=None):
        super().__init__(labels_getter)

    def _valid(self, leaves):
        points = get_keypoints(leaves)
        h, w = points.canvas_size
        x, y = points.as_subclass(Tensor).unbind(-1)
        inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
        return inside.reshape(len(inside), -1).all(dim=1)


class UniformTemporalSubsample(Transform):
    """Takes `num_samples` pictures of a video, evenly spread."""

    _transformed_types = (is_pure_tensor, tv_tensors.Video)

    def __init__(self, num_samples):
        super().__init__()
        self.num_samples = num_samples

    def transform(self, inpt, params):
        """The shorter video."""
        return F.uniform_temporal_subsample(inpt, self.num_samples)
