"""The transforms as objects, to be put into a `Compose` and handed to a dataset."""

import math
import numbers
import random
import warnings
from collections.abc import Sequence

import penlight
from penlight import Tensor
from penlight.nn import Module
from penlight.vision.transforms import functional as F
from penlight.vision.transforms.functional import InterpolationMode

__all__ = [
    "Compose",
    "ToTensor",
    "PILToTensor",
    "ConvertImageDtype",
    "ToPILImage",
    "Normalize",
    "Resize",
    "CenterCrop",
    "Pad",
    "Lambda",
    "RandomApply",
    "RandomChoice",
    "RandomOrder",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    "RandomResizedCrop",
    "FiveCrop",
    "TenCrop",
    "LinearTransformation",
    "ColorJitter",
    "RandomRotation",
    "RandomAffine",
    "Grayscale",
    "RandomGrayscale",
    "RandomPerspective",
    "RandomErasing",
    "GaussianBlur",
    "InterpolationMode",
    "RandomInvert",
    "RandomPosterize",
    "RandomSolarize",
    "RandomAdjustSharpness",
    "RandomAutocontrast",
    "RandomEqualize",
    "ElasticTransform",
]


def _uniform(low, high):
    return float(penlight.empty(1).uniform_(float(low), float(high)).item())


def _integer(low, high):
    return int(penlight.randint(low, high, size=(1,)).item())


def _happens(p):
    return bool(penlight.rand(1) < p)


def _check_sequence_input(x, name, req_sizes):
    message = req_sizes[0] if len(req_sizes) < 2 else " or ".join([str(s) for s in req_sizes])
    if not isinstance(x, Sequence):
        raise TypeError(f"{name} should be a sequence of length {message}.")
    if len(x) not in req_sizes:
        raise ValueError(f"{name} should be a sequence of length {message}.")


def _setup_size(size, error_msg="Please provide only two dimensions (h, w) for size."):
    if isinstance(size, numbers.Number):
        return int(size), int(size)
    if isinstance(size, Sequence) and len(size) == 1:
        return size[0], size[0]
    if len(size) != 2:
        raise ValueError(error_msg)
    return size


def _setup_angle(x, name, req_sizes=(2,)):
    if isinstance(x, numbers.Number):
        if x < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        x = [-x, x]
    else:
        _check_sequence_input(x, name, req_sizes)
    return [float(d) for d in x]


def _setup_fill(fill):
    if fill is None:
        return 0
    if not isinstance(fill, (Sequence, numbers.Number)):
        raise TypeError("Fill should be either a sequence or a number.")
    return fill


def _channel_fill(fill, img):
    """For a tensor a list with one number a channel; for a PIL image what the user gave."""
    if not isinstance(img, Tensor):
        return fill
    if isinstance(fill, (int, float)):
        return [float(fill)] * F.get_image_num_channels(img)
    return [float(f) for f in fill]


class Compose:
    """Does several transforms one after the other.

    Args:
        transforms: a list of functions or transforms, each called with what the one before it gave.

    >>> Compose([lambda x: x + 1, lambda x: x * 10])(1)
    20
    """

    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, img):
        for t in self.transforms:
            img = t(img)
        return img

    def __repr__(self):
        inside = "".join(f"\n    {t}" for t in self.transforms)
        return f"{self.__class__.__name__}({inside}\n)"


class ToTensor:
    """Turns a PIL image or array (H, W, C) of bytes into a float tensor (C, H, W) from 0.0 to 1.0.

    Arrays of other dtypes keep their values.

    >>> ToTensor()(np.zeros((4, 5, 3), "uint8")).shape
    torch.Size([3, 4, 5])
    """

    def __call__(self, pic):
        return F.to_tensor(pic)

    def __repr__(self):
        return f"{self.__class__.__name__}()"


class PILToTensor:
    """Turns a PIL image into a tensor (C, H, W) of the same numbers, not scaled.

    >>> PILToTensor()(Image.new("RGB", (5, 4))).dtype
    torch.uint8
    """

    def __call__(self, pic):
        return F.pil_to_tensor(pic)

    def __repr__(self):
        return f"{self.__class__.__name__}()"


