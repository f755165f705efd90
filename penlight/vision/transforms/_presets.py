"""The transforms that trained weights come with."""

from penlight import Tensor
from penlight.nn import Module
from penlight.vision.transforms import InterpolationMode
from penlight.vision.transforms import functional as F

__all__ = ["ImageClassification"]


class ImageClassification(Module):
    """Shorter side to `resize_size` pixels, the middle `crop_size` square, float in 0..1, normalised.

    Example:
        >>> ImageClassification(crop_size=4, resize_size=5)(torch.zeros(3, 6, 8, dtype=torch.uint8)).shape
        torch.Size([3, 4, 4])
    """

    def __init__(
        self, *, crop_size, resize_size=256, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225),
        interpolation=InterpolationMode.BILINEAR, antialias=True,
    ):  # fmt: skip
        super().__init__()
        self.crop_size, self.resize_size = [crop_size], [resize_size]
        self.mean, self.std = list(mean), list(std)
        self.interpolation, self.antialias = interpolation, antialias

    def forward(self, img):
        """The tensor (..., 3, crop, crop) of a tensor or a Pillow image."""
        img = F.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        img = F.center_crop(img, self.crop_size)
        if not isinstance(img, Tensor):
            img = F.pil_to_tensor(img)
        return F.normalize(F.convert_image_dtype(img), mean=self.mean, std=self.std)

    def __repr__(self):
        lines = [self.__class__.__name__ + "("]
        for name in ("crop_size", "resize_size", "mean", "std", "interpolation"):
            lines.append(f"    {name}={getattr(self, name)}")
        return "\n".join([*lines, ")"])
