"""Handwritten characters, 28 x 28 in gray: MNIST and the sets made like it."""

import codecs
import os
import shutil
import urllib.error

import numpy as np
from PIL import Image

import penlight
from penlight.vision.datasets.utils import (
    check_integrity,
    download_and_extract_archive,
    download_url,
    extract_archive,
    verify_str_arg,
)
from penlight.vision.datasets.vision import VisionDataset

__all__ = ["MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST", "MovingMNIST"]

_IDX_DTYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def get_int(b):
    """The number of bytes written with the highest first."""
    return int(codecs.encode(b, "hex"), 16)


def read_sn3_pascalvincent_tensor(path, strict=True):
    """Read a file in the "IDX" format, which MNIST came in.

    With `strict` a ValueError tells of missing or surplus bytes.
    """
    with open(path, "rb") as f:
        data = f.read()
    magic = get_int(data[0:4])
    rank, code = magic % 256, magic // 256
    if not 1 <= rank <= 3 or code not in _IDX_DTYPES or len(data) < 4 * (rank + 1):
        raise ValueError(f"{path} is not in the IDX format: it begins with {data[:4]!r}")
    shape = [get_int(data[4 * (i + 1) : 4 * (i + 2)]) for i in range(rank)]
    dtype = np.dtype(_IDX_DTYPES[code])
    array = np.frombuffer(data, dtype, offset=4 * (rank + 1))
    wanted = int(np.prod(shape))
    if array.size < wanted or (strict and array.size != wanted):
        raise ValueError(f"{path} holds {array.size} numbers, and its head speaks of {shape}")
    return penlight.from_numpy(array[:wanted].astype(dtype.newbyteorder("=")).reshape(shape))


def read_label_file(path):
    """The class numbers (n), int64, of an IDX file."""
    x = read_sn3_pascalvincent_tensor(path, strict=False)
    if x.dtype != penlight.uint8:
        raise TypeError(f"x should be of dtype torch.uint8 instead of {x.dtype}")
    if x.ndimension() != 1:
        raise ValueError(f"x should have 1 dimension instead of {x.ndimension()}")
    return x.long()


def read_image_file(path):
    """The pictures (n, 28, 28), uint8, of an IDX file."""
    x = read_sn3_pascalvincent_tensor(path, strict=False)
    if x.dtype != penlight.uint8:
        raise TypeError(f"x should be of dtype torch.uint8 instead of {x.dtype}")
    if x.ndimension() != 3:
        raise ValueError(f"x should have 3 dimension instead of {x.ndimension()}")
    return x