class ConvertImageDtype(Module):
    """Converts a tensor image to another dtype and scales its values to the new range.

    >>> ConvertImageDtype(torch.float32)(torch.tensor([255], dtype=torch.uint8))
    tensor([1.])
    """

    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype

    def forward(self, image):
        """The converted picture."""
        return F.convert_image_dtype(image, self.dtype)


class ToPILImage:
    """Turns a tensor (C, H, W) or an array (H, W, C) into a PIL image of the given `mode` (None guesses it).

    >>> ToPILImage()(torch.rand(3, 4, 5)).mode
    'RGB'
    """

    def __init__(self, mode=None):
        self.mode = mode

    def __call__(self, pic):
        return F.to_pil_image(pic, self.mode)

    def __repr__(self):
        inside = "" if self.mode is None else f"mode={self.mode}"
        return f"{self.__class__.__name__}({inside})"


class Normalize(Module):
    """Subtracts `mean` and divides by `std`, channel by channel; for float tensors, so after ToTensor.

    >>> Normalize([1.0], [2.0])(torch.tensor([[[3.0]]]))
    tensor([[[1.]]])
    """

    def __init__(self, mean, std, inplace=False):
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, tensor):
        """The normalised picture."""
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self):
        return f"{self.__class__.__name__}(mean={self.mean}, std={self.std})"


class Resize(Module):
    """Gives the picture another size: (height, width), or one number for the shorter side.

    >>> Resize(10)(torch.rand(3, 20, 40)).shape
    torch.Size([3, 10, 20])
    """

    def __init__(self, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True):
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size, self.max_size, self.antialias = size, max_size, antialias
        self.interpolation = F._interpolation(interpolation)

    def forward(self, img):
        """The picture in its new size."""
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


class CenterCrop(Module):
    """Cuts out the middle of the picture, (height, width) or a square.

    >>> CenterCrop(2)(torch.rand(3, 4, 4)).shape
    torch.Size([3, 2, 2])
    """

    def __init__(self, size):
        super().__init__()
        self.size = _setup_size(size)

    def forward(self, img):
        """The middle."""
        return F.center_crop(img, self.size)

    def __repr__(self):
        return f"{self.__class__.__name__}(size={self.size})"


class Pad(Module):
    """Adds a border of `padding` pixels: constant (of `fill`), edge, reflect or symmetric.

    >>> Pad(1)(torch.rand(3, 4, 4)).shape
    torch.Size([3, 6, 6])
    """

    def __init__(self, padding, fill=0, padding_mode="constant"):
        super().__init__()
        if not isinstance(padding, (numbers.Number, tuple, list)):
            raise TypeError("Got inappropriate padding arg")
        if not isinstance(fill, (numbers.Number, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        if isinstance(padding, Sequence) and len(padding) not in (1, 2, 4):
            raise ValueError(
                f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple"
            )
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def forward(self, img):
        """The picture with its border."""
        return F.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self):
        return f"{self.__class__.__name__}(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class Lambda:
    """Calls a function of your own.

    >>> Lambda(lambda x: x * 2)(3)
    6
    """

    def __init__(self, lambd):
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {repr(type(lambd).__name__)}")
        self.lambd = lambd

    def __call__(self, img):
        return self.lambd(img)

    def __repr__(self):
        return f"{self.__class__.__name__}()"


class RandomTransforms:
    """What RandomChoice and RandomOrder share: a list of transforms."""

    def __init__(self, transforms):
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __call__(self, *args, **kwargs):
        raise NotImplementedError("a random transform has a __call__ of its own: use RandomChoice or RandomOrder")

    def __repr__(self):
        inside = "".join(f"\n    {t}" for t in self.transforms)
        return f"{self.__class__.__name__}({inside}\n)"


class RandomApply(Module):
    """Does all of its transforms with probability `p`, or none.

    >>> RandomApply([Lambda(lambda x: x + 1)], p=1.0)(1)
    2
    """

    def __init__(self, transforms, p=0.5):
        super().__init__()
        self.transforms, self.p = transforms, p

    def forward(self, img):
        """The picture, transformed or as it was."""
        if self.p < penlight.rand(1):
            return img
        for t in self.transforms:
            img = t(img)
        return img

    def __repr__(self):
        inside = "".join(f"\n    {t}" for t in self.transforms)
        return f"{self.__class__.__name__}(\n    p={self.p}{inside}\n)"


class RandomOrder(RandomTransforms):
    """Does its transforms in an order drawn from Python's `random`.

    >>> RandomOrder([Lambda(lambda x: x + 1), Lambda(lambda x: x + 2)])(0)
    3
    """

    def __call__(self, img):
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for i in order:
            img = self.transforms[i](img)
        return img


class RandomChoice(RandomTransforms):
    """Does one of its transforms, drawn from Python's `random` with the weights `p`.

    >>> RandomChoice([Lambda(lambda x: x + 1)])(0)
    1
    """

    def __init__(self, transforms, p=None):
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, *args):
        return random.choices(self.transforms, weights=self.p)[0](*args)

    def __repr__(self):
        return f"{super().__repr__()}(p={self.p})"


