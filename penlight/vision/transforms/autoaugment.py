"""Augmentation found by search: chains of small changes, drawn at random (AutoAugment, RandAugment and others)."""

import math
from enum import Enum

import penlight
from penlight import Tensor
from penlight.nn import Module
from penlight.vision.transforms import functional as F
from penlight.vision.transforms.functional import InterpolationMode

__all__ = ["AutoAugmentPolicy", "AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix"]


def _apply_op(img, op_name, magnitude, interpolation, fill):
    shear = {"ShearX": 0, "ShearY": 1}
    if op_name in shear:
        angles = [0.0, 0.0]
        angles[shear[op_name]] = math.degrees(math.atan(magnitude))
        return F.affine(img, 0.0, [0, 0], 1.0, angles, interpolation, fill, center=[0, 0])
    if op_name in ("TranslateX", "TranslateY"):
        shift = [int(magnitude), 0] if op_name == "TranslateX" else [0, int(magnitude)]
        return F.affine(img, 0.0, shift, 1.0, [0.0, 0.0], interpolation, fill)
    if op_name == "Rotate":
        return F.rotate(img, magnitude, interpolation=interpolation, fill=fill)
    if op_name in _CHANGES:
        return _CHANGES[op_name](img, magnitude)
    raise ValueError(f"The provided operator {op_name} is not recognized.")


_CHANGES = {
    "Brightness": lambda img, m: F.adjust_brightness(img, 1.0 + m),
    "Color": lambda img, m: F.adjust_saturation(img, 1.0 + m),
    "Contrast": lambda img, m: F.adjust_contrast(img, 1.0 + m),
    "Sharpness": lambda img, m: F.adjust_sharpness(img, 1.0 + m),
    "Posterize": lambda img, m: F.posterize(img, int(m)),
    "Solarize": lambda img, m: F.solarize(img, m),
    "AutoContrast": lambda img, m: F.autocontrast(img),
    "Equalize": lambda img, m: F.equalize(img),
    "Invert": lambda img, m: F.invert(img),
    "Identity": lambda img, m: img,
}


def _space(num_bins, shear, translate, rotate, colour, posterize, order):
    """{name: (magnitudes, whether the sign is drawn)} in the order that the random numbers count in.

    `posterize` is (most bits, how many of them are lost at the strongest).
    """
    line = lambda end: (penlight.linspace(0.0, end, num_bins), True)
    still = (penlight.tensor(0.0), False)
    bits, lost = posterize
    table = {
        "Identity": still,
        "ShearX": line(shear),
        "ShearY": line(shear),
        "TranslateX": line(translate[0]),
        "TranslateY": line(translate[1]),
        "Rotate": line(rotate),
        **{name: line(colour) for name in ("Brightness", "Color", "Contrast", "Sharpness")},
        "Posterize": (bits - (penlight.arange(num_bins) / ((num_bins - 1) / lost)).round().int(), False),
        "Solarize": (penlight.linspace(255.0, 0.0, num_bins), False),
        "AutoContrast": still,
        "Equalize": still,
        "Invert": still,
    }
    return {name: table[name] for name in order}


_MOVES = ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"]
_COLOURS = ["Brightness", "Color", "Contrast", "Sharpness"]
_VALUES = ["Posterize", "Solarize", "AutoContrast", "Equalize"]


def _fill_for(img, fill):
    if isinstance(img, Tensor):
        if isinstance(fill, (int, float)):
            return [float(fill)] * F.get_dimensions(img)[0]
        if fill is not None:
            return [float(f) for f in fill]
    return fill


def _integer(high):
    return int(penlight.randint(high, (1,)).item())


def _magnitude(magnitudes, signed, index):
    """The number at `index()`; where the sign matters it is drawn after it."""
    m = float(magnitudes[index()].item()) if magnitudes.ndim > 0 else 0.0
    return -m if signed and penlight.randint(2, (1,)) else m


