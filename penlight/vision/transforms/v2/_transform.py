"""How a transform walks through a sample, and the transforms made of other transforms."""

from collections.abc import Sequence
from enum import Enum

import PIL.Image

import penlight
from penlight import nn
from penlight.vision import tv_tensors
from penlight.vision.transforms.v2 import functional as F
from penlight.vision.transforms.v2.functional import is_pure_tensor


def flatten(sample, leaves):
    """Append the leaves of nested tuples, lists and dictionaries to `leaves`, and give the function that rebuilds."""
    if isinstance(sample, dict):
        parts = {key: flatten(value, leaves) for key, value in sample.items()}
        return lambda new: _like(sample, {key: build(new) for key, build in parts.items()})
    if isinstance(sample, (tuple, list)) and not isinstance(sample, penlight.Size):
        builders = [flatten(value, leaves) for value in sample]
        make = type(sample)._make if hasattr(sample, "_make") else type(sample)
        return lambda new: make([build(new) for build in builders])
    leaves.append(sample)
    return next


def _like(sample, content):
    return content if type(sample) is dict else type(sample)(content)


def check_type(obj, types_or_checks):
    """Tell whether an object is of one of the types, or passes one of the functions."""
    for check in types_or_checks:
        if isinstance(obj, check) if isinstance(check, type) else check(obj):
            return True
    return False


def has_any(flat_inputs, *types_or_checks):
    """Tell whether one of the inputs is of one of the types."""
    return any(check_type(inpt, types_or_checks) for inpt in flat_inputs)


def has_all(flat_inputs, *types_or_checks):
    """Tell whether there is an input of each of the types."""
    return all(any(check_type(inpt, (t,)) for inpt in flat_inputs) for t in types_or_checks)


_PICTURES = (is_pure_tensor, tv_tensors.Image, PIL.Image.Image, tv_tensors.Video)


def get_bounding_boxes(flat_inputs):
    """Give the boxes of a sample; ValueError where there are none."""
    for inpt in flat_inputs:
        if isinstance(inpt, tv_tensors.BoundingBoxes):
            return inpt
    raise ValueError("No bounding boxes were found in the sample")


def get_keypoints(flat_inputs):
    """Give the key points of a sample; ValueError where there are none."""
    for inpt in flat_inputs:
        if isinstance(inpt, tv_tensors.KeyPoints):
            return inpt
    raise ValueError("No keypoints were found in the sample")


def query_chw(flat_inputs):
    """Give (channels, height, width) of the pictures, which must agree (ValueError)."""
    sizes = {tuple(F.get_dimensions(inpt)) for inpt in flat_inputs if check_type(inpt, _PICTURES)}
    return _one(sizes, "(C, H, W)", "image or video")


def query_size(flat_inputs):
    """Give (height, width) of the pictures, masks and boxes, which must agree (ValueError)."""
    kinds = (*_PICTURES, tv_tensors.Mask, tv_tensors.BoundingBoxes, tv_tensors.KeyPoints)
    sizes = {tuple(F.get_size(inpt)) for inpt in flat_inputs if check_type(inpt, kinds)}
    return _one(sizes, "size (H, W)", "image, video, mask, bounding box of keypoint")


def _one(found, what, kinds):
    if not found:
        raise TypeError(f"No {kinds} was found in the sample")
    if len(found) > 1:
        raise ValueError(f"Found multiple {what} values in the sample: {sorted(found)}")
    return found.pop()


