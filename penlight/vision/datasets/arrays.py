"""Datasets that come as a few files with all their pixels: SVHN, STL10, USPS, SEMEION, FER2013."""

import bz2
import csv
import os

import numpy as np
from PIL import Image

from penlight.vision.datasets.utils import (
    check_integrity,
    download_and_extract_archive,
    download_url,
    loadmat,
    verify_str_arg,
)
from penlight.vision.datasets.vision import VisionDataset

__all__ = ["SVHN", "STL10", "USPS", "SEMEION", "FER2013"]

_NOT_FOUND = "Dataset not found or corrupted. You can use download=True to download it"


class SVHN(VisionDataset):
    """House numbers from street pictures, 32 x 32 in colour; `split` is train, test or extra.

    Item i is (PIL image, digit). `data` is an array (n, 3, 32, 32), `labels` one of n. Reading needs SciPy.
    """

    split_list = {
        "train": [
            "http://ufldl.stanford.edu/housenumbers/train_32x32.mat",
            "train_32x32.mat",
            "e26dedcc434d2e4c54c9b2d4a06d8373",
        ],
        "test": [
            "http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
            "test_32x32.mat",
            "eb5a983be6a315427106f1b164d9cef3",
        ],
        "extra": [
            "http://ufldl.stanford.edu/housenumbers/extra_32x32.mat",
            "extra_32x32.mat",
            "a93ce644f1a588dc4d68dda5feec44a7",
        ],
    }

    def __init__(self, root, split="train", transform=None, target_transform=None, download=False):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", tuple(self.split_list))
        self.url, self.filename, self.file_md5 = self.split_list[split]
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(_NOT_FOUND)
        content = loadmat(os.path.join(self.root, self.filename))
        self.labels = content["y"].astype(np.int64).reshape(-1)
        self.labels[self.labels == 10] = 0  # the file calls the digit 0 "10"
        self.data = np.transpose(content["X"], (3, 2, 0, 1))

    def __getitem__(self, index):
        return self._apply(Image.fromarray(np.transpose(self.data[index], (1, 2, 0))), int(self.labels[index]))

    def __len__(self):
        return len(self.data)

    def _check_integrity(self):
        return check_integrity(os.path.join(self.root, self.filename), self.file_md5)

    def download(self):
        """Fetch the file of this split."""
        download_url(self.url, self.root, self.filename, self.file_md5)

    def extra_repr(self):
        """Which part it is."""
        return f"Split: {self.split}"


class STL10(VisionDataset):
    """96 x 96 colour pictures in ten classes; `split` is train, test, unlabeled or train+unlabeled.

    `folds` (0 to 9) takes one of the ten published parts of the training set. Unlabelled pictures have the class -1.
    """

    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    class_names_file = "class_names.txt"
    folds_list_file = "fold_indices.txt"
    train_list = [
        ["train_X.bin", "918c2871b30a85fa023e0c44e0bee87f"],
        ["train_y.bin", "5a34089d4802c674881badbb80307741"],
        ["unlabeled_X.bin", "5242ba1fed5e4be9e1e742405eb56ca4"],
    ]
    test_list = [["test_X.bin", "7f263ba9f9e0b06b93213547f721ac82"], ["test_y.bin", "36f9794fa4beb8a2c72628de14fa638e"]]
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(self, root, split="train", folds=None, transform=None, target_transform=None, download=False):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", self.splits)
        if folds is not None and not isinstance(folds, int):
            raise ValueError(f"Expected type None or int for argument folds, but got type {type(folds)}.")
        if folds is not None and not 0 <= folds < 10:
            message = f"Value for argument folds should be in the range [0, 10), but got {folds}."
            raise ValueError(message)
        self.folds = folds
        if download:
            self.download()
        elif not self._check_integrity():
            raise RuntimeError(_NOT_FOUND)
        parts = []
        if split.startswith("train"):
            images, labels = self._file("train_X.bin"), self._file("train_y.bin")
            if folds is not None:
                with open(self._path(self.folds_list_file)) as f:
                    chosen = np.array(f.read().splitlines()[folds].split(), np.int64)
                images, labels = images[chosen], labels[chosen]
            parts.append((images, labels))
        if split.endswith("unlabeled"):
            images = self._file("unlabeled_X.bin")
            parts.append((images, np.full(len(images), -1, np.int64)))
        if split == "test":
            parts.append((self._file("test_X.bin"), self._file("test_y.bin")))
        self.data = np.concatenate([images for images, _ in parts])
        self.labels = np.concatenate([labels for _, labels in parts])
        with open(self._path(self.class_names_file)) as f:
            self.classes = f.read().splitlines()

    def _path(self, name):
        return os.path.join(self.root, self.base_folder, name)

    def _file(self, name):
        content = np.fromfile(self._path(name), dtype=np.uint8)
        if name.endswith("y.bin"):
            return content - 1  # the file counts from 1
        return content.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)  # it stores columns first

    def __getitem__(self, index):
        target = int(self.labels[index])
        return self._apply(Image.fromarray(np.transpose(self.data[index], (1, 2, 0))), target)

    def __len__(self):
        return len(self.data)

    def _check_integrity(self):
        return all(check_integrity(self._path(name), md5) for name, md5 in self.train_list + self.test_list)

    def download(self):
        """Fetch and unpack the archive where a file is missing or damaged."""
        if not self._check_integrity():
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.tgz_md5)

    def extra_repr(self):
        """Which part it is."""
        return f"Split: {self.split}"


