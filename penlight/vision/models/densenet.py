"""DenseNet: every layer reads the maps of all layers before it in its block (Huang 2016)."""

import re
from collections import OrderedDict

import penlight
from penlight import nn
from penlight.nn import functional as F
from penlight.vision.models._api import builder

__all__ = ["DenseNet"]


class _DenseLayer(nn.Module):
    def __init__(self, num_input_features, growth_rate, bn_size, drop_rate, memory_efficient=False):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, bn_size * growth_rate, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(bn_size * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bn_size * growth_rate, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def bn_function(self, *inputs):
        """The narrow maps of everything so far."""
        return self.conv1(self.relu1(self.norm1(penlight.cat(inputs, 1))))

    def forward(self, input):
        """The layer's own `growth_rate` maps; `input` is a tensor or a list of them."""
        inputs = [input] if isinstance(input, penlight.Tensor) else input
        if self.memory_efficient and any(t.requires_grad for t in inputs):
            from penlight.utils.checkpoint import checkpoint  # only this rare way needs it

            narrow = checkpoint(self.bn_function, *inputs, use_reentrant=False)
        else:
            narrow = self.bn_function(*inputs)
        new = self.conv2(self.relu2(self.norm2(narrow)))
        return F.dropout(new, p=self.drop_rate, training=self.training) if self.drop_rate > 0 else new


class _DenseBlock(nn.ModuleDict):
    def __init__(self, num_layers, num_input_features, bn_size, growth_rate, drop_rate, memory_efficient=False):
        super().__init__()
        for i in range(num_layers):
            width = num_input_features + i * growth_rate
            layer = _DenseLayer(width, growth_rate, bn_size, drop_rate, memory_efficient)
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, init_features):
        """The input with the maps of every layer behind it."""
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return penlight.cat(features, 1)


class _Transition(nn.Sequential):
    def __init__(self, num_input_features, num_output_features):
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Dense blocks with narrowing transitions between.

    Example:
        >>> DenseNet(8, (2, 2), 16, num_classes=3).classifier
        Linear(in_features=32, out_features=3, bias=True)
    """

    def __init__(
        self, growth_rate=32, block_config=(6, 12, 24, 16), num_init_features=64, bn_size=4, drop_rate=0,
        num_classes=1000, memory_efficient=False,
    ):  # fmt: skip
        super().__init__()
        width = num_init_features
        self.features = nn.Sequential(
            OrderedDict(
                conv0=nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False),
                norm0=nn.BatchNorm2d(width),
                relu0=nn.ReLU(inplace=True),
                pool0=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
            )
        )
        for i, count in enumerate(block_config, 1):
            block = _DenseBlock(count, width, bn_size, growth_rate, drop_rate, memory_efficient)
            self.features.add_module(f"denseblock{i}", block)
            width += count * growth_rate
            if i != len(block_config):
                self.features.add_module(f"transition{i}", _Transition(width, width // 2))
                width //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.ones_(m.weight)
                nn.init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                nn.init.zeros_(m.bias)

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, H, W)."""
        x = F.relu(self.features(x), inplace=True)
        return self.classifier(penlight.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


def _new_keys(state):
    """The stored weights write norm.1 where the module is norm1."""
    old = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
    return OrderedDict((old.sub(r"\1\2", key), value) for key, value in state.items())


_NETWORKS = {
    "densenet121": (32, (6, 12, 24, 16), 64),
    "densenet161": (48, (6, 12, 36, 24), 96),
    "densenet169": (32, (6, 12, 32, 32), 64),
    "densenet201": (32, (6, 12, 48, 32), 64),
}
for _name, _row in _NETWORKS.items():
    globals()[_name] = builder(_name, lambda row=_row, **options: DenseNet(*row, **options), convert=_new_keys)
    __all__.append(_name)