class Transform(nn.Module):
    """The base of the transforms: a subclass writes `transform(inpt, params)`, and `make_params(flat_inputs)` to draw.

    Every picture, mask, box or point of a sample goes through `transform` with the same parameters. Plain tensors pass
    unchanged where the sample has a picture that says so itself; else the first of them is the picture.

    >>> class Negate(Transform):
    ...     def transform(self, inpt, params):
    ...         return -inpt
    >>> Negate()(torch.ones(1), 5)
    (tensor([-1.]), 5)
    """

    _transformed_types = (is_pure_tensor, PIL.Image.Image, tv_tensors.TVTensor)

    def check_inputs(self, flat_inputs):
        """Raise where the sample does not suit the transform."""

    def make_params(self, flat_inputs):
        """Draw what `transform` needs, a dictionary."""
        return {}

    def transform(self, inpt, params):
        """Give the transformed input."""
        raise NotImplementedError("a transform says in transform(inpt, params) what it does")

    def forward(self, *inputs):
        """The transformed sample, in the form in which it came."""
        leaves = []
        build = flatten(inputs if len(inputs) > 1 else inputs[0], leaves)
        return build(iter(self._transform_leaves(leaves)))

    def _transform_leaves(self, leaves):
        self.check_inputs(leaves)
        wanted = self._needs_transform_list(leaves)
        params = self.make_params([inpt for inpt, needed in zip(leaves, wanted) if needed])
        return [self.transform(inpt, params) if needed else inpt for inpt, needed in zip(leaves, wanted)]

    def _needs_transform_list(self, flat_inputs):
        first_tensor = not has_any(flat_inputs, tv_tensors.Image, tv_tensors.Video, PIL.Image.Image)
        wanted = []
        for inpt in flat_inputs:
            needed = check_type(inpt, self._transformed_types)
            if is_pure_tensor(inpt):
                needed = needed and first_tensor
                first_tensor = False
            wanted.append(needed)
        return wanted

    def extra_repr(self):
        """The options of the transform."""
        shown = []
        for name, value in self.__dict__.items():
            if name.startswith("_") or name == "training":
                continue
            if isinstance(value, (bool, int, float, str, tuple, list, Enum)):
                shown.append(f"{name}={value}")
        return ", ".join(shown)


class RandomApplyTransform(Transform):
    """The base of transforms that are done with probability `p`."""

    def __init__(self, p=0.5):
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        super().__init__()
        self.p = p

    def _transform_leaves(self, leaves):
        self.check_inputs(leaves)
        if penlight.rand(1) >= self.p:
            return leaves
        return super()._transform_leaves(leaves)


class _Container(Transform):
    def __init__(self, transforms, kind="callables"):
        super().__init__()
        if not isinstance(transforms, (Sequence, nn.ModuleList)):
            raise TypeError(f"Argument transforms should be a sequence of {kind}")
        self.transforms = transforms

    def extra_repr(self):
        """The transforms, line by line."""
        return "\n".join(f"    {t}" for t in self.transforms)


class Compose(_Container):
    """Does several transforms one after the other, on all parts of a sample.

    >>> Compose([lambda x: x + 1, lambda x: x * 2])(torch.ones(1))
    tensor([4.])
    """

    def __init__(self, transforms):
        super().__init__(transforms)
        if not transforms:
            raise ValueError("Pass at least one transform")

    def forward(self, *inputs):
        """The transformed sample."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        for transform in self.transforms:
            sample = transform(*sample) if len(inputs) > 1 else transform(sample)
        return sample


class RandomApply(_Container):
    """Does all of its transforms with probability `p`, or none."""

    def __init__(self, transforms, p=0.5):
        super().__init__(transforms)
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs):
        """The sample, transformed or as it was."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        if penlight.rand(1) >= self.p:
            return sample
        for transform in self.transforms:
            sample = transform(*sample) if len(inputs) > 1 else transform(sample)
        return sample


class RandomChoice(Transform):
    """Does one of its transforms, drawn with the weights `p` (None: all alike)."""

    def __init__(self, transforms, p=None):
        super().__init__()
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence of callables")
        if p is None:
            p = [1] * len(transforms)
        elif len(p) != len(transforms):
            raise ValueError(f"Length of p doesn't match the number of transforms: {len(p)} != {len(transforms)}")
        self.transforms = transforms
        total = sum(p)
        self.p = [weight / total for weight in p]

    def forward(self, *inputs):
        """The sample after one of the transforms."""
        chosen = int(penlight.multinomial(penlight.tensor(self.p), 1))
        return self.transforms[chosen](*inputs)


class RandomOrder(_Container):
    """Does its transforms in a random order."""

    def __init__(self, transforms):
        super().__init__(transforms)
        if not transforms:
            raise ValueError("Pass at least one transform")

    def forward(self, *inputs):
        """The transformed sample."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        for i in penlight.randperm(len(self.transforms)).tolist():
            sample = self.transforms[i](*sample) if len(inputs) > 1 else self.transforms[i](sample)
        return sample

    def extra_repr(self):
        """The options of the transform."""
        return Transform.extra_repr(self)
