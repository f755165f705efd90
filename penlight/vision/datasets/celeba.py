"""CelebA: faces of known people with their attributes."""

import csv
import os

import penlight
from penlight.vision.datasets.folder import open_image
from penlight.vision.datasets.utils import (
    check_integrity,
    download_file_from_google_drive,
    extract_archive,
    verify_str_arg,
)
from penlight.vision.datasets.vision import VisionDataset

__all__ = ["CelebA"]


class CelebA(VisionDataset):
    """202 599 pictures of faces; `split` is train, valid, test or all.

    `target_type` is "attr" (40 zeros and ones), "identity" (who it is), "bbox" (x, y, width, height), "landmarks" (x
    and y of eyes, nose and mouth), or a list of them, which come as a tuple.
    """

    base_folder = "celeba"
    file_list = [  # id at Google Drive, MD5, name
        ("0B7EVK8r0v71pZjFTYXZWM3FlRnM", "00d2c5bc6d35e252742224ab0c1e8fcb", "img_align_celeba.zip"),
        ("0B7EVK8r0v71pblRyaVFSWGxPY0U", "75e246fa4810816ffd6ee81facbd244c", "list_attr_celeba.txt"),
        ("1_ee_0u7vcNLOfNLegJRHmolfH5ICW-XS", "32bd1bd63d3c78cd57e08160ec5ed1e2", "identity_CelebA.txt"),
        ("0B7EVK8r0v71pbThiMVRxWXZ4dU0", "00566efa6fedff7a56946cd1c10f1c16", "list_bbox_celeba.txt"),
        ("0B7EVK8r0v71pd0FJY3Blby1HUTQ", "cc24ecafdb5b50baae59b03474781f8c", "list_landmarks_align_celeba.txt"),
        ("0B7EVK8r0v71pY0NSMzRuSXJEVkk", "d32c9cbf5e040fd4025c592c306e6668", "list_eval_partition.txt"),
    ]

    def __init__(
        self, root, split="train", target_type="attr", transform=None, target_transform=None, download=False
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = split
        self.target_type = target_type if isinstance(target_type, list) else [target_type]
        if not self.target_type and self.target_transform is not None:
            raise RuntimeError("target_transform is specified but target_type is empty")
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to download it")
        numbers = {"train": 0, "valid": 1, "test": 2, "all": None}
        number = numbers[verify_str_arg(split.lower() if isinstance(split, str) else split, "split", tuple(numbers))]
        names, parts, _ = self._table("list_eval_partition.txt")
        keep = slice(None) if number is None else (parts == number).squeeze(1)
        self.filename = [name for name, part in zip(names, parts.flatten().tolist()) if number in (None, part)]
        read = lambda file, header=None: self._table(file, header)
        self.identity = read("identity_CelebA.txt")[1][keep]
        self.bbox = read("list_bbox_celeba.txt", 1)[1][keep]
        self.landmarks_align = read("list_landmarks_align_celeba.txt", 1)[1][keep]
        _, attributes, self.attr_names = read("list_attr_celeba.txt", 1)
        self.attr = penlight.div(attributes[keep] + 1, 2, rounding_mode="floor")  # -1 and 1 become 0 and 1

    def _table(self, filename, header=None):
        """(pictures, numbers, columns) of a text file; `header` is the line with the names of the columns."""
        with open(os.path.join(self.root, self.base_folder, filename)) as f:
            rows = list(csv.reader(f, delimiter=" ", skipinitialspace=True))
        columns = [] if header is None else rows[header]
        rows = rows if header is None else rows[header + 1 :]
        return [row[0] for row in rows], penlight.tensor([[int(v) for v in row[1:]] for row in rows]), columns

    def _check_integrity(self):
        folder = os.path.join(self.root, self.base_folder)
        texts = all(
            check_integrity(os.path.join(folder, name), md5) for _, md5, name in self.file_list if name.endswith(".txt")
        )
        return texts and os.path.isdir(os.path.join(folder, "img_align_celeba"))

    def download(self):
        """Fetch the files and unpack the pictures, where something is missing."""
        if self._check_integrity():
            return
        folder = os.path.join(self.root, self.base_folder)
        for file_id, md5, name in self.file_list:
            download_file_from_google_drive(file_id, folder, name, md5)
        extract_archive(os.path.join(folder, "img_align_celeba.zip"))

    def __getitem__(self, index):
        image = open_image(os.path.join(self.root, self.base_folder, "img_align_celeba", self.filename[index]))
        of = {
            "attr": lambda: self.attr[index, :],
            "identity": lambda: self.identity[index, 0],
            "bbox": lambda: self.bbox[index, :],
            "landmarks": lambda: self.landmarks_align[index, :],
        }
        for kind in self.target_type:
            if kind not in of:
                raise ValueError(f'Target type "{kind}" is not recognized.')
        targets = tuple(of[kind]() for kind in self.target_type)
        if self.transform is not None:
            image = self.transform(image)
        target = None if not targets else targets[0] if len(targets) == 1 else targets
        if target is not None and self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __len__(self):
        return len(self.attr)

    def extra_repr(self):
        """Which targets and which part it is."""
        return f"Target type: {self.target_type}\nSplit: {self.split}"
