"""penlight.vision.transforms.v2 and tv_tensors: torchvision's recorded answers, and the rules of the classes."""

import copy
import pathlib
import pickle
from collections import namedtuple

import numpy as np
import pytest
from PIL import Image
from vision_samples import V2_CASES, V2_PICTURE_CASES, v2_answer

import penlight as torch
from penlight.vision import datasets, tv_tensors
from penlight.vision.transforms import v2
from penlight.vision.transforms.v2 import functional as F

RECORDED = np.load(pathlib.Path(__file__).parent / "fixtures" / "vision.npz")
ALL = V2_CASES + V2_PICTURE_CASES


@pytest.mark.parametrize("number", range(len(ALL)), ids=[f"{i} {case}" for i, case in enumerate(ALL)])
def test_as_torchvision(number):
    line, arrays = v2_answer(ALL[number], number, torch, v2, tv_tensors, number >= len(V2_CASES))
    assert line == str(RECORDED[f"v2 {number}"])
    for i, ours in enumerate(arrays):
        theirs = RECORDED[f"v2 {number} {i}"]
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        if ours.dtype.kind == "f":
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-4)
        else:
            off = ours.astype(int) - theirs.astype(int)
            assert abs(off).max() <= 1 and (off != 0).mean() <= 0.03


def boxes(*rows, format="XYXY", canvas=(10, 20)):
    return tv_tensors.BoundingBoxes(torch.tensor(rows), format=format, canvas_size=canvas)


def test_classes():
    b = boxes([1.0, 2, 3, 4])
    assert type(b + 1) is torch.Tensor and type(b[0]) is torch.Tensor and type(b.sum()) is torch.Tensor
    for same in (b.clone(), b.to(torch.float64), b.detach(), copy.deepcopy(b), pickle.loads(pickle.dumps(b))):
        assert type(same) is tv_tensors.BoundingBoxes and same.format == b.format and same.canvas_size == (10, 20)
    assert b.to(torch.float64).dtype is torch.float64
    with tv_tensors.set_return_type("TVTensor"):
        assert (b + 1).canvas_size == (10, 20)
    assert type(b + 1) is torch.Tensor
    again = tv_tensors.wrap(torch.zeros(2, 4), like=b, format=tv_tensors.BoundingBoxFormat.XYWH)
    assert again.format is tv_tensors.BoundingBoxFormat.XYWH and len(again) == 2
    assert tv_tensors.Image(Image.new("RGB", (3, 2))).shape == (3, 2, 3)
    assert tv_tensors.Image(torch.zeros(2, 3)).shape == (1, 2, 3)
    for bad in (lambda: tv_tensors.Image(torch.zeros(3)), lambda: tv_tensors.Video(torch.zeros(3, 2, 2)), lambda: boxes([[1]])):
        with pytest.raises(ValueError):
            bad()


def test_which_parts_are_transformed():
    Pair = namedtuple("Pair", "x y")
    flip = v2.RandomHorizontalFlip(p=1.0)
    x, other = torch.tensor([[[1, 2]]]), torch.tensor([[[3, 4]]])
    out = flip({"a": [x, other], "b": Pair("text", 5), "c": None})
    assert out["a"][0].tolist() == [[[2, 1]]] and out["a"][1] is other  # the first plain tensor is the picture
    assert out["b"] == Pair("text", 5) and type(out["b"]) is Pair and out["c"] is None
    image, label = flip(tv_tensors.Image(x), other)
    assert image.tolist() == [[[2, 1]]] and label is other  # a picture that says so makes all others pass


def test_boxes_and_points():
    assert F.horizontal_flip(boxes([1, 2, 5, 4], format="XYWH")).tolist() == [[14, 2, 5, 4]]
    assert F.vertical_flip(boxes([1, 2, 5, 4])).tolist() == [[1, 6, 5, 8]]
    moved = F.resize(boxes([2.0, 4, 6, 8]), [5, 40])
    assert moved.tolist() == [[4, 2, 12, 4]] and moved.canvas_size == (5, 40)
    moved = F.crop(boxes([2, 4, 16, 8]), 1, 3, 4, 5)
    assert moved.tolist() == [[0, 3, 5, 4]] and moved.canvas_size == (4, 5)
    quarter = F.rotate(boxes([1.0, 2, 3, 4], canvas=(10, 10)), 90)
    np.testing.assert_allclose(quarter, [[2, 7, 4, 9]], atol=1e-5)
    points = tv_tensors.KeyPoints([[1.0, 2], [3, 4]], canvas_size=(10, 20))
    assert F.horizontal_flip(points).tolist() == [[18, 2], [16, 4]]
    assert F.pad(points, [1, 2]).tolist() == [[2, 4], [4, 6]] and F.pad(points, [1, 2]).canvas_size == (14, 22)
    assert F.clamp_bounding_boxes(boxes([-3, 2, 30, 4])).tolist() == [[0, 2, 20, 4]]
    assert F.convert_bounding_box_format(boxes([1, 2, 4, 6]), new_format="CXCYWH").tolist() == [[2, 4, 3, 4]]
    with pytest.raises(NotImplementedError, match="straight boxes"):
        F.rotate(boxes([1.0, 2, 3, 4, 5], format="XYWHR"), 10)
    assert F.adjust_brightness(points, 2) is points


