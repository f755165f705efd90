"""CIFAR: small colour pictures, 32 x 32, in 10 or 100 classes."""

import os
import pickle

import numpy as np
from PIL import Image

from penlight.vision.datasets.utils import check_integrity, download_and_extract_archive
from penlight.vision.datasets.vision import VisionDataset

__all__ = ["CIFAR10", "CIFAR100"]


class _ArrayUnpickler(pickle.Unpickler):
    """Reads lists, dictionaries and NumPy arrays, and refuses everything else that a pickle may ask to run."""

    def find_class(self, module, name):
        array_parts = {"_reconstruct": np._core.multiarray._reconstruct, "ndarray": np.ndarray, "dtype": np.dtype}
        if module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray") and name in array_parts:
            return array_parts[name]
        if (module, name) == ("_codecs", "encode"):
            import _codecs

            return _codecs.encode
        raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which no data set needs: refused")


def _read(path):
    with open(path, "rb") as f:
        return _ArrayUnpickler(f, encoding="latin1").load()


class CIFAR10(VisionDataset):
    """60 000 colour pictures in ten classes: 50 000 to train on (`train=True`) and 10 000 to test with.

    The files lie in `root/cifar-10-batches-py`. Item i is (PIL image, class number). `data` is an array
    (n, 32, 32, 3), `targets` a list. RuntimeError where a file is missing or damaged.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888"}

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to download it")
        folder = os.path.join(self.root, self.base_folder)
        batches = [_read(os.path.join(folder, name)) for name, _ in (self.train_list if train else self.test_list)]
        pixels = np.vstack([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
        self.data = pixels.transpose((0, 2, 3, 1))
        self.targets = [t for batch in batches for t in batch["labels" if "labels" in batch else "fine_labels"]]
        self._load_meta()

    def _load_meta(self):
        path = os.path.join(self.root, self.base_folder, self.meta["filename"])
        if not check_integrity(path, self.meta["md5"]):
            raise RuntimeError("Dataset metadata file not found or corrupted. You can use download=True to download it")
        self.classes = _read(path)[self.meta["key"]]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def __getitem__(self, index):
        return self._apply(Image.fromarray(self.data[index]), self.targets[index])

    def __len__(self):
        return len(self.data)

    def _check_integrity(self):
        folder = os.path.join(self.root, self.base_folder)
        return all(check_integrity(os.path.join(folder, n), md5) for n, md5 in self.train_list + self.test_list)

    def download(self):
        """Fetch and unpack the archive where a file is missing or damaged."""
        if not self._check_integrity():
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.tgz_md5)

    def extra_repr(self):
        """Which part it is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """60 000 colour pictures in 100 classes, in the form of CIFAR10."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta = {"filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48"}
