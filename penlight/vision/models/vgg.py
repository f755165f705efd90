"""VGG: rows of 3x3 convolutions with pooling between (Simonyan and Zisserman 2014)."""

import penlight
from penlight import nn
from penlight.vision.models._api import builder

__all__ = ["VGG"]

# How many convolutions each of the five stages has; their widths are the same in every network of the paper.
_STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Features of your own making with the pooling and the classifier of the paper.

    Example:
        >>> VGG(nn.Conv2d(3, 512, 3), num_classes=3, init_weights=False).classifier[6]
        Linear(in_features=4096, out_features=3, bias=True)
    """

    def __init__(self, features, num_classes=1000, init_weights=True, dropout=0.5):
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )  # fmt: skip
        if init_weights:
            for m in self.modules():
                _initialise(m)

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, H, W)."""
        return self.classifier(penlight.flatten(self.avgpool(self.features(x)), 1))


def _initialise(m):
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        if m.bias is not None:
            nn.init.zeros_(m.bias)
    elif isinstance(m, nn.BatchNorm2d):
        nn.init.ones_(m.weight)
        nn.init.zeros_(m.bias)
    elif isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, 0, 0.01)
        nn.init.zeros_(m.bias)


def _features(depth, batch_norm):
    layers, channels = [], 3
    for count, width in zip(_STAGES[depth], _WIDTHS):
        for _ in range(count):
            layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU(inplace=True))
            channels = width
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers)


for _depth in _STAGES:
    for _norm in (False, True):
        _name = f"vgg{_depth}" + "_bn" * _norm
        _make = lambda depth=_depth, norm=_norm, **options: VGG(_features(depth, norm), **options)
        globals()[_name] = builder(_name, _make, loaded={"init_weights": False})
        __all__.append(_name)