class RandomCrop(Module):
    """Cuts out a rectangle of `size` at a random place, after adding a border of `padding` where given.

    With `pad_if_needed` a picture that is too small gets a border; else it is a ValueError.

    >>> RandomCrop(2)(torch.rand(3, 4, 4)).shape
    torch.Size([3, 2, 2])
    """

    @staticmethod
    def get_params(img, output_size):
        """Draw (top, left, height, width)."""
        _, h, w = F.get_dimensions(img)
        th, tw = output_size
        if h < th or w < tw:
            raise ValueError(f"Required crop size {(th, tw)} is larger than input image size {(h, w)}")
        if w == tw and h == th:
            return 0, 0, h, w
        return _integer(0, h - th + 1), _integer(0, w - tw + 1), th, tw

    def __init__(self, size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant"):
        super().__init__()
        self.size = tuple(_setup_size(size))
        self.padding, self.pad_if_needed, self.fill, self.padding_mode = padding, pad_if_needed, fill, padding_mode

    def forward(self, img):
        """The rectangle."""
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, height, width = F.get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = F.pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = F.pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self):
        return f"{self.__class__.__name__}(size={self.size}, padding={self.padding})"


class _WithProbability(Module):
    """A transform without further draws, done with probability `p`."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, img):
        """The picture, transformed or as it was."""
        return self.change(img) if _happens(self.p) else img

    def __repr__(self):
        return f"{self.__class__.__name__}(p={self.p})"


class RandomHorizontalFlip(_WithProbability):
    """Mirrors the picture left to right with probability `p`.

    >>> RandomHorizontalFlip(p=1.0)(torch.tensor([[[1, 2]]]))
    tensor([[[2, 1]]])
    """

    change = staticmethod(F.hflip)


class RandomVerticalFlip(_WithProbability):
    """Turns the picture upside down with probability `p`.

    >>> RandomVerticalFlip(p=0.0)(torch.tensor([[[1], [2]]])).flatten()
    tensor([1, 2])
    """

    change = staticmethod(F.vflip)


class RandomPerspective(Module):
    """Looks at the picture aslant with probability `p`; each corner moves up to `distortion_scale` of the half size.

    >>> RandomPerspective(p=1.0)(torch.rand(3, 8, 8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(self, distortion_scale=0.5, p=0.5, interpolation=InterpolationMode.BILINEAR, fill=0):
        super().__init__()
        self.p, self.distortion_scale = p, distortion_scale
        self.interpolation = F._interpolation(interpolation)
        self.fill = _setup_fill(fill)

    def forward(self, img):
        """The picture, distorted or as it was."""
        fill = _channel_fill(self.fill, img)
        if not _happens(self.p):
            return img
        _, height, width = F.get_dimensions(img)
        start, end = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, start, end, self.interpolation, fill)

    @staticmethod
    def get_params(width, height, distortion_scale):
        """Draw the corners before and after, [x, y] from the upper left one clockwise."""
        dx, dy = int(distortion_scale * (width // 2)), int(distortion_scale * (height // 2))
        left, right = (0, dx + 1), (width - dx - 1, width)
        top, bottom = (0, dy + 1), (height - dy - 1, height)
        ends = [[_integer(*x), _integer(*y)] for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
        starts = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        return starts, ends

    def __repr__(self):
        return f"{self.__class__.__name__}(p={self.p})"


def _check_scale_and_ratio(scale, ratio):
    if not isinstance(scale, Sequence):
        raise TypeError("Scale should be a sequence")
    if not isinstance(ratio, Sequence):
        raise TypeError("Ratio should be a sequence")
    if scale[0] > scale[1] or ratio[0] > ratio[1]:
        warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=3)


class RandomResizedCrop(Module):
    """Cuts out a rectangle of random area and shape and gives it the size `size`: the usual step while training.

    `scale` bounds its share of the area, `ratio` its width divided by its height.

    >>> RandomResizedCrop(8)(torch.rand(3, 20, 20)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        size,
        scale=(0.08, 1.0),
        ratio=(3.0 / 4.0, 4.0 / 3.0),
        interpolation=InterpolationMode.BILINEAR,
        antialias=True,
    ):
        super().__init__()
        self.size = _setup_size(size)
        _check_scale_and_ratio(scale, ratio)
        self.interpolation = F._interpolation(interpolation)
        self.antialias, self.scale, self.ratio = antialias, scale, ratio

    @staticmethod
    def get_params(img, scale, ratio):
        """Draw (top, left, height, width); after ten rectangles that do not fit, the largest middle one."""
        _, height, width = F.get_dimensions(img)
        area = height * width
        log_ratio = penlight.log(penlight.tensor(ratio))
        for _ in range(10):
            target = area * penlight.empty(1).uniform_(scale[0], scale[1]).item()
            aspect = penlight.exp(penlight.empty(1).uniform_(log_ratio[0].item(), log_ratio[1].item())).item()
            w = int(round(math.sqrt(target * aspect)))
            h = int(round(math.sqrt(target / aspect)))
            if 0 < w <= width and 0 < h <= height:
                return _integer(0, height - h + 1), _integer(0, width - w + 1), h, w
        whole = float(width) / float(height)
        w, h = width, height
        if whole < min(ratio):
            h = int(round(w / min(ratio)))
        elif whole > max(ratio):
            w = int(round(h * max(ratio)))
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img):
        """The rectangle in its new size."""
        i, j, h, w = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, i, j, h, w, self.size, self.interpolation, antialias=self.antialias)

    def __repr__(self):
        scale, ratio = (tuple(round(x, 4) for x in pair) for pair in (self.scale, self.ratio))
        return (
            f"{self.__class__.__name__}(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


class FiveCrop(Module):
    """Gives five pictures: the four corners and the middle, each of `size`.

    >>> len(FiveCrop(2)(torch.rand(3, 4, 4)))
    5
    """

    def __init__(self, size):
        super().__init__()
        self.size = _setup_size(size)

    def forward(self, img):
        """The five pictures."""
        return F.five_crop(img, self.size)

    def __repr__(self):
        return f"{self.__class__.__name__}(size={self.size})"


class TenCrop(Module):
    """Gives ten pictures: the five crops, and those of the mirrored picture.

    >>> len(TenCrop(2)(torch.rand(3, 4, 4)))
    10
    """

    def __init__(self, size, vertical_flip=False):
        super().__init__()
        self.size, self.vertical_flip = _setup_size(size), vertical_flip

    def forward(self, img):
        """The ten pictures."""
        return F.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self):
        return f"{self.__class__.__name__}(size={self.size}, vertical_flip={self.vertical_flip})"


class LinearTransformation(Module):
    """Subtracts a mean vector from the flattened picture and multiplies by a square matrix (whitening).

    >>> LinearTransformation(torch.eye(4), torch.ones(4))(torch.ones(1, 2, 2)).sum()
    tensor(0.)
    """

    def __init__(self, transformation_matrix, mean_vector):
        super().__init__()
        rows, columns = transformation_matrix.shape
        if rows != columns:
            raise ValueError(f"transformation_matrix should be square. Got {(rows, columns)} rectangular matrix.")
        if mean_vector.size(0) != rows:
            raise ValueError(
                f"mean_vector should have the same length {mean_vector.size(0)}"
                f" as any one of the dimensions of the transformation_matrix [{tuple(transformation_matrix.size())}]"
            )
        if transformation_matrix.device != mean_vector.device:
            raise ValueError(
                "Input tensors should be on the same device. "
                f"Got {transformation_matrix.device} and {mean_vector.device}"
            )
        if transformation_matrix.dtype != mean_vector.dtype:
            raise ValueError(
                f"Input tensors should have the same dtype. Got {transformation_matrix.dtype} and {mean_vector.dtype}"
            )
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def forward(self, tensor):
        """The transformed picture, of the same shape."""
        n = tensor.shape[-3] * tensor.shape[-2] * tensor.shape[-1]
        if n != self.transformation_matrix.shape[0]:
            raise ValueError(
                "Input tensor and transformation matrix have incompatible shape."
                f"[{tensor.shape[-3]} x {tensor.shape[-2]} x {tensor.shape[-1]}] != "
                f"{self.transformation_matrix.shape[0]}"
            )
        if tensor.device.type != self.mean_vector.device.type:
            raise ValueError(
                "Input tensor should be on the same device as transformation matrix and mean vector. "
                f"Got {tensor.device} vs {self.mean_vector.device}"
            )
        return penlight.mm(tensor.view(-1, n) - self.mean_vector, self.transformation_matrix).view(tensor.shape)

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(transformation_matrix={self.transformation_matrix.tolist()}, "
            f"mean_vector={self.mean_vector.tolist()})"
        )


class ColorJitter(Module):
    """Changes brightness, contrast, saturation and hue at random, in a random order.

    Each is a number x (factors from 1-x to 1+x; hue from -x to x, at most 0.5) or a pair (lowest, highest).

    >>> ColorJitter(brightness=0.5, hue=0.1)(torch.rand(3, 4, 4)).shape
    torch.Size([3, 4, 4])
    """

    def __init__(self, brightness=0, contrast=0, saturation=0, hue=0):
        super().__init__()
        self.brightness = self._check_input(brightness, "brightness")
        self.contrast = self._check_input(contrast, "contrast")
        self.saturation = self._check_input(saturation, "saturation")
        self.hue = self._check_input(hue, "hue", center=0, bound=(-0.5, 0.5), clip=False)

    @staticmethod
    def _check_input(value, name, center=1, bound=(0, float("inf")), clip=True):
        if isinstance(value, numbers.Number):
            if value < 0:
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            value = [center - float(value), center + float(value)]
            if clip:
                value[0] = max(value[0], 0.0)
        elif isinstance(value, (tuple, list)) and len(value) == 2:
            value = [float(value[0]), float(value[1])]
        else:
            raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
        if not bound[0] <= value[0] <= value[1] <= bound[1]:
            raise ValueError(f"{name} values should be between {bound}, but got {value}.")
        return None if value[0] == value[1] == center else tuple(value)

    @staticmethod
    def get_params(brightness, contrast, saturation, hue):
        """Draw the order and the four factors (None where nothing is to change)."""
        order = penlight.randperm(4)
        factors = [None if pair is None else _uniform(*pair) for pair in (brightness, contrast, saturation, hue)]
        return (order, *factors)

    def forward(self, img):
        """The changed picture."""
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in order.tolist():
            if factors[i] is not None:
                img = changes[i](img, factors[i])
        return img

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )


class RandomRotation(Module):
    """Turns the picture by a random angle: `degrees` is (lowest, highest), or one number d for (-d, d).

    >>> RandomRotation(30)(torch.rand(3, 4, 4)).shape
    torch.Size([3, 4, 4])
    """

    def __init__(self, degrees, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=0):
        super().__init__()
        self.interpolation = F._interpolation(interpolation)
        self.degrees = _setup_angle(degrees, name="degrees", req_sizes=(2,))
        if center is not None:
            _check_sequence_input(center, "center", req_sizes=(2,))
        self.center, self.expand = center, expand
        self.fill = _setup_fill(fill)

    @staticmethod
    def get_params(degrees):
        """Draw the angle."""
        return _uniform(degrees[0], degrees[1])

    def forward(self, img):
        """The turned picture."""
        fill = _channel_fill(self.fill, img)
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, fill)

    def __repr__(self):
        text = f"{self.__class__.__name__}(degrees={self.degrees}, interpolation={self.interpolation.value}"
        text += f", expand={self.expand}"
        if self.center is not None:
            text += f", center={self.center}"
        if self.fill is not None:
            text += f", fill={self.fill}"
        return text + ")"


class RandomAffine(Module):
    """Turns, shifts, scales and shears the picture at random, keeping its middle in place.

    `degrees` and `shear` are (lowest, highest) or a number d for (-d, d), `translate` the largest shares of width and
    height, `scale` (lowest, highest).

    >>> RandomAffine(10, translate=(0.1, 0.1))(torch.rand(3, 8, 8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        degrees,
        translate=None,
        scale=None,
        shear=None,
        interpolation=InterpolationMode.NEAREST,
        fill=0,
        center=None,
    ):
        super().__init__()
        self.interpolation = F._interpolation(interpolation)
        self.degrees = _setup_angle(degrees, name="degrees", req_sizes=(2,))
        if translate is not None:
            _check_sequence_input(translate, "translate", req_sizes=(2,))
            if not all(0.0 <= t <= 1.0 for t in translate):
                raise ValueError("translation values should be between 0 and 1")
        if scale is not None:
            _check_sequence_input(scale, "scale", req_sizes=(2,))
            if any(s <= 0 for s in scale):
                raise ValueError("scale values should be positive")
        self.translate, self.scale = translate, scale
        self.shear = shear if shear is None else _setup_angle(shear, name="shear", req_sizes=(2, 4))
        self.fill = _setup_fill(fill)
        if center is not None:
            _check_sequence_input(center, "center", req_sizes=(2,))
        self.center = center

    @staticmethod
    def get_params(degrees, translate, scale_ranges, shears, img_size):
        """Draw (angle, (x, y) shift, scale, (x, y) shear)."""
        angle = _uniform(degrees[0], degrees[1])
        shift = (0, 0)
        if translate is not None:
            reach = [float(t * size) for t, size in zip(translate, img_size)]
            shift = tuple(int(round(_uniform(-r, r))) for r in reach)
        scale = 1.0 if scale_ranges is None else _uniform(*scale_ranges)
        shear_x = shear_y = 0.0
        if shears is not None:
            shear_x = _uniform(shears[0], shears[1])
            if len(shears) == 4:
                shear_y = _uniform(shears[2], shears[3])
        return angle, shift, scale, (shear_x, shear_y)

    def forward(self, img):
        """The moved picture."""
        fill = _channel_fill(self.fill, img)
        _, height, width = F.get_dimensions(img)
        moves = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return F.affine(img, *moves, interpolation=self.interpolation, fill=fill, center=self.center)

    def __repr__(self):
        text = f"{self.__class__.__name__}(degrees={self.degrees}"
        for name in ("translate", "scale", "shear"):
            if getattr(self, name) is not None:
                text += f", {name}={getattr(self, name)}"
        if self.interpolation != InterpolationMode.NEAREST:
            text += f", interpolation={self.interpolation.value}"
        if self.fill != 0:
            text += f", fill={self.fill}"
        if self.center is not None:
            text += f", center={self.center}"
        return text + ")"


class Grayscale(Module):
    """Takes the colour out; the result has 1 or 3 equal channels.

    >>> Grayscale()(torch.rand(3, 4, 4)).shape
    torch.Size([1, 4, 4])
    """

    def __init__(self, num_output_channels=1):
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img):
        """The gray picture."""
        return F.rgb_to_grayscale(img, num_output_channels=self.num_output_channels)

    def __repr__(self):
        return f"{self.__class__.__name__}(num_output_channels={self.num_output_channels})"


class RandomGrayscale(_WithProbability):
    """Takes the colour out with probability `p`; the number of channels stays.

    >>> RandomGrayscale(p=1.0)(torch.rand(3, 4, 4)).shape
    torch.Size([3, 4, 4])
    """

    def __init__(self, p=0.1):
        super().__init__(p)

    def forward(self, img):
        """The picture, gray or as it was."""
        channels = F.get_dimensions(img)[0]
        return F.rgb_to_grayscale(img, num_output_channels=channels) if _happens(self.p) else img


class RandomErasing(Module):
    """Overwrites a random rectangle of a tensor image with probability `p`.

    `scale` bounds its share of the area, `ratio` its shape; `value` is a number, one number a channel, or "random".

    >>> (RandomErasing(p=1.0)(torch.ones(3, 8, 8)) == 0).any()
    tensor(True)
    """

    def __init__(self, p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False):
        super().__init__()
        if not isinstance(value, (numbers.Number, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        _check_scale_and_ratio(scale, ratio)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p, self.scale, self.ratio, self.value, self.inplace = p, scale, ratio, value, inplace

    @staticmethod
    def get_params(img, scale, ratio, value=None):
        """Draw (top, left, height, width, values); after ten rectangles that do not fit, the picture itself."""
        img_c, img_h, img_w = img.shape[-3], img.shape[-2], img.shape[-1]
        log_ratio = penlight.log(penlight.tensor(ratio))
        for _ in range(10):
            erase_area = img_h * img_w * penlight.empty(1).uniform_(scale[0], scale[1]).item()
            aspect = penlight.exp(penlight.empty(1).uniform_(log_ratio[0].item(), log_ratio[1].item())).item()
            h = int(round(math.sqrt(erase_area * aspect)))
            w = int(round(math.sqrt(erase_area / aspect)))
            if not (h < img_h and w < img_w):
                continue
            if value is None:
                v = penlight.empty([img_c, h, w], dtype=penlight.float32).normal_()
            else:
                v = penlight.tensor(value)[:, None, None]
            return _integer(0, img_h - h + 1), _integer(0, img_w - w + 1), h, w, v
        return 0, 0, img_h, img_w, img

    def forward(self, img):
        """The picture, with or without the rectangle."""
        if not _happens(self.p):
            return img
        if isinstance(self.value, (int, float)):
            value = [float(self.value)]
        elif isinstance(self.value, str):
            value = None
        else:
            value = [float(v) for v in self.value]
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{img.shape[-3]} (number of input channels)"
            )
        x, y, h, w, v = self.get_params(img, scale=self.scale, ratio=self.ratio, value=value)
        return F.erase(img, x, y, h, w, v, self.inplace)

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, "
            f"value={self.value}, inplace={self.inplace})"
        )


class GaussianBlur(Module):
    """Blurs with a bell of random width; `kernel_size` is odd, `sigma` a number or (smallest, largest).

    >>> GaussianBlur(3)(torch.rand(3, 8, 8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(self, kernel_size, sigma=(0.1, 2.0)):
        super().__init__()
        self.kernel_size = _setup_size(kernel_size, "Kernel size should be a tuple/list of two integers")
        for k in self.kernel_size:
            if k <= 0 or k % 2 == 0:
                raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, numbers.Number):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        elif isinstance(sigma, Sequence) and len(sigma) == 2:
            if not 0.0 < sigma[0] <= sigma[1]:
                raise ValueError("sigma values should be positive and of the form (min, max).")
        else:
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min, sigma_max):
        """Draw the width of the bell."""
        return penlight.empty(1).uniform_(sigma_min, sigma_max).item()

    def forward(self, img):
        """The blurred picture."""
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self):
        return f"{self.__class__.__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"


class RandomInvert(_WithProbability):
    """Gives the negative with probability `p`.

    >>> RandomInvert(p=1.0)(torch.zeros(1, 1, 1))
    tensor([[[1.]]])
    """

    change = staticmethod(F.invert)


class RandomPosterize(_WithProbability):
    """Keeps the first `bits` bits of each byte with probability `p`.

    >>> RandomPosterize(1, p=1.0)(torch.full((1, 1, 1), 255, dtype=torch.uint8))
    tensor([[[128]]], dtype=torch.uint8)
    """

    def __init__(self, bits, p=0.5):
        super().__init__(p)
        self.bits = bits

    def change(self, img):
        """The picture with fewer colours."""
        return F.posterize(img, self.bits)

    def __repr__(self):
        return f"{self.__class__.__name__}(bits={self.bits},p={self.p})"


class RandomSolarize(_WithProbability):
    """Gives the negative of the values at or above `threshold`, with probability `p`.

    >>> RandomSolarize(0.5, p=1.0)(torch.tensor([[[0.25, 1.0]]]))
    tensor([[[0.2500, 0.0000]]])
    """

    def __init__(self, threshold, p=0.5):
        super().__init__(p)
        self.threshold = threshold

    def change(self, img):
        """The solarized picture."""
        return F.solarize(img, self.threshold)

    def __repr__(self):
        return f"{self.__class__.__name__}(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(_WithProbability):
    """Changes the sharpness by a fixed factor with probability `p`.

    >>> RandomAdjustSharpness(2, p=1.0)(torch.rand(3, 4, 4)).shape
    torch.Size([3, 4, 4])
    """

    def __init__(self, sharpness_factor, p=0.5):
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def change(self, img):
        """The picture of another sharpness."""
        return F.adjust_sharpness(img, self.sharpness_factor)

    def __repr__(self):
        return f"{self.__class__.__name__}(sharpness_factor={self.sharpness_factor},p={self.p})"


class RandomAutocontrast(_WithProbability):
    """Stretches each channel over the whole range with probability `p`.

    >>> RandomAutocontrast(p=1.0)(torch.tensor([[[0.25, 0.5]]]))
    tensor([[[0., 1.]]])
    """

    change = staticmethod(F.autocontrast)


class RandomEqualize(_WithProbability):
    """Makes each value about equally often, with probability `p`.

    >>> RandomEqualize(p=1.0)(torch.zeros(1, 2, 2, dtype=torch.uint8)).sum()
    tensor(0)
    """

    change = staticmethod(F.equalize)


class ElasticTransform(Module):
    """Bends the picture like rubber: random shifts of strength `alpha`, smoothed with a bell of width `sigma`.

    >>> ElasticTransform()(torch.rand(3, 40, 40)).shape
    torch.Size([3, 40, 40])
    """

    def __init__(self, alpha=50.0, sigma=5.0, interpolation=InterpolationMode.BILINEAR, fill=0):
        super().__init__()
        self.alpha = self._pair(alpha, "alpha")
        self.sigma = self._pair(sigma, "sigma")
        self.interpolation = F._interpolation(interpolation)
        self.fill = [float(fill)] if isinstance(fill, (int, float)) else [float(f) for f in _sequence(fill)]

    @staticmethod
    def _pair(value, name):
        if not isinstance(value, (float, Sequence)):
            raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
        if isinstance(value, Sequence):
            if len(value) not in (1, 2):
                raise ValueError(f"If {name} is a sequence its length should be 1 or 2. Got {len(value)}")
            for element in value:
                if not isinstance(element, float):
                    raise TypeError(f"{name} should be a sequence of floats. Got {type(element)}")
            return list(value) * (2 // len(value))
        return [float(value)] * 2

    @staticmethod
    def get_params(alpha, sigma, size):
        """Draw the displacement (1, H, W, 2)."""
        parts = []
        for a, s, n in zip(alpha, sigma, reversed(size)):
            d = penlight.rand([1, 1, *size]) * 2 - 1
            if s > 0.0:
                k = int(8 * s + 1)
                k += k % 2 == 0
                d = F.gaussian_blur(d, [k, k], sigma)
            parts.append(d * a / n)
        return penlight.cat(parts, 1).permute([0, 2, 3, 1])

    def forward(self, tensor):
        """The bent picture."""
        _, height, width = F.get_dimensions(tensor)
        displacement = self.get_params(self.alpha, self.sigma, [height, width])
        return F.elastic_transform(tensor, displacement, self.interpolation, self.fill)

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(alpha={self.alpha}, sigma={self.sigma}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


def _sequence(fill):
    if not isinstance(fill, (list, tuple)):
        raise TypeError(f"fill should be int or float or a list or tuple of them. Got {type(fill)}")
    return fill
