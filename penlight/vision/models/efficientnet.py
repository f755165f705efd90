"""EfficientNet (Tan and Le 2019) and its second version with fused blocks (2021)."""

import copy
import math
from dataclasses import dataclass
from functools import partial

from penlight import nn
from penlight.vision.models._api import builder
from penlight.vision.models._utils import make_divisible
from penlight.vision.ops import Conv2dNormActivation, SqueezeExcitation, StochasticDepth

__all__ = ["EfficientNet"]


@dataclass
class _Stage:
    """One row of the papers' tables."""

    fused: bool
    expand_ratio: float
    kernel: int
    stride: int
    input_channels: int
    out_channels: int
    num_layers: int


class MBConv(nn.Module):
    """Widen, convolve each channel alone, weigh the channels, narrow again."""

    def __init__(self, cnf, stochastic_depth_prob, norm_layer, se_layer=SqueezeExcitation):
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        wide = make_divisible(cnf.input_channels * cnf.expand_ratio, 8)
        how = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers = []
        if wide != cnf.input_channels:
            layers.append(Conv2dNormActivation(cnf.input_channels, wide, kernel_size=1, **how))
        layers.append(Conv2dNormActivation(wide, wide, cnf.kernel, stride=cnf.stride, groups=wide, **how))
        layers.append(se_layer(wide, max(1, cnf.input_channels // 4), activation=partial(nn.SiLU, inplace=True)))
        how["activation_layer"] = None
        layers.append(Conv2dNormActivation(wide, cnf.out_channels, kernel_size=1, **how))
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input):
        """The block's maps."""
        result = self.block(input)
        if self.use_res_connect:
            result = self.stochastic_depth(result)
            result += input
        return result


class FusedMBConv(nn.Module):
    """The block with one full convolution in place of the widening and the convolution of single channels."""

    def __init__(self, cnf, stochastic_depth_prob, norm_layer):
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        wide = make_divisible(cnf.input_channels * cnf.expand_ratio, 8)
        fused = wide if wide != cnf.input_channels else cnf.out_channels
        how = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers = [Conv2dNormActivation(cnf.input_channels, fused, cnf.kernel, stride=cnf.stride, **how)]
        if wide != cnf.input_channels:
            how["activation_layer"] = None
            layers.append(Conv2dNormActivation(wide, cnf.out_channels, kernel_size=1, **how))
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    forward = MBConv.forward


class EfficientNet(nn.Module):
    """A network of the stages `inverted_residual_setting`."""

    def __init__(
        self, inverted_residual_setting, dropout, stochastic_depth_prob=0.2, num_classes=1000, norm_layer=None,
        last_channel=None,
    ):  # fmt: skip
        super().__init__()
        stages = inverted_residual_setting
        if not stages:
            raise ValueError("The inverted_residual_setting should not be empty")
        norm_layer = norm_layer or nn.BatchNorm2d
        how = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers = [Conv2dNormActivation(3, stages[0].input_channels, kernel_size=3, stride=2, **how)]
        total, done = sum(stage.num_layers for stage in stages), 0
        for stage in stages:
            blocks = []
            for _ in range(stage.num_layers):
                row = copy.copy(stage)
                if blocks:
                    row.input_channels, row.stride = row.out_channels, 1
                kind = FusedMBConv if stage.fused else MBConv
                blocks.append(kind(row, stochastic_depth_prob * float(done) / total, norm_layer))
                done += 1
            layers.append(nn.Sequential(*blocks))
        last = stages[-1].out_channels
        wide = last_channel if last_channel is not None else 4 * last
        layers.append(Conv2dNormActivation(last, wide, kernel_size=1, **how))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(wide, num_classes))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.ones_(m.weight)
                nn.init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                bound = 1.0 / math.sqrt(m.out_features)
                nn.init.uniform_(m.weight, -bound, bound)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, H, W)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


# Expansion, kernel, stride, input and output channels, blocks of version 1's smallest network.
_B0 = (
    (1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3), (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1),
)  # fmt: skip
_FACTORS = {  # width, depth, dropout
    "b0": (1.0, 1.0, 0.2), "b1": (1.0, 1.1, 0.2), "b2": (1.1, 1.2, 0.3), "b3": (1.2, 1.4, 0.3),
    "b4": (1.4, 1.8, 0.4), "b5": (1.6, 2.2, 0.4), "b6": (1.8, 2.6, 0.5), "b7": (2.0, 3.1, 0.5),
}  # fmt: skip
_V2 = {  # (fused, expansion, kernel, stride, input and output channels, blocks), and dropout
    "s": (0.2, (
        (True, 1, 3, 1, 24, 24, 2), (True, 4, 3, 2, 24, 48, 4), (True, 4, 3, 2, 48, 64, 4),
        (False, 4, 3, 2, 64, 128, 6), (False, 6, 3, 1, 128, 160, 9), (False, 6, 3, 2, 160, 256, 15),
    )),
    "m": (0.3, (
        (True, 1, 3, 1, 24, 24, 3), (True, 4, 3, 2, 24, 48, 5), (True, 4, 3, 2, 48, 80, 5),
        (False, 4, 3, 2, 80, 160, 7), (False, 6, 3, 1, 160, 176, 14), (False, 6, 3, 2, 176, 304, 18),
        (False, 6, 3, 1, 304, 512, 5),
    )),
    "l": (0.4, (
        (True, 1, 3, 1, 32, 32, 4), (True, 4, 3, 2, 32, 64, 7), (True, 4, 3, 2, 64, 96, 7),
        (False, 4, 3, 2, 96, 192, 10), (False, 6, 3, 1, 192, 224, 19), (False, 6, 3, 2, 224, 384, 25),
        (False, 6, 3, 1, 384, 640, 7),
    )),
}  # fmt: skip


def _first(size, **options):
    width, depth, dropout = _FACTORS[size]
    scaled = lambda channels: make_divisible(channels * width, 8)
    stages = [_Stage(False, e, k, s, scaled(i), scaled(o), math.ceil(n * depth)) for e, k, s, i, o, n in _B0]
    options.setdefault("dropout", dropout)
    if size in ("b5", "b6", "b7"):
        options.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))
    return EfficientNet(stages, **options)


def _second(size, **options):
    dropout, rows = _V2[size]
    options = {"dropout": dropout, "norm_layer": partial(nn.BatchNorm2d, eps=1e-03), "last_channel": 1280, **options}
    return EfficientNet([_Stage(*row) for row in rows], **options)


for _size in _FACTORS:
    globals()[f"efficientnet_{_size}"] = builder(f"efficientnet_{_size}", partial(_first, _size))
    __all__.append(f"efficientnet_{_size}")
for _size in _V2:
    globals()[f"efficientnet_v2_{_size}"] = builder(f"efficientnet_v2_{_size}", partial(_second, _size))
    __all__.append(f"efficientnet_v2_{_size}")
