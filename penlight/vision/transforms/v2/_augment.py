"""Erasing, mixing of samples, JPEG traces, and augmentation found by search."""

import math

import PIL.Image

import penlight
from penlight import Tensor
from penlight.nn import functional as nnF
from penlight.vision import tv_tensors
from penlight.vision.transforms import autoaugment as v1_auto
from penlight.vision.transforms import transforms as v1
from penlight.vision.transforms.autoaugment import AutoAugmentPolicy
from penlight.vision.transforms.functional import InterpolationMode
from penlight.vision.transforms.v2 import functional as F
from penlight.vision.transforms.v2._basic import labels_function
from penlight.vision.transforms.v2._geometry import fill_for, fills
from penlight.vision.transforms.v2._transform import RandomApplyTransform, Transform, flatten, query_chw, query_size
from penlight.vision.transforms.v2.functional import is_pure_tensor

__all__ = [
    "RandomErasing",
    "CutMix",
    "MixUp",
    "JPEG",
    "AutoAugment",
    "RandAugment",
    "TrivialAugmentWide",
    "AugMix",
]


class RandomErasing(RandomApplyTransform):
    """Overwrites a random rectangle of a picture with probability `p`; masks and boxes stay as they are."""

    _transformed_types = (is_pure_tensor, PIL.Image.Image, tv_tensors.Image, tv_tensors.Video)

    def __init__(self, p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0.0, inplace=False):
        super().__init__(p=p)
        v1.RandomErasing(p, scale, ratio, value, inplace)  # the same arguments are wrong
        self.scale, self.ratio = scale, ratio
        if isinstance(value, (int, float)):
            self.value = [float(value)]
        else:
            self.value = None if isinstance(value, str) else [float(v) for v in value]
        self.inplace = inplace

    def make_params(self, flat_inputs):
        """Draw the rectangle."""
        c, h, w = query_chw(flat_inputs)
        if self.value is not None and len(self.value) not in (1, c):
            raise ValueError(
                f"If value is a sequence, it should have either a single value or {c} (number of inpt channels)"
            )
        whole = penlight.empty(1, 1, 1).expand(c, h, w)  # only its size matters
        top, left, height, width, v = v1.RandomErasing.get_params(whole, self.scale, self.ratio, self.value)
        if v is whole:
            return {"v": None}
        return {"i": top, "j": left, "h": height, "w": width, "v": v}

    def transform(self, inpt, params):
        """The picture with the rectangle."""
        return inpt if params["v"] is None else F.erase(inpt, **params, inplace=self.inplace)


