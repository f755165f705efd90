"""Transforms that change values: colour, contrast, blur, noise. Masks, boxes and points pass unchanged."""

import collections.abc
import numbers

import penlight
from penlight.vision.transforms import transforms as v1
from penlight.vision.transforms.transforms import _setup_size, _uniform
from penlight.vision.transforms.v2 import functional as F
from penlight.vision.transforms.v2._transform import RandomApplyTransform, Transform, query_chw

__all__ = [
    "Grayscale",
    "RGB",
    "RandomGrayscale",
    "ColorJitter",
    "RandomChannelPermutation",
    "RandomPhotometricDistort",
    "RandomEqualize",
    "RandomInvert",
    "RandomPosterize",
    "RandomSolarize",
    "RandomAutocontrast",
    "RandomAdjustSharpness",
    "GaussianBlur",
    "GaussianNoise",
]


class Grayscale(Transform):
    """Takes the colour out; the result has 1 or 3 equal channels."""

    def __init__(self, num_output_channels=1):
        super().__init__()
        self.num_output_channels = num_output_channels

    def transform(self, inpt, params):
        """The gray picture."""
        return F.rgb_to_grayscale(inpt, num_output_channels=self.num_output_channels)


class RGB(Transform):
    """Makes three equal channels of a gray picture; one in colour stays."""

    def transform(self, inpt, params):
        """The picture with three channels."""
        return F.grayscale_to_rgb(inpt)


class RandomGrayscale(RandomApplyTransform):
    """Takes the colour out with probability `p`; the number of channels stays."""

    def __init__(self, p=0.1):
        super().__init__(p=p)

    def make_params(self, flat_inputs):
        """The number of channels."""
        return {"num_output_channels": query_chw(flat_inputs)[0]}

    def transform(self, inpt, params):
        """The gray picture."""
        return F.rgb_to_grayscale(inpt, **params)


class ColorJitter(Transform):
    """Changes brightness, contrast, saturation and hue at random, in a random order; see the older transform."""

    def __init__(self, brightness=None, contrast=None, saturation=None, hue=None):
        super().__init__()
        checked = v1.ColorJitter(*(0 if x is None else self._pair(x) for x in (brightness, contrast, saturation, hue)))
        self.brightness, self.contrast = checked.brightness, checked.contrast
        self.saturation, self.hue = checked.saturation, checked.hue

    @staticmethod
    def _pair(value):
        if isinstance(value, collections.abc.Sequence) and not isinstance(value, str):
            return tuple(value)
        return value

    def make_params(self, flat_inputs):
        """Draw the order and the factors."""
        order, *factors = v1.ColorJitter.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        return {"order": order.tolist(), "factors": factors}

    def transform(self, inpt, params):
        """The changed picture."""
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in params["order"]:
            if params["factors"][i] is not None:
                inpt = changes[i](inpt, params["factors"][i])
        return inpt


class RandomChannelPermutation(Transform):
    """Puts the channels into a random order."""

    def make_params(self, flat_inputs):
        """Draw the order."""
        return {"permutation": penlight.randperm(query_chw(flat_inputs)[0]).tolist()}

    def transform(self, inpt, params):
        """The picture with its channels exchanged."""
        return F.permute_channels(inpt, **params)


