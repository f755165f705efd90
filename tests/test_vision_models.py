"""The models of penlight.vision against recorded answers (tests/fixtures/make_vision_models.py)."""

import hashlib
import json
import pathlib

import numpy as np
import pytest

import penlight as torch
from penlight.vision import models

RECORD = json.loads((pathlib.Path(__file__).parent / "fixtures" / "vision_models.json").read_text())


def digest(text):
    return hashlib.sha1(text.encode()).hexdigest()[:12]


def test_every_model_has_the_recorded_keys_shapes_and_repr():
    assert set(RECORD["look"]) <= set(models.list_models())
    for name, expected in RECORD["look"].items():
        options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        with torch.device("meta"):
            model = models.get_model(name, **options)
        keys = str([(k, list(v.shape)) for k, v in model.state_dict().items()])
        assert [digest(keys), digest(repr(model))] == expected, name


@pytest.mark.parametrize("name", RECORD["answers"])
def test_seeded_weights_and_outputs(name):
    size, total, expected = RECORD["answers"][name]
    torch.manual_seed(0)
    model = models.get_model(name, num_classes=4).eval()
    assert sum(float(v.double().abs().sum()) for v in model.state_dict().values()) == pytest.approx(total, rel=1e-5)
    picture = torch.linspace(-1, 1, 3 * size * size).reshape(1, 3, size, size).sin()
    with torch.no_grad():
        out = model(picture).flatten().tolist()
    np.testing.assert_allclose(out, expected, rtol=1e-3, atol=1e-4 * max(map(abs, expected)))


def test_vision_transformer_trains_its_head():
    model = models.VisionTransformer(8, 4, 1, 2, 16, 32, num_classes=3)
    model(torch.ones(2, 3, 8, 8)).sum().backward()
    assert model.heads.head.weight.grad.abs().sum() > 0
    with pytest.raises(AssertionError, match="Wrong image height"):
        model(torch.ones(2, 3, 4, 8))


def test_weights():
    weight = models.get_weight("ResNet50_Weights.DEFAULT")
    assert weight is models.ResNet50_Weights.IMAGENET1K_V2
    assert weight.url == "https://download.pytorch.org/models/resnet50-11ad3fa6.pth"
    assert weight.transforms().resize_size == [232]
    with pytest.raises(NotImplementedError, match="categories"):
        weight.meta["categories"]
    with pytest.raises(ValueError, match="Invalid weight name"):
        models.get_weight("ResNet50")
    with pytest.raises(ValueError, match="num_classes"):
        models.resnet18(weights="DEFAULT", num_classes=3)
    with pytest.raises(TypeError, match="ResNet18_Weights"):
        models.resnet18(weights=weight)


def test_what_is_missing_says_so():
    with pytest.raises(AttributeError, match="models.detection"):
        models.detection  # noqa: B018
    with pytest.raises(ValueError, match="Unknown model"):
        models.get_model("nothing")


def test_feature_extractor_gives_outputs_of_modules():
    model = models.resnet18(num_classes=2).eval()
    x = torch.ones(1, 3, 32, 32)
    out = models.feature_extraction.create_feature_extractor(model, {"layer1": "low", "layer2.0": "next", "fc": "end"})(x)
    assert list(out) == ["low", "next", "end"]
    assert torch.equal(out["end"], model(x))
    assert out["next"].shape == (1, 128, 4, 4)
    with pytest.raises(ValueError, match="not present in model"):
        models.feature_extraction.create_feature_extractor(model, ["layer9"])
    getter = models._utils.IntermediateLayerGetter(model, {"layer1": "low"})
    assert torch.equal(getter(x)["low"], out["low"])