class USPS(VisionDataset):
    """9298 digits from envelopes, 16 x 16 in gray; item i is (PIL image, digit)."""

    split_list = {
        "train": [
            "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.bz2",
            "usps.bz2",
            "ec16c51db3855ca6c91edd34d0e9b197",
        ],
        "test": [
            "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.t.bz2",
            "usps.t.bz2",
            "8ea070ee2aca1ac39742fdd1ef5ed118",
        ],
    }

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        super().__init__(root, transform=transform, target_transform=target_transform)
        url, filename, md5 = self.split_list["train" if train else "test"]
        path = os.path.join(self.root, filename)
        if download:
            download_url(url, self.root, filename, md5)
        if not os.path.isfile(path):
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        images, self.targets = [], []
        with bz2.open(path, "rt") as f:
            for line in f:  # "class 1:value 2:value ...", values from -1 to 1
                label, *values = line.split()
                images.append([float(v.split(":")[-1]) for v in values])
                self.targets.append(int(label) - 1)
        pixels = np.asarray(images).reshape(-1, 16, 16)
        self.data = ((pixels + 1) / 2 * 255).astype(np.uint8)

    def __getitem__(self, index):
        return self._apply(Image.fromarray(self.data[index]), int(self.targets[index]))

    def __len__(self):
        return len(self.data)


class SEMEION(VisionDataset):
    """1593 handwritten digits, 16 x 16 in black and white; item i is (PIL image, digit)."""

    url = "http://archive.ics.uci.edu/ml/machine-learning-databases/semeion/semeion.data"
    filename = "semeion.data"
    md5_checksum = "cb545d371d2ce14ec121470795a77432"

    def __init__(self, root, transform=None, target_transform=None, download=True):
        super().__init__(root, transform=transform, target_transform=target_transform)
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(_NOT_FOUND)
        rows = np.loadtxt(os.path.join(self.root, self.filename))
        self.data = (rows[:, :256] * 255).astype("uint8").reshape(-1, 16, 16)
        self.labels = np.nonzero(rows[:, 256:])[1]

    def __getitem__(self, index):
        return self._apply(Image.fromarray(self.data[index]), int(self.labels[index]))

    def __len__(self):
        return len(self.data)

    def _check_integrity(self):
        return check_integrity(os.path.join(self.root, self.filename), self.md5_checksum)

    def download(self):
        """Fetch the file where it is missing."""
        download_url(self.url, self.root, self.filename, self.md5_checksum)


class FER2013(VisionDataset):
    """Faces with seven expressions, 48 x 48 in gray; Kaggle's CSV files are put into `root/fer2013` by hand."""

    _RESOURCES = {
        "train": ("train.csv", "3f0dfb3d3fd99c811a1299cb947e3131"),
        "test": ("test.csv", "b02c2298636a634e8c2faabbf3ea9a23"),
        "fer": ("fer2013.csv", "f8428a1edbd21e88f42c73edd2a14f95"),
        "icml": ("icml_face_data.csv", "b114b9e04e6949e5fe8b6a98b3892b1d"),
    }

    def __init__(self, root, split="train", transform=None, target_transform=None):
        self._split = verify_str_arg(split, "split", ("train", "test"))
        super().__init__(root, transform=transform, target_transform=target_transform)
        folder = os.path.join(self.root, "fer2013")
        for key in ("fer", "icml", self._split):  # the complete files first; they tell the use of each row
            path = os.path.join(folder, self._RESOURCES[key][0])
            if check_integrity(path, self._RESOURCES[key][1]):
                break
        else:
            names = ", ".join(name for name, _ in self._RESOURCES.values())
            raise RuntimeError(f"{path} not found in {folder} or corrupted: put one of {names} there")
        with open(path, newline="") as f:
            rows = [{k.strip(): v for k, v in row.items()} for row in csv.DictReader(f)]
        if "Usage" in (rows[0] if rows else {}):
            rows = [r for r in rows if (r["Usage"] == "Training") == (self._split == "train")]
        self._samples = [
            (np.array(r["pixels"].split(), np.uint8).reshape(48, 48), int(r["emotion"]) if "emotion" in r else None)
            for r in rows
        ]

    def __getitem__(self, index):
        pixels, target = self._samples[index]
        image = Image.fromarray(pixels)
        if self.transform is not None:
            image = self.transform(image)
        if target is not None and self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __len__(self):
        return len(self._samples)

    def extra_repr(self):
        """Which part it is."""
        return f"split={self._split}"