def test_mixing():
    x = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 6, 6).contiguous()
    labels = torch.tensor([0, 1, 2, 0])
    torch.manual_seed(1)
    images, mixed = v2.MixUp(num_classes=3)(x, labels)
    share = mixed[1, 1].item()
    np.testing.assert_allclose(images[1], share * 1.0 + (1 - share) * 0.0, atol=1e-5)
    images, mixed = v2.CutMix(num_classes=3)({"image": tv_tensors.Image(x), "labels": labels}).values()
    area = (images[1, 0] == 0).float().mean().item()
    assert type(images) is tv_tensors.Image and mixed[1].tolist() == pytest.approx([area, 1 - area, 0])
    for bad in ((x,), (x, labels.float().view(2, 2, 1)), (x[0], labels), (x[:2], labels)):
        with pytest.raises(ValueError):
            v2.CutMix(num_classes=3)(*bad)
    with pytest.raises(ValueError, match="num_classes must be passed"):
        v2.MixUp()(x, labels)


def test_own_transforms_and_kernels():
    class Shift(v2.Transform):
        def make_params(self, flat_inputs):
            return {"by": len(flat_inputs)}

        def transform(self, inpt, params):
            return inpt + params["by"]

    assert Shift()(torch.zeros(1)).item() == 1 and Shift()({"a": torch.zeros(1), "b": 3})["b"] == 3

    class Depth(tv_tensors.TVTensor):
        pass

    @F.register_kernel(F.horizontal_flip, Depth)
    def flip_depth(inpt):
        return "flipped"

    assert v2.RandomHorizontalFlip(p=1.0)(torch.zeros(2).as_subclass(Depth)) == "flipped"
    with pytest.raises(ValueError):
        F.register_kernel("resize", tv_tensors.Mask)
    with pytest.raises(TypeError, match="horizontal_flip supports inputs"):
        F.horizontal_flip("picture")


def test_jpeg_noise_and_conversions():
    x = torch.full((3, 16, 16), 90, dtype=torch.uint8)
    assert abs(v2.JPEG(90)(x).int() - 90).max().item() <= 2
    noisy = v2.GaussianNoise(sigma=0.1)(torch.full((3, 32, 32), 0.5))
    assert 0.08 < noisy.std().item() < 0.12 and noisy.min().item() >= 0
    image = v2.ToImage()(np.zeros((4, 5, 3), "uint8"))
    assert type(image) is tv_tensors.Image and image.shape == (3, 4, 5)
    assert v2.ToPILImage()(image).size == (5, 4) and type(v2.ToPureTensor()(image)) is torch.Tensor
    assert v2.UniformTemporalSubsample(2)(torch.arange(5.0).view(5, 1, 1, 1)).flatten().tolist() == [0, 4]


def test_wrapped_dataset(tmp_path):
    import json

    Image.new("RGB", (20, 10)).save(tmp_path / "1.png")
    content = {
        "images": [{"id": 9, "file_name": "1.png"}],
        "annotations": [{"id": 1, "image_id": 9, "bbox": [1, 2, 3, 4], "category_id": 5}],
    }
    (tmp_path / "c.json").write_text(json.dumps(content))
    d = datasets.CocoDetection(str(tmp_path), str(tmp_path / "c.json"), transforms=v2.RandomHorizontalFlip(p=1.0))
    image, target = datasets.wrap_dataset_for_transforms_v2(d)[0]
    assert image.size == (20, 10) and target["boxes"].tolist() == [[16, 2, 19, 6]] and target["labels"].tolist() == [5]
    fake = datasets.wrap_dataset_for_transforms_v2(datasets.FakeData(2, (3, 4, 4), transform=v2.ToImage()))
    assert type(fake[0][0]) is tv_tensors.Image and len(fake) == 2
