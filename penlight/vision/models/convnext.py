"""ConvNeXt: a residual network with the habits of transformers (Liu 2022)."""

from functools import partial

import penlight
from penlight import nn
from penlight.nn import functional as F
from penlight.vision.models._api import builder
from penlight.vision.ops import Conv2dNormActivation, Permute, StochasticDepth

__all__ = ["ConvNeXt"]


class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of maps (N, C, H, W)."""

    def forward(self, x):
        """The maps, normalised."""
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """A 7x7 convolution of single channels and two linear layers, with a scaled shortcut."""

    def __init__(self, dim, layer_scale, stochastic_depth_prob, norm_layer=None):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]),
            (norm_layer or partial(nn.LayerNorm, eps=1e-6))(dim),
            nn.Linear(dim, 4 * dim),
            nn.GELU(),
            nn.Linear(4 * dim, dim),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(penlight.ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input):
        """The block's maps."""
        result = self.stochastic_depth(self.layer_scale * self.block(input))
        result += input
        return result


class ConvNeXt(nn.Module):
    """Stages of (input channels, output channels or None, blocks)."""

    def __init__(
        self, block_setting, stochastic_depth_prob=0.0, layer_scale=1e-6, num_classes=1000, block=None, norm_layer=None
    ):
        super().__init__()
        if not block_setting:
            raise ValueError("The block_setting should not be empty")
        block, norm_layer = block or CNBlock, norm_layer or partial(LayerNorm2d, eps=1e-6)
        layers = [
            Conv2dNormActivation(
                3, block_setting[0][0], kernel_size=4, stride=4, padding=0, norm_layer=norm_layer,
                activation_layer=None, bias=True,
            )
        ]  # fmt: skip
        total, done = sum(blocks for _, _, blocks in block_setting), 0
        for width, out, blocks in block_setting:
            stage = []
            for _ in range(blocks):
                stage.append(block(width, layer_scale, stochastic_depth_prob * done / (total - 1.0)))
                done += 1
            layers.append(nn.Sequential(*stage))
            if out is not None:
                layers.append(nn.Sequential(norm_layer(width), nn.Conv2d(width, out, kernel_size=2, stride=2)))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        last = block_setting[-1][1] or block_setting[-1][0]
        self.classifier = nn.Sequential(norm_layer(last), nn.Flatten(1), nn.Linear(last, num_classes))
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(m.weight, std=0.02)
                if m.bias is not None:
                    nn.init.zeros_(m.bias)

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, H, W)."""
        return self.classifier(self.avgpool(self.features(x)))


_NETWORKS = {  # width, blocks in the third stage, probability of leaving a block out
    "convnext_tiny": (96, 9, 0.1),
    "convnext_small": (96, 27, 0.4),
    "convnext_base": (128, 27, 0.5),
    "convnext_large": (192, 27, 0.5),
}


def _make(width, third, probability, **options):
    stages = [(width, 2 * width, 3), (2 * width, 4 * width, 3), (4 * width, 8 * width, third), (8 * width, None, 3)]
    return ConvNeXt(stages, **{"stochastic_depth_prob": probability, **options})


for _name, _row in _NETWORKS.items():
    globals()[_name] = builder(_name, partial(_make, *_row))
    __all__.append(_name)
