"""ImageNet's classification set of 2012, from the archives that its owners hand out."""

import os
import shutil
from pathlib import Path

import penlight
from penlight.vision.datasets.folder import ImageFolder
from penlight.vision.datasets.utils import check_integrity, extract_archive, loadmat, verify_str_arg

__all__ = ["ImageNet", "load_meta_file", "parse_devkit_archive", "parse_train_archive", "parse_val_archive"]

ARCHIVE_META = {
    "train": ("ILSVRC2012_img_train.tar", "1d675b47d978889d74fa0da5fadfb00e"),
    "val": ("ILSVRC2012_img_val.tar", "29b22e2961454d5413ddabcf34fc5622"),
    "devkit": ("ILSVRC2012_devkit_t12.tar.gz", "fa75699e90414af021442c21a62c3abf"),
}
META_FILE = "meta.bin"


class ImageNet(ImageFolder):
    """1.2 million pictures in 1000 classes; `split` is train or val.

    The archives ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar and ILSVRC2012_devkit_t12.tar.gz are put into `root`
    by hand and unpacked at the first use (the list of classes needs SciPy then). `wnids` are ImageNet's own names of
    the classes, `classes` tuples of words.
    """

    def __init__(self, root, split="train", **kwargs):
        root = self.root = os.path.expanduser(root)
        self.split = verify_str_arg(split, "split", ("train", "val"))
        self.parse_archives()
        wnid_to_classes = load_meta_file(self.root)[0]
        super().__init__(self.split_folder, **kwargs)
        self.root = root
        self.wnids, self.wnid_to_idx = self.classes, self.class_to_idx
        self.classes = [wnid_to_classes[wnid] for wnid in self.wnids]
        self.class_to_idx = {name: i for i, names in enumerate(self.classes) for name in names}

    def parse_archives(self):
        """Unpack what is not yet unpacked."""
        if not check_integrity(os.path.join(self.root, META_FILE)):
            parse_devkit_archive(self.root)
        if not os.path.isdir(self.split_folder):
            if self.split == "train":
                parse_train_archive(self.root)
            else:
                parse_val_archive(self.root)

    @property
    def split_folder(self):
        """Where the pictures of this part lie."""
        return os.path.join(self.root, self.split)

    def extra_repr(self):
        """Which part it is."""
        return f"Split: {self.split}"


def load_meta_file(root, file=None):
    """Read ({wnid: words}, [wnid of each validation picture]) from the file that `parse_devkit_archive` wrote."""
    file = os.path.join(root, file or META_FILE)
    if not check_integrity(file):
        raise RuntimeError(
            f"The meta file {os.path.basename(file)} is not present in the root directory or is corrupted. "
            "This file is automatically created by the ImageNet dataset."
        )
    return penlight.load(file, weights_only=True)


def _verify_archive(root, file, md5):
    if not check_integrity(os.path.join(root, file), md5):
        raise RuntimeError(
            f"The archive {file} is not present in the root directory or is corrupted. "
            f"You need to download it externally and place it in {root}."
        )


def parse_devkit_archive(root, file=None):
    """Read the classes from the development kit and keep them in `root/meta.bin`."""
    import tempfile

    name, md5 = ARCHIVE_META["devkit"]
    file = file or name
    _verify_archive(root, file, md5)
    with tempfile.TemporaryDirectory() as folder:
        extract_archive(os.path.join(root, file), folder)
        data = os.path.join(folder, "ILSVRC2012_devkit_t12", "data")
        synsets = loadmat(os.path.join(data, "meta.mat"), squeeze_me=True)["synsets"]
        leaves = [s for s in synsets if s[4] == 0]  # classes without classes below them
        wnids = {int(s[0]): str(s[1]) for s in leaves}
        words = {str(s[1]): tuple(str(s[2]).split(", ")) for s in leaves}
        with open(os.path.join(data, "ILSVRC2012_validation_ground_truth.txt")) as f:
            val_wnids = [wnids[int(line)] for line in f]
    penlight.save((words, val_wnids), os.path.join(root, META_FILE))


def parse_train_archive(root, file=None, folder="train"):
    """Unpack the training pictures: an archive of 1000 archives, one a class."""
    name, md5 = ARCHIVE_META["train"]
    file = file or name
    _verify_archive(root, file, md5)
    train = os.path.join(root, folder)
    extract_archive(os.path.join(root, file), train)
    for archive in sorted(Path(train).iterdir()):
        extract_archive(archive, os.path.splitext(archive)[0], remove_finished=True)


def parse_val_archive(root, file=None, wnids=None, folder="val"):
    """Unpack the validation pictures and sort them into one folder a class."""
    name, md5 = ARCHIVE_META["val"]
    file = file or name
    if wnids is None:
        wnids = load_meta_file(root)[1]
    _verify_archive(root, file, md5)
    val = os.path.join(root, folder)
    extract_archive(os.path.join(root, file), val)
    images = sorted(os.path.join(val, name) for name in os.listdir(val))
    for wnid in set(wnids):
        os.mkdir(os.path.join(val, wnid))
    for wnid, image in zip(wnids, images):
        shutil.move(image, os.path.join(val, wnid, os.path.basename(image)))