class AutoAugmentPolicy(Enum):
    """The data set on which AutoAugment's rules were found."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


# Each rule is two steps (name, probability, magnitude), as published in the appendix of the AutoAugment paper;
# "-" stands for an operation without a magnitude.
_POLICIES = {
    AutoAugmentPolicy.IMAGENET: """
        Posterize .4 8 Rotate .6 9 | Solarize .6 5 AutoContrast .6 - | Equalize .8 - Equalize .6 -
        Posterize .6 7 Posterize .6 6 | Equalize .4 - Solarize .2 4 | Equalize .4 - Rotate .8 8
        Solarize .6 3 Equalize .6 - | Posterize .8 5 Equalize 1. - | Rotate .2 3 Solarize .6 8
        Equalize .6 - Posterize .4 6 | Rotate .8 8 Color .4 0 | Rotate .4 9 Equalize .6 -
        Equalize .0 - Equalize .8 - | Invert .6 - Equalize 1. - | Color .6 4 Contrast 1. 8
        Rotate .8 8 Color 1. 2 | Color .8 8 Solarize .8 7 | Sharpness .4 7 Invert .6 -
        ShearX .6 5 Equalize 1. - | Color .4 0 Equalize .6 - | Equalize .4 - Solarize .2 4
        Solarize .6 5 AutoContrast .6 - | Invert .6 - Equalize 1. - | Color .6 4 Contrast 1. 8
        Equalize .8 - Equalize .6 -""",
    AutoAugmentPolicy.CIFAR10: """
        Invert .1 - Contrast .2 6 | Rotate .7 2 TranslateX .3 9 | Sharpness .8 1 Sharpness .9 3
        ShearY .5 8 TranslateY .7 9 | AutoContrast .5 - Equalize .9 - | ShearY .2 7 Posterize .3 7
        Color .4 3 Brightness .6 7 | Sharpness .3 9 Brightness .7 9 | Equalize .6 - Equalize .5 -
        Contrast .6 7 Sharpness .6 5 | Color .7 7 TranslateX .5 8 | Equalize .3 - AutoContrast .4 -
        TranslateY .4 3 Sharpness .2 6 | Brightness .9 6 Color .2 8 | Solarize .5 2 Invert .0 -
        Equalize .2 - AutoContrast .6 - | Equalize .2 - Equalize .6 - | Color .9 9 Equalize .6 -
        AutoContrast .8 - Solarize .2 8 | Brightness .1 3 Color .7 0 | Solarize .4 5 AutoContrast .9 -
        TranslateY .9 9 TranslateY .7 9 | AutoContrast .9 - Solarize .8 3 | Equalize .8 - Invert .1 -
        TranslateY .7 9 AutoContrast .9 -""",
    AutoAugmentPolicy.SVHN: """
        ShearX .9 4 Invert .2 - | ShearY .9 8 Invert .7 - | Equalize .6 - Solarize .6 6
        Invert .9 - Equalize .6 - | Equalize .6 - Rotate .9 3 | ShearX .9 4 AutoContrast .8 -
        ShearY .9 8 Invert .4 - | ShearY .9 5 Solarize .2 6 | Invert .9 - AutoContrast .8 -
        Equalize .6 - Rotate .9 3 | ShearX .9 4 Solarize .3 3 | ShearY .8 8 Invert .7 -
        Equalize .9 - TranslateY .6 6 | Invert .9 - Equalize .6 - | Contrast .3 3 Rotate .8 4
        Invert .8 - TranslateY .0 2 | ShearY .7 6 Solarize .4 8 | Invert .6 - Rotate .8 4
        ShearY .3 7 TranslateX .9 3 | ShearX .1 6 Invert .6 - | Solarize .7 2 TranslateY .6 7
        ShearY .8 4 Invert .8 - | ShearX .7 9 TranslateY .8 3 | ShearY .8 5 AutoContrast .7 -
        ShearX .7 2 Invert .1 -""",
}


def _policies(policy):
    if policy not in _POLICIES:
        raise ValueError(f"The provided policy {policy} is not recognized.")
    rules = []
    for rule in _POLICIES[policy].replace("\n", "|").split("|"):
        words = rule.split()
        steps = [(n, float(p), None if m == "-" else int(m)) for n, p, m in zip(words[::3], words[1::3], words[2::3])]
        if steps:
            rules.append(tuple(steps))
    return rules


class AutoAugment(Module):
    """Changes the picture by one of 25 rules of two steps each, found by search on ImageNet, CIFAR10 or SVHN.

    Takes PIL images and uint8 tensors.

    >>> AutoAugment()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(self, policy=AutoAugmentPolicy.IMAGENET, interpolation=InterpolationMode.NEAREST, fill=None):
        super().__init__()
        self.policy, self.interpolation, self.fill = policy, interpolation, fill
        self.policies = _policies(policy)

    def _augmentation_space(self, num_bins, image_size):
        reach = [150.0 / 331.0 * side for side in (image_size[1], image_size[0])]
        return _space(num_bins, 0.3, reach, 30.0, 0.9, (8, 4), [*_MOVES, *_COLOURS, *_VALUES, "Invert"])

    @staticmethod
    def get_params(transform_num):
        """Draw (rule, two numbers to compare with the probabilities, two signs)."""
        return _integer(transform_num), penlight.rand((2,)), penlight.randint(2, (2,))

    def forward(self, img):
        """The changed picture."""
        fill = _fill_for(img, self.fill)
        _, height, width = F.get_dimensions(img)
        rule, probabilities, signs = self.get_params(len(self.policies))
        space = self._augmentation_space(10, (height, width))
        for i, (name, p, bin_) in enumerate(self.policies[rule]):
            if probabilities[i] <= p:
                magnitudes, signed = space[name]
                magnitude = float(magnitudes[bin_].item()) if bin_ is not None else 0.0
                if signed and signs[i] == 0:
                    magnitude = -magnitude
                img = _apply_op(img, name, magnitude, self.interpolation, fill)
        return img

    def __repr__(self):
        return f"{self.__class__.__name__}(policy={self.policy}, fill={self.fill})"


