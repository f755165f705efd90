"""Ready datasets of pictures, and datasets made of folders.

`download=True` fetches what is missing into `root`, through the proxies of `http_proxy` and `https_proxy`.

Example:
    >>> from penlight.vision import datasets
    >>> image, target = datasets.FakeData(size=4, image_size=(3, 8, 8))[0]
    >>> image.size
    (8, 8)
"""

from penlight.vision.datasets.arrays import FER2013, SEMEION, STL10, SVHN, USPS
from penlight.vision.datasets.caltech import Caltech101, Caltech256
from penlight.vision.datasets.celeba import CelebA
from penlight.vision.datasets.cifar import CIFAR10, CIFAR100
from penlight.vision.datasets.coco import CocoCaptions, CocoDetection
from penlight.vision.datasets.fakedata import FakeData
from penlight.vision.datasets.folder import DatasetFolder, ImageFolder
from penlight.vision.datasets.imagenet import ImageNet
from penlight.vision.datasets.listed import (
    DTD,
    GTSRB,
    SUN397,
    Country211,
    EuroSAT,
    FGVCAircraft,
    Flowers102,
    Food101,
    Imagenette,
    Omniglot,
    OxfordIIITPet,
    Places365,
    RenderedSST2,
    StanfordCars,
)
from penlight.vision.datasets.mnist import EMNIST, KMNIST, MNIST, QMNIST, FashionMNIST, MovingMNIST
from penlight.vision.datasets.vision import VisionDataset
from penlight.vision.datasets.voc import VOCDetection, VOCSegmentation


def __getattr__(name):
    if name == "wrap_dataset_for_transforms_v2":
        from penlight.vision.tv_tensors import wrap_dataset_for_transforms_v2

        return wrap_dataset_for_transforms_v2
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
