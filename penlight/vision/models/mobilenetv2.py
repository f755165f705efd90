"""MobileNet v2: narrow shortcuts around wide, cheap convolutions (Sandler 2018)."""

from penlight import nn
from penlight.nn import functional as F
from penlight.vision.models._api import builder
from penlight.vision.models._utils import initialise_mobile, make_divisible
from penlight.vision.ops import Conv2dNormActivation

__all__ = ["MobileNetV2", "mobilenet_v2"]

# Expansion, channels, blocks and stride of every stage (table 2 of the paper).
_STAGES = [
    [1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1],
]  # fmt: skip


class InvertedResidual(nn.Module):
    """Widen by `expand_ratio`, convolve each channel alone, narrow again; with a shortcut where shapes allow."""

    def __init__(self, inp, oup, stride, expand_ratio, norm_layer=None):
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        self.stride = stride
        norm_layer = norm_layer or nn.BatchNorm2d
        hidden = int(round(inp * expand_ratio))
        self.use_res_connect = stride == 1 and inp == oup
        how = {"norm_layer": norm_layer, "activation_layer": nn.ReLU6}
        layers = [] if expand_ratio == 1 else [Conv2dNormActivation(inp, hidden, kernel_size=1, **how)]
        layers.append(Conv2dNormActivation(hidden, hidden, stride=stride, groups=hidden, **how))
        self.conv = nn.Sequential(*layers, nn.Conv2d(hidden, oup, 1, 1, 0, bias=False), norm_layer(oup))
        self.out_channels = oup
        self._is_cn = stride > 1

    def forward(self, x):
        """The block's maps."""
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    """The network, `width_mult` times as wide as the paper's.

    Example:
        >>> MobileNetV2(num_classes=3, width_mult=0.25).classifier[1]
        Linear(in_features=1280, out_features=3, bias=True)
    """

    def __init__(
        self, num_classes=1000, width_mult=1.0, inverted_residual_setting=None, round_nearest=8, block=None,
        norm_layer=None, dropout=0.2,
    ):  # fmt: skip
        super().__init__()
        block, norm_layer = block or InvertedResidual, norm_layer or nn.BatchNorm2d
        stages = inverted_residual_setting or _STAGES
        if len(stages[0]) != 4:
            raise ValueError(
                f"inverted_residual_setting should be non-empty or a 4-element list, got {inverted_residual_setting}"
            )
        width = make_divisible(32 * width_mult, round_nearest)
        self.last_channel = make_divisible(1280 * max(1.0, width_mult), round_nearest)
        how = {"norm_layer": norm_layer, "activation_layer": nn.ReLU6}
        features = [Conv2dNormActivation(3, width, stride=2, **how)]
        for t, c, n, s in stages:
            out = make_divisible(c * width_mult, round_nearest)
            for i in range(n):
                features.append(block(width, out, s if i == 0 else 1, expand_ratio=t, norm_layer=norm_layer))
                width = out
        features.append(Conv2dNormActivation(width, self.last_channel, kernel_size=1, **how))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes))
        initialise_mobile(self)

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, H, W)."""
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), (1, 1)).flatten(1))


mobilenet_v2 = builder("mobilenet_v2", MobileNetV2)