class _Mixing(Transform):
    """What CutMix and MixUp share: they take batches, and mix each sample with the one before it."""

    def __init__(self, *, alpha=1.0, num_classes=None, labels_getter="default"):
        super().__init__()
        self.alpha = float(alpha)
        self.num_classes = num_classes
        self._labels_getter = labels_function(labels_getter)

    def forward(self, *inputs):
        """The mixed batch, with labels that say how much of each class there is."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        leaves = []
        build = flatten(sample, leaves)
        if any(isinstance(x, (PIL.Image.Image, tv_tensors.BoundingBoxes, tv_tensors.Mask)) for x in leaves):
            raise ValueError(
                f"{type(self).__name__}() does not support PIL images, bounding boxes, keypoints and masks."
            )
        labels = self._labels_getter(sample)
        if not isinstance(labels, Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.ndim not in (1, 2):
            raise ValueError(
                f"labels should be index based with shape (batch_size,) or probability based, got {labels.shape}"
            )
        if labels.ndim == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (1D)")
        if labels.ndim == 2 and self.num_classes is not None and labels.shape[-1] != self.num_classes:
            raise ValueError(
                f"When passing 2D labels, the number of elements in last dimension must match num_classes: "
                f"{labels.shape[-1]} != {self.num_classes}. You can Leave num_classes to None."
            )
        pictures = [x for x in leaves if x is not labels and self._is_batch(x, leaves, labels)]
        for x in pictures:
            if x.ndim != (5 if isinstance(x, tv_tensors.Video) else 4):
                raise ValueError(f"Expected a batched input with 4 dims, but got {x.ndim} dimensions instead.")
            if x.shape[0] != labels.shape[0]:
                raise ValueError(
                    "The batch size of the image or video does not match the batch size of the labels: "
                    f"{x.shape[0]} != {labels.shape[0]}."
                )
        params = self._draw(pictures)
        mixed = lambda x: self._mix(x.as_subclass(Tensor), params)
        new = []
        for x in leaves:
            if x is labels:
                x = self._mix_labels(labels, params["lam"])
            elif any(x is picture for picture in pictures):
                x = tv_tensors.wrap(mixed(x), like=x) if isinstance(x, tv_tensors.TVTensor) else mixed(x)
            new.append(x)
        return build(iter(new))

    def _is_batch(self, x, leaves, labels):
        if isinstance(x, (tv_tensors.Image, tv_tensors.Video)):
            return True
        marked = any(isinstance(y, (tv_tensors.Image, tv_tensors.Video)) for y in leaves)
        first = next((y for y in leaves if is_pure_tensor(y) and y is not labels), None)
        return x is first and not marked

    def _lam(self):
        # A number of the Beta(alpha, alpha) distribution, drawn as torch.distributions draws it.
        return float(penlight._sample_dirichlet(penlight.tensor([self.alpha, self.alpha]))[0])

    def _mix_labels(self, labels, lam):
        if labels.ndim == 1:
            labels = nnF.one_hot(labels, num_classes=self.num_classes)
        labels = labels if labels.is_floating_point() else labels.float()
        return labels.roll(1, 0).mul_(1.0 - lam).add_(labels.mul(lam))


class MixUp(_Mixing):
    """Lays each picture of a batch over the one before it, with a random weight; the labels are mixed alike.

    Used after the DataLoader, or in its `collate_fn`. Class numbers need `num_classes`.

    >>> images, labels = MixUp(num_classes=3)(torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 0]))
    >>> labels.shape, labels.sum(1)
    (torch.Size([4, 3]), tensor([1., 1., 1., 1.]))
    """

    def _draw(self, pictures):
        return {"lam": self._lam()}

    def _mix(self, x, params):
        return x.roll(1, 0).mul_(1.0 - params["lam"]).add_(x.mul(params["lam"]))


class CutMix(_Mixing):
    """Puts a rectangle of the picture before it into each picture of a batch; the labels are mixed by area.

    Used after the DataLoader, or in its `collate_fn`. Class numbers need `num_classes`.

    >>> images, labels = CutMix(num_classes=3)(torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 0]))
    >>> images.shape, labels.shape
    (torch.Size([4, 3, 8, 8]), torch.Size([4, 3]))
    """

    def _draw(self, pictures):
        lam = self._lam()
        h, w = query_size(pictures)
        x, y = int(penlight.randint(w, size=(1,))), int(penlight.randint(h, size=(1,)))
        r = 0.5 * math.sqrt(1.0 - lam)
        half_w, half_h = int(r * w), int(r * h)
        x1, y1 = max(x - half_w, 0), max(y - half_h, 0)
        x2, y2 = min(x + half_w, w), min(y + half_h, h)
        return {"box": (x1, y1, x2, y2), "lam": float(1.0 - (x2 - x1) * (y2 - y1) / (w * h))}

    def _mix(self, x, params):
        x1, y1, x2, y2 = params["box"]
        out = x.clone()
        out[..., y1:y2, x1:x2] = x.roll(1, 0)[..., y1:y2, x1:x2]
        return out


class JPEG(Transform):
    """Writes uint8 pictures as JPEGs of random quality (a number, or lowest and highest) and reads them again."""

    def __init__(self, quality):
        super().__init__()
        quality = [quality, quality] if isinstance(quality, int) else list(quality)
        whole = all(isinstance(q, int) for q in quality)
        if len(quality) != 2 or not whole or not 1 <= quality[0] <= quality[1] <= 100:
            raise ValueError(f"quality must be an integer from 1 to 100, or two of them in order, got {quality=}")
        self.quality = quality

    def make_params(self, flat_inputs):
        """Draw the quality."""
        return {"quality": int(penlight.randint(self.quality[0], self.quality[1] + 1, ()).item())}

    def transform(self, inpt, params):
        """The picture with its traces."""
        return F.jpeg(inpt, quality=params["quality"])


# ---- augmentation found by search


def _pick(space):
    names = list(space)
    name = names[int(penlight.randint(len(names), ()))]
    return name, *space[name]


def _signed(magnitude, signed):
    return -magnitude if signed and penlight.rand(()) <= 0.5 else magnitude


class _SearchedAugment(Transform):
    """Changes the one picture or video of a sample; everything else passes unchanged."""

    def __init__(self, interpolation, fill):
        super().__init__()
        self.interpolation, self.fill = interpolation, fill
        self._fill = fills(fill)

    def forward(self, *inputs):
        """The sample with its picture changed."""
        leaves = []
        build = flatten(inputs if len(inputs) > 1 else inputs[0], leaves)
        for x in leaves:
            if isinstance(x, (tv_tensors.BoundingBoxes, tv_tensors.Mask, tv_tensors.KeyPoints)):
                raise TypeError(f"Inputs of type {type(x).__name__} are not supported by {type(self).__name__}()")
        wanted = self._needs_transform_list(leaves)
        if sum(wanted) != 1:
            raise TypeError(
                f"a sample for {type(self).__name__}() holds one picture or video, and here are {sum(wanted)}"
            )
        at = wanted.index(True)
        leaves[at] = self._augment(leaves[at])
        return build(iter(leaves))

    def _apply(self, image, name, magnitude):
        mode = self.interpolation
        mode = InterpolationMode(mode) if isinstance(mode, str) else mode
        fill = fill_for(self._fill, image)
        plain = image.as_subclass(Tensor) if isinstance(image, tv_tensors.TVTensor) else image
        if name == "Solarize" and isinstance(image, Tensor):
            bound = F.F_t._max_value(image.dtype) if not image.is_floating_point() else 1.0
            out = F.solarize(plain, threshold=bound * magnitude / 255.0)
        elif name in ("Posterize", "Equalize"):
            out = F.posterize(plain, bits=int(magnitude)) if name == "Posterize" else F.equalize(plain)
        else:
            out = v1_auto._apply_op(plain, name, magnitude, mode, v1_auto._fill_for(plain, fill))
        return tv_tensors.wrap(out, like=image) if isinstance(image, tv_tensors.TVTensor) else out


class AutoAugment(_SearchedAugment):
    """Changes the picture by one of 25 rules of two steps each, found by search on ImageNet, CIFAR10 or SVHN."""

    def __init__(self, policy=AutoAugmentPolicy.IMAGENET, interpolation="nearest", fill=None):
        super().__init__(interpolation, fill)
        self.policy = policy
        searched = v1_auto.AutoAugment(policy)
        self._rules, self._space = searched.policies, searched._augmentation_space

    def _augment(self, image):
        rule = self._rules[int(penlight.randint(len(self._rules), ()))]
        space = self._space(10, F.get_size(image))
        for name, p, bin_ in rule:
            if not penlight.rand(()) <= p:
                continue
            magnitudes, signed = space[name]
            magnitude = 0.0 if bin_ is None else _signed(float(magnitudes[bin_]), signed)
            image = self._apply(image, name, magnitude)
        return image


class RandAugment(_SearchedAugment):
    """Does `num_ops` changes drawn from 14, each with the strength `magnitude` of `num_magnitude_bins`."""

    def __init__(self, num_ops=2, magnitude=9, num_magnitude_bins=31, interpolation="nearest", fill=None):
        super().__init__(interpolation, fill)
        self.num_ops, self.magnitude, self.num_magnitude_bins = num_ops, magnitude, num_magnitude_bins
        self._space = v1_auto.RandAugment()._augmentation_space

    def _augment(self, image):
        space = self._space(self.num_magnitude_bins, F.get_size(image))
        for _ in range(self.num_ops):
            name, magnitudes, signed = _pick(space)
            magnitude = _signed(float(magnitudes[self.magnitude]), signed) if magnitudes.ndim else 0.0
            image = self._apply(image, name, magnitude)
        return image


class TrivialAugmentWide(_SearchedAugment):
    """Does one change of random kind and random strength."""

    def __init__(self, num_magnitude_bins=31, interpolation="nearest", fill=None):
        super().__init__(interpolation, fill)
        self.num_magnitude_bins = num_magnitude_bins
        self._space = v1_auto.TrivialAugmentWide()._augmentation_space

    def _augment(self, image):
        name, magnitudes, signed = _pick(self._space(self.num_magnitude_bins))
        magnitude = 0.0
        if magnitudes.ndim:
            magnitude = _signed(float(magnitudes[int(penlight.randint(self.num_magnitude_bins, ()))]), signed)
        return self._apply(image, name, magnitude)


class AugMix(_SearchedAugment):
    """Mixes the picture with `mixture_width` chains of changes of it, with random weights."""

    def __init__(
        self,
        severity=3,
        mixture_width=3,
        chain_depth=-1,
        alpha=1.0,
        all_ops=True,
        interpolation="bilinear",
        fill=None,
    ):
        super().__init__(interpolation, fill)
        self._space = v1_auto.AugMix(severity, all_ops=all_ops)._augmentation_space
        self.severity, self.mixture_width, self.chain_depth = severity, mixture_width, chain_depth
        self.alpha, self.all_ops = alpha, all_ops

    def _augment(self, image):
        space = self._space(10, F.get_size(image))
        x = image.as_subclass(Tensor) if isinstance(image, Tensor) else F.pil_to_tensor(image)
        ndim = 5 if isinstance(image, tv_tensors.Video) else 4
        batch = x.reshape((1,) * max(ndim - x.ndim, 0) + tuple(x.shape))
        images = [batch.shape[0]] + [1] * (batch.ndim - 1)
        draw = lambda n: penlight._sample_dirichlet(penlight.tensor([self.alpha] * n).expand(images[0], -1))
        m = draw(2)
        shares = draw(self.mixture_width) * m[:, 1].reshape([images[0], -1])
        mix = m[:, 0].reshape(images) * batch
        for i in range(self.mixture_width):
            changed = batch
            depth = self.chain_depth if self.chain_depth > 0 else int(penlight.randint(low=1, high=4, size=()))
            for _ in range(depth):
                name, magnitudes, signed = _pick(space)
                magnitude = 0.0
                if magnitudes.ndim:
                    magnitude = _signed(float(magnitudes[int(penlight.randint(self.severity, ()))]), signed)
                changed = self._apply(changed, name, magnitude)
            mix.add_(shares[:, i].reshape(images) * changed)
        mix = mix.reshape(x.shape).to(x.dtype)
        if isinstance(image, tv_tensors.TVTensor):
            return tv_tensors.wrap(mix, like=image)
        return F.to_pil_image(mix) if isinstance(image, PIL.Image.Image) else mix
