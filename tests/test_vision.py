"""penlight.vision.transforms: torchvision's recorded answers and random numbers, and every example of the docs."""

import doctest
import importlib
import pathlib
import pkgutil
import warnings

import numpy as np
import pytest
from PIL import Image
from vision_samples import CASES, answer

import penlight as torch
import penlight.vision
from penlight.vision import transforms as T
from penlight.vision.transforms import functional as F

MODULES = ["penlight.vision", *(i.name for i in pkgutil.walk_packages(penlight.vision.__path__, "penlight.vision."))]
RECORDED = np.load(pathlib.Path(__file__).parent / "fixtures" / "vision.npz")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    names = {"torch": torch, "np": np, "Image": Image}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = doctest.testmod(
            importlib.import_module(name), extraglobs=names, optionflags=doctest.NORMALIZE_WHITESPACE
        )
    assert result.failed == 0


@pytest.mark.parametrize("kind", ["PIL", "uint8", "float32"])
@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{i} {case}" for i, case in enumerate(CASES)])
def test_as_torchvision(number, kind):
    line, arrays = answer(CASES[number], kind, torch, T, F)
    assert line == str(RECORDED[f"{number} {kind}"])
    for i, ours in enumerate(arrays):
        theirs = RECORDED[f"{number} {kind} {i}"]
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        if ours.dtype.kind == "f":
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-4)
        else:  # Pillow's own numbers are exact; where float arithmetic is rounded, a tie may fall to the other side
            off = ours.astype(int) - theirs.astype(int)
            assert abs(off).max() <= 1 and (off != 0).mean() <= 0.02


def test_to_tensor_copies():
    a = np.zeros((2, 2, 1), np.float32)
    T.ToTensor()(a).add_(1)
    assert a.sum() == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I", "F", "I;16", "RGB", "RGBA", "CMYK", "HSV", "YCbCr"])
def test_modes_there_and_back(mode):
    img = Image.fromarray(np.arange(6, dtype="uint8").reshape(2, 3) * 40)
    img = img.convert("RGB").convert(mode) if mode in ("CMYK", "HSV", "YCbCr", "P") else img.convert(mode)
    t = T.PILToTensor()(img)
    assert tuple(t.shape) == (len(img.getbands()), 2, 3)
    assert T.ToTensor()(img).shape == t.shape
    if mode not in ("1", "P"):
        back = T.ToPILImage(mode)(t)
        assert back.mode == mode and back.tobytes() == img.tobytes()


def test_gradients_flow_through_geometry():
    x = torch.rand(1, 6, 7, dtype=torch.float64, requires_grad=True)
    F.affine(x, 20.0, [1, 0], 1.1, [3.0, 0.0], T.InterpolationMode.BILINEAR).sum().backward()
    assert x.grad.shape == x.shape and 0 < x.grad.abs().sum() < 60