class MNIST(VisionDataset):
    """70 000 handwritten digits, 28 x 28 in gray: 60 000 to train on (`train=True`) and 10 000 to test with.

    The files lie in `root/MNIST/raw`; `download=True` fetches what is missing from the first mirror that answers.
    Item i is (PIL image of mode "L", class number), after the transforms. `data` (n, 28, 28) and `targets` (n) are
    tensors. RuntimeError where the files are missing and nothing is to be downloaded.
    """

    mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    training_file = "training.pt"
    test_file = "test.pt"
    classes = [
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
    ]

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        self.data, self.targets = self._load_data()

    def _load_data(self):
        part = "train" if self.train else "t10k"
        images = read_image_file(os.path.join(self.raw_folder, f"{part}-images-idx3-ubyte"))
        return images, read_label_file(os.path.join(self.raw_folder, f"{part}-labels-idx1-ubyte"))

    def __getitem__(self, index):
        return self._apply(Image.fromarray(self.data[index].numpy()), int(self.targets[index]))

    def __len__(self):
        return len(self.data)

    @property
    def raw_folder(self):
        """Where the files lie."""
        return os.path.join(self.root, self.__class__.__name__, "raw")

    @property
    def processed_folder(self):
        """Where older versions of torchvision kept a second copy."""
        return os.path.join(self.root, self.__class__.__name__, "processed")

    @property
    def class_to_idx(self):
        """{name: class number}."""
        return {name: i for i, name in enumerate(self.classes)}

    @property
    def train_labels(self):
        """An old name of `targets`."""
        return self.targets

    @property
    def test_labels(self):
        """An old name of `targets`."""
        return self.targets

    @property
    def train_data(self):
        """An old name of `data`."""
        return self.data

    @property
    def test_data(self):
        """An old name of `data`."""
        return self.data

    def _check_exists(self):
        names = (os.path.splitext(os.path.basename(url))[0] for url, _ in self.resources)
        return all(check_integrity(os.path.join(self.raw_folder, name)) for name in names)

    def download(self):
        """Fetch the files that are missing; RuntimeError where no mirror gives the right ones."""
        if self._check_exists():
            return
        os.makedirs(self.raw_folder, exist_ok=True)
        for filename, md5 in self.resources:
            errors = []
            for mirror in self.mirrors:
                url = f"{mirror}{filename}"
                try:
                    download_and_extract_archive(url, download_root=self.raw_folder, filename=filename, md5=md5)
                    break
                except (urllib.error.URLError, RuntimeError) as error:
                    errors.append(f"Tried {url}, got:\n{error}\n")
            else:
                raise RuntimeError("\n".join([f"Error downloading {filename}:", *errors]))

    def extra_repr(self):
        """Which part it is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


class FashionMNIST(MNIST):
    """Pictures of clothes in ten classes, in the form of MNIST."""

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


class KMNIST(MNIST):
    """Handwritten Japanese characters in ten classes, in the form of MNIST."""

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


_DIGITS = list("0123456789")
_UPPER = [chr(c) for c in range(ord("A"), ord("Z") + 1)]
_LOWER = [chr(c) for c in range(ord("a"), ord("z") + 1)]
_MERGED = [c for c in _LOWER if c not in "cijklmopsuvwxyz"]  # the others look like their capitals


class EMNIST(MNIST):
    """Handwritten letters and digits; `split` is byclass, bymerge, balanced, letters, digits or mnist."""

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict = {
        "byclass": _DIGITS + _UPPER + _LOWER,
        "bymerge": _DIGITS + _UPPER + _MERGED,
        "balanced": _DIGITS + _UPPER + _MERGED,
        "letters": ["N/A", *_LOWER],
        "digits": _DIGITS,
        "mnist": _DIGITS,
    }

    def __init__(self, root, split, **kwargs):
        self.split = verify_str_arg(split, "split", self.splits)
        self.training_file, self.test_file = f"training_{split}.pt", f"test_{split}.pt"
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[self.split]

    @property
    def _file_prefix(self):
        return f"emnist-{self.split}-{'train' if self.train else 'test'}"

    @property
    def images_file(self):
        """The path of the pictures."""
        return os.path.join(self.raw_folder, f"{self._file_prefix}-images-idx3-ubyte")

    @property
    def labels_file(self):
        """The path of the class numbers."""
        return os.path.join(self.raw_folder, f"{self._file_prefix}-labels-idx1-ubyte")

    def _load_data(self):
        return read_image_file(self.images_file), read_label_file(self.labels_file)

    def _check_exists(self):
        return all(check_integrity(file) for file in (self.images_file, self.labels_file))

    def download(self):
        """Fetch and unpack the archive where files are missing."""
        if self._check_exists():
            return
        os.makedirs(self.raw_folder, exist_ok=True)
        download_and_extract_archive(self.url, download_root=self.raw_folder, md5=self.md5)
        folder = os.path.join(self.raw_folder, "gzip")
        for name in os.listdir(folder):
            if name.endswith(".gz"):
                extract_archive(os.path.join(folder, name), os.path.join(self.raw_folder, name[: -len(".gz")]))
        shutil.rmtree(folder)


class QMNIST(MNIST):
    """MNIST with more test pictures and where each came from; `what` is train, test, test10k, test50k or nist.

    With `compat=False` the target is the full row of eight numbers.
    """

    subsets = {"train": "train", "test": "test", "test10k": "test", "test50k": "test", "nist": "nist"}
    _base = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
    resources = {
        "train": [
            (_base + "qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            (_base + "qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
        ],
        "test": [
            (_base + "qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            (_base + "qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ],
        "nist": [
            (_base + "xnist-images-idx3-ubyte.xz", "7f124b3b8ab81486c9d8c2749c17f834"),
            (_base + "xnist-labels-idx2-int.xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
        ],
    }

    def __init__(self, root, what=None, compat=True, train=True, **kwargs):
        self.what = verify_str_arg(what or ("train" if train else "test"), "what", tuple(self.subsets))
        self.compat = compat
        self.data_file = self.training_file = self.test_file = self.what + ".pt"
        super().__init__(root, train, **kwargs)

    @property
    def images_file(self):
        """The path of the pictures."""
        return self._unpacked(0)

    @property
    def labels_file(self):
        """The path of the rows of labels."""
        return self._unpacked(1)

    def _unpacked(self, i):
        url, _ = self.resources[self.subsets[self.what]][i]
        return os.path.join(self.raw_folder, os.path.splitext(os.path.basename(url))[0])

    def _check_exists(self):
        return all(check_integrity(file) for file in (self.images_file, self.labels_file))

    def _load_data(self):
        data = read_image_file(self.images_file)
        targets = read_sn3_pascalvincent_tensor(self.labels_file).long()
        if targets.ndimension() != 2:
            raise ValueError(f"targets should have 2 dimensions instead of {targets.ndimension()}")
        if self.what == "test10k":
            return data[:10000].clone(), targets[:10000].clone()
        if self.what == "test50k":
            return data[10000:].clone(), targets[10000:].clone()
        return data, targets

    def download(self):
        """Fetch the two files where they are missing."""
        if self._check_exists():
            return
        os.makedirs(self.raw_folder, exist_ok=True)
        for url, md5 in self.resources[self.subsets[self.what]]:
            download_and_extract_archive(url, self.raw_folder, md5=md5)

    def __getitem__(self, index):
        image, row = Image.fromarray(self.data[index].numpy()), self.targets[index]
        return self._apply(image, int(row[0]) if self.compat else row)

    def extra_repr(self):
        """Which part it is."""
        return f"Split: {self.what}"


class MovingMNIST(VisionDataset):
    """10 000 short films of two moving digits, each (20, 1, 64, 64) bytes.

    `split` None gives whole films, "train" the first `split_ratio` frames, "test" the others.
    """

    _URL = "http://www.cs.toronto.edu/~nitish/unsupervised_video/mnist_test_seq.npy"

    def __init__(self, root, split=None, split_ratio=10, download=False, transform=None):
        super().__init__(root, transform=transform)
        self._base_folder = os.path.join(self.root, self.__class__.__name__)
        self._filename = self._URL.split("/")[-1]
        if split is not None:
            verify_str_arg(split, "split", ("train", "test"))
        self.split = split
        if not isinstance(split_ratio, int):
            raise TypeError(f"`split_ratio` should be an integer, but got {type(split_ratio)}")
        if not 1 <= split_ratio <= 19:
            raise ValueError(f"`split_ratio` should be `1 <= split_ratio <= 19`, but got {split_ratio} instead.")
        self.split_ratio = split_ratio
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError("Dataset not found. You can use download=True to download it.")
        data = penlight.from_numpy(np.load(os.path.join(self._base_folder, self._filename)))
        frames = {"train": slice(None, split_ratio), "test": slice(split_ratio, None), None: slice(None)}[split]
        self.data = data[frames].transpose(0, 1).unsqueeze(2).contiguous()

    def __getitem__(self, index):
        return self.data[index] if self.transform is None else self.transform(self.data[index])

    def __len__(self):
        return len(self.data)

    def _check_exists(self):
        return os.path.exists(os.path.join(self._base_folder, self._filename))

    def download(self):
        """Fetch the file where it is missing."""
        if not self._check_exists():
            download_url(self._URL, self._base_folder, self._filename, md5="be083ec986bfe91a449d63653c411eb2")
