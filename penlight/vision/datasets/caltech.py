"""Caltech 101 and 256: pictures of things in so many classes."""

import os

from penlight.vision.datasets.folder import open_image
from penlight.vision.datasets.utils import download_and_extract_archive, extract_archive, loadmat, verify_str_arg
from penlight.vision.datasets.vision import VisionDataset

__all__ = ["Caltech101", "Caltech256"]

_DAMAGED = "Dataset not found or corrupted. You can use download=True to download it"


def _numbered(folder):
    """How many pictures of a class folder there are; they are numbered from 1."""
    return sum(name.endswith(".jpg") for name in os.listdir(folder))


class Caltech101(VisionDataset):
    """Pictures in 101 classes; the target is the class number ("category"), the outline ("annotation"), or both.

    Outlines need SciPy.
    """

    _URL = "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip"
    _MD5 = "3138e1922a9193bfa496528edbbc45d0"
    # Folders of outlines that are called otherwise than those of the pictures.
    _ANNOTATION_NAMES = {
        "Faces": "Faces_2",
        "Faces_easy": "Faces_3",
        "Motorbikes": "Motorbikes_16",
        "airplanes": "Airplanes_Side_2",
    }

    def __init__(self, root, target_type="category", transform=None, target_transform=None, download=False):
        root = os.path.join(root, "caltech101")
        os.makedirs(root, exist_ok=True)
        super().__init__(root, transform=transform, target_transform=target_transform)
        kinds = [target_type] if isinstance(target_type, str) else target_type
        self.target_type = [verify_str_arg(t, "target_type", ("category", "annotation")) for t in kinds]
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(_DAMAGED)
        pictures = os.path.join(self.root, "101_ObjectCategories")
        self.categories = sorted(c for c in os.listdir(pictures) if c != "BACKGROUND_Google")
        self.annotation_categories = [self._ANNOTATION_NAMES.get(c, c) for c in self.categories]
        self.index, self.y = [], []
        for i, category in enumerate(self.categories):
            n = _numbered(os.path.join(pictures, category))
            self.index += range(1, n + 1)
            self.y += [i] * n

    def __getitem__(self, index):
        number, y = self.index[index], self.y[index]
        name = os.path.join(self.root, "101_ObjectCategories", self.categories[y], f"image_{number:04d}.jpg")
        targets = [y if kind == "category" else self._outline(number, y) for kind in self.target_type]
        return self._apply(open_image(name), tuple(targets) if len(targets) > 1 else targets[0])

    def _outline(self, number, y):
        folder = os.path.join(self.root, "Annotations", self.annotation_categories[y])
        return loadmat(os.path.join(folder, f"annotation_{number:04d}.mat"))["obj_contour"]

    def _check_integrity(self):
        return os.path.exists(os.path.join(self.root, "101_ObjectCategories"))

    def __len__(self):
        return len(self.index)

    def download(self):
        """Fetch and unpack the archive and those inside of it."""
        if self._check_integrity():
            return
        download_and_extract_archive(self._URL, self.root, filename="caltech-101.zip", md5=self._MD5)
        inner = os.path.join(self.root, "caltech-101")
        extract_archive(os.path.join(inner, "101_ObjectCategories.tar.gz"), self.root)
        extract_archive(os.path.join(inner, "Annotations.tar"), self.root)

    def extra_repr(self):
        """Which targets there are."""
        return f"Target type: {self.target_type}"


class Caltech256(VisionDataset):
    """30 607 pictures in 257 classes."""

    _URL = "https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar"
    _MD5 = "67b4f42ca05d46448c6bb8ecd2220f6d"

    def __init__(self, root, transform=None, target_transform=None, download=False):
        root = os.path.join(root, "caltech256")
        os.makedirs(root, exist_ok=True)
        super().__init__(root, transform=transform, target_transform=target_transform)
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(_DAMAGED)
        pictures = os.path.join(self.root, "256_ObjectCategories")
        self.categories = sorted(c for c in os.listdir(pictures) if os.path.isdir(os.path.join(pictures, c)))
        self.index, self.y = [], []
        for i, category in enumerate(self.categories):
            n = _numbered(os.path.join(pictures, category))
            self.index += range(1, n + 1)
            self.y += [i] * n

    def __getitem__(self, index):
        number, y = self.index[index], self.y[index]
        folder = os.path.join(self.root, "256_ObjectCategories", self.categories[y])
        return self._apply(open_image(os.path.join(folder, f"{y + 1:03d}_{number:04d}.jpg")), y)

    def _check_integrity(self):
        return os.path.exists(os.path.join(self.root, "256_ObjectCategories"))

    def __len__(self):
        return len(self.index)

    def download(self):
        """Fetch and unpack the archive where it is missing."""
        if not self._check_integrity():
            download_and_extract_archive(self._URL, self.root, filename="256_ObjectCategories.tar", md5=self._MD5)
