"""Calls whose answers were recorded from torchvision (fixtures/make_vision.py), for test_vision.py."""

import random
import zlib

import numpy as np

INTERPOLATION = ("NEAREST", "BILINEAR", "BICUBIC")
CASES = [
    *(f"T.Resize(9, interpolation=I.{i})" for i in INTERPOLATION),
    *(f"T.RandomResizedCrop((8, 10), interpolation=I.{i})" for i in INTERPOLATION),
    *(f"T.RandomRotation(40, interpolation=I.{i}, expand=True, fill=9)" for i in INTERPOLATION[:2]),
    *(f"T.RandomAffine(30, (.1, .2), (.5, 1.5), (1, 5, 3, 8), interpolation=I.{i})" for i in INTERPOLATION[:2]),
    *(f"T.RandomPerspective(p=1, interpolation=I.{i}, fill=3)" for i in INTERPOLATION[:2]),
    *(f"T.Pad((1, 2, 3, 4), padding_mode={m!r})" for m in ("constant", "edge", "reflect", "symmetric")),
    "T.Resize(9, max_size=10)",
    "T.CenterCrop((7, 30))",
    "T.RandomCrop(9, padding=2)",
    "T.RandomCrop(20, pad_if_needed=True)",
    "T.RandomHorizontalFlip()",
    "T.RandomVerticalFlip(.7)",
    "T.TenCrop(6)",
    "T.Grayscale(3)",
    "T.RandomGrayscale(.5)",
    "T.ColorJitter(.5, .4, .3, .2)",
    "T.ElasticTransform(40., 1.)",
    "T.GaussianBlur(5)",
    "T.RandomErasing(1, value='random')",
    "T.RandomErasing(1, value=(1, 2, 3))",
    "T.RandomInvert()",
    "T.RandomPosterize(3, 1)",
    "T.RandomSolarize(100, 1)",
    "T.RandomAdjustSharpness(2, 1)",
    "T.RandomAutocontrast(1)",
    "T.RandomEqualize(1)",
    *["T.AutoAugment()"] * 4,
    *["T.AutoAugment(T.AutoAugmentPolicy.CIFAR10)"] * 4,
    *["T.AutoAugment(T.AutoAugmentPolicy.SVHN, fill=7)"] * 4,
    *["T.RandAugment(3)"] * 3,
    *["T.TrivialAugmentWide()"] * 3,
    *["T.AugMix()"] * 2,
    "T.Normalize([.5, .4, .3], [.2, .3, .4])",
    "T.ConvertImageDtype(torch.float32)",
    "T.ConvertImageDtype(torch.int16)",
    "T.ToTensor()",
    "T.PILToTensor()",
    "T.ToPILImage()",
    "T.RandomApply([T.Pad(1), T.CenterCrop(9)])",
    "T.RandomChoice([T.Pad(1), T.Pad(2)], p=[.3, .7])",
    "T.RandomOrder([T.Pad(1), T.CenterCrop(10), T.Pad(3)])",
    "T.Compose([T.RandomCrop(9), T.Lambda(F.hflip)])",
    "lambda x: F.adjust_gamma(x, 2.2, 1.5)",
    "lambda x: F.crop(x, -3, -4, 20, 21)",
    "lambda x: F.to_tensor(x)",
]


def picture():
    """(11, 14, 3) bytes: smooth, and different in each channel."""
    y, x, c = np.mgrid[0:11, 0:14, 0:3]
    return (127.5 + 120 * np.sin(0.31 * x + c) * np.cos(0.4 * y - 0.7 * c)).astype("uint8")


def plain(value, torch):
    """(kind, arrays) of a result: tensors, PIL images, tuples of them."""
    if isinstance(value, (tuple, list)):
        parts = [plain(v, torch) for v in value]
        return type(value).__name__ + " of " + parts[0][0], [a for _, arrays in parts for a in arrays]
    if isinstance(value, torch.Tensor):
        return str(value.dtype), [value.numpy()]
    return value.mode, [np.array(value)]


def answer(case, kind, torch, T, F):
    """What `case` makes of the picture: (a line that tells what came, arrays); an error is its type and message."""
    from PIL import Image

    pixels = picture()
    inputs = {
        "PIL": lambda: Image.fromarray(pixels),
        "uint8": lambda: torch.from_numpy(pixels.transpose(2, 0, 1).copy()),
        "float32": lambda: torch.from_numpy((pixels.transpose(2, 0, 1) / 255).astype("float32")),
    }
    seed = zlib.crc32(f"{case} {kind}".encode()) % 10000
    torch.manual_seed(seed)
    random.seed(seed)
    names = {"torch": torch, "T": T, "F": F, "I": T.InterpolationMode}
    try:
        transform = eval(case, names)
        what, arrays = plain(transform(inputs[kind]()), torch)
    except Exception as error:  # an answer too
        return f"{type(error).__name__}: {error}", []
    shown = "" if "lambda" in case else repr(transform)
    return f"{shown} -> {what}, then {torch.rand(1).item():.6f}", arrays