class RandomPhotometricDistort(Transform):
    """Changes brightness, contrast, saturation, hue and the order of the channels, each with probability `p`."""

    def __init__(
        self, brightness=(0.875, 1.125), contrast=(0.5, 1.5), saturation=(0.5, 1.5), hue=(-0.05, 0.05), p=0.5
    ):
        super().__init__()
        self.brightness, self.contrast, self.hue, self.saturation, self.p = brightness, contrast, hue, saturation, p

    def make_params(self, flat_inputs):
        """Draw what happens, and how much."""
        channels = query_chw(flat_inputs)[0]
        ranges = {name: getattr(self, name) for name in ("brightness", "contrast", "saturation", "hue")}
        params = {name: _uniform(*r) if penlight.rand(1) < self.p else None for name, r in ranges.items()}
        params["contrast_before"] = bool(penlight.rand(()) < 0.5)
        params["permutation"] = penlight.randperm(channels).tolist() if penlight.rand(1) < self.p else None
        return params

    def transform(self, inpt, params):
        """The changed picture."""
        change = {
            "brightness": F.adjust_brightness,
            "contrast": F.adjust_contrast,
            "saturation": F.adjust_saturation,
            "hue": F.adjust_hue,
            "permutation": F.permute_channels,
        }
        before = ["contrast"] if params["contrast_before"] else []
        after = [] if params["contrast_before"] else ["contrast"]
        for name in ["brightness", *before, "saturation", "hue", *after, "permutation"]:
            if params[name] is not None:
                inpt = change[name](inpt, params[name])
        return inpt


class RandomEqualize(RandomApplyTransform):
    """Makes each value about equally often, with probability `p`."""

    def transform(self, inpt, params):
        """The equalised picture."""
        return F.equalize(inpt)


class RandomInvert(RandomApplyTransform):
    """Gives the negative with probability `p`."""

    def transform(self, inpt, params):
        """The negative."""
        return F.invert(inpt)


class RandomPosterize(RandomApplyTransform):
    """Keeps the first `bits` bits of each value, with probability `p`."""

    def __init__(self, bits, p=0.5):
        super().__init__(p=p)
        self.bits = bits

    def transform(self, inpt, params):
        """The picture with fewer colours."""
        return F.posterize(inpt, bits=self.bits)


class RandomSolarize(RandomApplyTransform):
    """Gives the negative of the values at or above `threshold`, with probability `p`."""

    def __init__(self, threshold, p=0.5):
        super().__init__(p=p)
        self.threshold = threshold

    def transform(self, inpt, params):
        """The solarized picture."""
        return F.solarize(inpt, threshold=self.threshold)


class RandomAutocontrast(RandomApplyTransform):
    """Stretches each channel over the whole range, with probability `p`."""

    def transform(self, inpt, params):
        """The stretched picture."""
        return F.autocontrast(inpt)


class RandomAdjustSharpness(RandomApplyTransform):
    """Changes the sharpness by a fixed factor, with probability `p`."""

    def __init__(self, sharpness_factor, p=0.5):
        super().__init__(p=p)
        self.sharpness_factor = sharpness_factor

    def transform(self, inpt, params):
        """The picture of another sharpness."""
        return F.adjust_sharpness(inpt, sharpness_factor=self.sharpness_factor)


class GaussianBlur(Transform):
    """Blurs with a bell of random width; `kernel_size` is odd, `sigma` a number or (smallest, largest)."""

    def __init__(self, kernel_size, sigma=(0.1, 2.0)):
        super().__init__()
        self.kernel_size = _setup_size(kernel_size)
        for k in self.kernel_size:
            if k <= 0 or k % 2 == 0:
                raise ValueError("Kernel size value should be an odd and positive number.")
        self.sigma = [float(sigma)] * 2 if isinstance(sigma, numbers.Number) else [float(s) for s in sigma]
        if len(self.sigma) != 2 or not 0.0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(f"sigma values should be positive and of the form (min, max). Got {self.sigma}")

    def make_params(self, flat_inputs):
        """Draw the width."""
        return {"sigma": [_uniform(*self.sigma)] * 2}

    def transform(self, inpt, params):
        """The blurred picture."""
        return F.gaussian_blur(inpt, self.kernel_size, **params)


class GaussianNoise(Transform):
    """Adds normal noise of this `mean` and width `sigma`, on the range 0 to 1."""

    def __init__(self, mean=0.0, sigma=0.1, clip=True):
        super().__init__()
        self.mean, self.sigma, self.clip = mean, sigma, clip

    def transform(self, inpt, params):
        """The noisy picture."""
        return F.gaussian_noise(inpt, mean=self.mean, sigma=self.sigma, clip=self.clip)
