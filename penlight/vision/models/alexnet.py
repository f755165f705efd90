"""AlexNet: five convolutions and three linear layers (Krizhevsky 2014, "One weird trick")."""

import penlight
from penlight import nn
from penlight.vision.models._api import builder

__all__ = ["AlexNet", "alexnet"]


class AlexNet(nn.Module):
    """The network of Krizhevsky; pictures are (N, 3, H, W), at least 63 pixels a side.

    Example:
        >>> AlexNet(num_classes=3).classifier[6]
        Linear(in_features=4096, out_features=3, bias=True)
    """

    def __init__(self, num_classes=1000, dropout=0.5):
        super().__init__()
        relu, pool = (lambda: nn.ReLU(inplace=True)), (lambda: nn.MaxPool2d(kernel_size=3, stride=2))
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2), relu(), pool(),
            nn.Conv2d(64, 192, kernel_size=5, padding=2), relu(), pool(),
            nn.Conv2d(192, 384, kernel_size=3, padding=1), relu(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1), relu(),
            nn.Conv2d(256, 256, kernel_size=3, padding=1), relu(), pool(),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(256 * 6 * 6, 4096), relu(),
            nn.Dropout(p=dropout), nn.Linear(4096, 4096), relu(),
            nn.Linear(4096, num_classes),
        )  # fmt: skip

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, H, W)."""
        return self.classifier(penlight.flatten(self.avgpool(self.features(x)), 1))


alexnet = builder("alexnet", AlexNet)
