"""MNASNet: blocks found by a search that counts time on a telephone (Tan 2018)."""

from functools import partial

from penlight import nn
from penlight.vision.models._api import builder

__all__ = ["MNASNet"]

_MOMENTUM = 1 - 0.9997  # the paper's, in the way this library counts


def _norm(channels):
    return nn.BatchNorm2d(channels, momentum=_MOMENTUM)


class _InvertedResidual(nn.Module):
    def __init__(self, in_ch, out_ch, kernel_size, stride, expansion_factor):
        super().__init__()
        mid = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        self.layers = nn.Sequential(
            nn.Conv2d(in_ch, mid, 1, bias=False), _norm(mid), nn.ReLU(inplace=True),
            nn.Conv2d(mid, mid, kernel_size, padding=kernel_size // 2, stride=stride, groups=mid, bias=False),
            _norm(mid), nn.ReLU(inplace=True),
            nn.Conv2d(mid, out_ch, 1, bias=False), _norm(out_ch),
        )  # fmt: skip

    def forward(self, input):
        return self.layers(input) + input if self.apply_residual else self.layers(input)


def _rounded(value, divisor=8):
    """`value` as a multiple of 8, up rather than down."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * value else rounded + divisor


class MNASNet(nn.Module):
    """The network, `alpha` times as wide as the paper's.

    Example:
        >>> MNASNet(0.5, num_classes=3).classifier[1]
        Linear(in_features=1280, out_features=3, bias=True)
    """

    _version = 2

    def __init__(self, alpha, num_classes=1000, dropout=0.2):
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha, self.num_classes = alpha, num_classes
        w = [_rounded(channels * alpha) for channels in (32, 16, 24, 40, 80, 96, 192, 320)]
        relu = lambda: nn.ReLU(inplace=True)
        layers = [
            nn.Conv2d(3, w[0], 3, padding=1, stride=2, bias=False), _norm(w[0]), relu(),
            nn.Conv2d(w[0], w[0], 3, padding=1, stride=1, groups=w[0], bias=False), _norm(w[0]), relu(),
            nn.Conv2d(w[0], w[1], 1, padding=0, stride=1, bias=False), _norm(w[1]),
        ]  # fmt: skip
        rows = ((3, 2, 3, 3), (5, 2, 3, 3), (5, 2, 6, 3), (3, 1, 6, 2), (5, 2, 6, 4), (3, 1, 6, 1))
        for i, (kernel, stride, expansion, repeats) in enumerate(rows):
            stack = [_InvertedResidual(w[i + 1], w[i + 2], kernel, stride, expansion)]
            stack += [_InvertedResidual(w[i + 2], w[i + 2], kernel, 1, expansion) for _ in range(repeats - 1)]
            layers.append(nn.Sequential(*stack))
        layers += [nn.Conv2d(w[7], 1280, 1, padding=0, stride=1, bias=False), _norm(1280), relu()]
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(1280, num_classes))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.ones_(m.weight)
                nn.init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                nn.init.kaiming_uniform_(m.weight, mode="fan_out", nonlinearity="sigmoid")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, H, W)."""
        return self.classifier(self.layers(x).mean([2, 3]))


for _name, _alpha in {"0_5": 0.5, "0_75": 0.75, "1_0": 1.0, "1_3": 1.3}.items():
    _name = f"mnasnet{_name}"
    globals()[_name] = builder(_name, partial(MNASNet, _alpha))
    __all__.append(_name)