class RandAugment(Module):
    """Does `num_ops` changes drawn from 14, each with the strength `magnitude` of `num_magnitude_bins`.

    >>> RandAugment()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self, num_ops=2, magnitude=9, num_magnitude_bins=31, interpolation=InterpolationMode.NEAREST, fill=None
    ):
        super().__init__()
        self.num_ops, self.magnitude, self.num_magnitude_bins = num_ops, magnitude, num_magnitude_bins
        self.interpolation, self.fill = interpolation, fill

    def _augmentation_space(self, num_bins, image_size):
        reach = [150.0 / 331.0 * side for side in (image_size[1], image_size[0])]
        return _space(num_bins, 0.3, reach, 30.0, 0.9, (8, 4), ["Identity", *_MOVES, *_COLOURS, *_VALUES])

    def forward(self, img):
        """The changed picture."""
        fill = _fill_for(img, self.fill)
        _, height, width = F.get_dimensions(img)
        space = self._augmentation_space(self.num_magnitude_bins, (height, width))
        for _ in range(self.num_ops):
            name = list(space)[_integer(len(space))]
            magnitude = _magnitude(*space[name], lambda: self.magnitude)
            img = _apply_op(img, name, magnitude, self.interpolation, fill)
        return img

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(num_ops={self.num_ops}, magnitude={self.magnitude}, "
            f"num_magnitude_bins={self.num_magnitude_bins}, interpolation={self.interpolation}, fill={self.fill})"
        )


class TrivialAugmentWide(Module):
    """Does one change of random kind and random strength; nothing needs to be tuned.

    >>> TrivialAugmentWide()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(self, num_magnitude_bins=31, interpolation=InterpolationMode.NEAREST, fill=None):
        super().__init__()
        self.num_magnitude_bins, self.interpolation, self.fill = num_magnitude_bins, interpolation, fill

    def _augmentation_space(self, num_bins):
        order = ["Identity", *_MOVES, *_COLOURS, *_VALUES]
        return _space(num_bins, 0.99, [32.0, 32.0], 135.0, 0.99, (8, 6), order)

    def forward(self, img):
        """The changed picture."""
        fill = _fill_for(img, self.fill)
        space = self._augmentation_space(self.num_magnitude_bins)
        name = list(space)[_integer(len(space))]
        magnitudes, signed = space[name]
        magnitude = _magnitude(magnitudes, signed, lambda: _integer(len(magnitudes)))
        return _apply_op(img, name, magnitude, self.interpolation, fill)

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(num_magnitude_bins={self.num_magnitude_bins}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


class AugMix(Module):
    """Mixes the picture with `mixture_width` chains of changes of it, with random weights.

    `chain_depth` changes a chain (-1 draws 1 to 3), each up to the strength `severity` (1 to 10); `alpha` rules the
    weights. Takes PIL images and uint8 tensors.

    >>> AugMix()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        severity=3,
        mixture_width=3,
        chain_depth=-1,
        alpha=1.0,
        all_ops=True,
        interpolation=InterpolationMode.BILINEAR,
        fill=None,
    ):
        super().__init__()
        self._PARAMETER_MAX = 10
        if not 1 <= severity <= self._PARAMETER_MAX:
            raise ValueError(f"The severity must be between [1, {self._PARAMETER_MAX}]. Got {severity} instead.")
        self.severity, self.mixture_width, self.chain_depth = severity, mixture_width, chain_depth
        self.alpha, self.all_ops, self.interpolation, self.fill = alpha, all_ops, interpolation, fill

    def _augmentation_space(self, num_bins, image_size):
        order = [*_MOVES, *_VALUES, *(_COLOURS if self.all_ops else [])]
        reach = [image_size[1] / 3.0, image_size[0] / 3.0]
        return _space(num_bins, 0.3, reach, 30.0, 0.9, (4, 4), order)

    def _sample_dirichlet(self, params):
        return penlight._sample_dirichlet(params)

    def forward(self, orig_img):
        """The mixed picture."""
        fill = _fill_for(orig_img, self.fill)
        _, height, width = F.get_dimensions(orig_img)
        img = orig_img if isinstance(orig_img, Tensor) else F.pil_to_tensor(orig_img)
        space = self._augmentation_space(self._PARAMETER_MAX, (height, width))
        dims = list(img.shape)
        batch = img.view([1] * max(4 - img.ndim, 0) + dims)
        images = [batch.shape[0]] + [1] * (batch.ndim - 1)
        # How much stays of the picture itself, then the share of each chain.
        m = self._sample_dirichlet(penlight.tensor([self.alpha, self.alpha]).expand(images[0], -1))
        shares = self._sample_dirichlet(penlight.tensor([self.alpha] * self.mixture_width).expand(images[0], -1))
        shares = shares * m[:, 1].view([images[0], -1])
        mix = m[:, 0].view(images) * batch
        for i in range(self.mixture_width):
            changed = batch
            depth = self.chain_depth if self.chain_depth > 0 else int(penlight.randint(1, 4, (1,)).item())
            for _ in range(depth):
                name = list(space)[_integer(len(space))]
                magnitude = _magnitude(*space[name], lambda: _integer(self.severity))
                changed = _apply_op(changed, name, magnitude, self.interpolation, fill)
            mix.add_(shares[:, i].view(images) * changed)
        mix = mix.view(dims).to(dtype=img.dtype)
        return mix if isinstance(orig_img, Tensor) else F.to_pil_image(mix)

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(severity={self.severity}, mixture_width={self.mixture_width}, "
            f"chain_depth={self.chain_depth}, alpha={self.alpha}, all_ops={self.all_ops}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )
