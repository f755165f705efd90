"""Pascal VOC: pictures with a class for every pixel, or with boxes around the things in them."""

import os
from xml.etree.ElementTree import parse

from penlight.vision.datasets.folder import open_image, pil_loader
from penlight.vision.datasets.utils import download_and_extract_archive, verify_str_arg
from penlight.vision.datasets.vision import VisionDataset

__all__ = ["VOCSegmentation", "VOCDetection"]

_BASE = "https://thor.robots.ox.ac.uk/pascal/VOC/"
DATASET_YEAR_DICT = {  # year -> (address, name of the file, MD5, folder in it)
    "2012": (
        "voc2012/VOCtrainval_11-May-2012.tar",
        "VOCtrainval_11-May-2012.tar",
        "6cd6e144f989b92b3379bac3b3de84fd",
        os.path.join("VOCdevkit", "VOC2012"),
    ),
    "2011": (
        "voc2011/VOCtrainval_25-May-2011.tar",
        "VOCtrainval_25-May-2011.tar",
        "6c3384ef61512963050cb5d687e5bf1e",
        os.path.join("TrainVal", "VOCdevkit", "VOC2011"),
    ),
    "2010": (
        "voc2010/VOCtrainval_03-May-2010.tar",
        "VOCtrainval_03-May-2010.tar",
        "da459979d0c395079b5c75ee67908abb",
        os.path.join("VOCdevkit", "VOC2010"),
    ),
    "2009": (
        "voc2009/VOCtrainval_11-May-2009.tar",
        "VOCtrainval_11-May-2009.tar",
        "a3e00b113cfcfebf17e343f59da3caa1",
        os.path.join("VOCdevkit", "VOC2009"),
    ),
    "2008": (
        "voc2008/VOCtrainval_14-Jul-2008.tar",
        "VOCtrainval_14-Jul-2008.tar",
        "2629fa636546599198acfcfbfcf1904a",
        os.path.join("VOCdevkit", "VOC2008"),
    ),
    "2007": (
        "voc2007/VOCtrainval_06-Nov-2007.tar",
        "VOCtrainval_06-Nov-2007.tar",
        "c52e279531787c972589f7e41ab4ae64",
        os.path.join("VOCdevkit", "VOC2007"),
    ),
    "2007-test": (
        "voc2007/VOCtest_06-Nov-2007.tar",
        "VOCtest_06-Nov-2007.tar",
        "b6e924de25625d8de591ea690078ad9f",
        os.path.join("VOCdevkit", "VOC2007"),
    ),
}


class _VOCBase(VisionDataset):
    def __init__(
        self,
        root,
        year="2012",
        image_set="train",
        download=False,
        transform=None,
        target_transform=None,
        transforms=None,
    ):
        super().__init__(root, transforms, transform, target_transform)
        years = [str(y) for y in range(2007, 2013)]
        self.year = verify_str_arg(year, "year", valid_values=years)
        sets = ["train", "trainval", "val"] + (["test"] if year == "2007" else [])
        self.image_set = verify_str_arg(image_set, "image_set", valid_values=sets)
        key = "2007-test" if year == "2007" and image_set == "test" else year
        address, self.filename, self.md5, folder = DATASET_YEAR_DICT[key]
        self.url = _BASE + address
        base = os.path.join(self.root, folder)
        if download:
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.md5)
        if not os.path.isdir(base):
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to download it")
        with open(os.path.join(base, "ImageSets", self._SPLITS_DIR, image_set + ".txt")) as f:
            names = [line.strip() for line in f]
        self.images = [os.path.join(base, "JPEGImages", name + ".jpg") for name in names]
        self.targets = [os.path.join(base, self._TARGET_DIR, name + self._TARGET_FILE_EXT) for name in names]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image, target = pil_loader(self.images[index]), self._read_target(self.targets[index])
        return (image, target) if self.transforms is None else self.transforms(image, target)


class VOCSegmentation(_VOCBase):
    """Pictures with a class for every pixel (0 background, 255 border); the target is a PIL image of mode "P".

    `year` is 2007 to 2012, `image_set` train, val or trainval (for 2007 also test).
    """

    _SPLITS_DIR = "Segmentation"
    _TARGET_DIR = "SegmentationClass"
    _TARGET_FILE_EXT = ".png"
    _read_target = staticmethod(open_image)

    @property
    def masks(self):
        """The paths of the targets."""
        return self.targets


class VOCDetection(_VOCBase):
    """Pictures with boxes around things; the target is the content of the XML file, as dictionaries.

    `year` is 2007 to 2012, `image_set` train, val or trainval (for 2007 also test).
    """

    _SPLITS_DIR = "Main"
    _TARGET_DIR = "Annotations"
    _TARGET_FILE_EXT = ".xml"

    @property
    def annotations(self):
        """The paths of the targets."""
        return self.targets

    def _read_target(self, path):
        return self.parse_voc_xml(parse(path).getroot())

    @staticmethod
    def parse_voc_xml(node):
        """Give {tag: text or dictionary of the children}; `object` below `annotation` is always a list."""
        children = list(node)
        if not children:
            return {node.tag: node.text.strip()} if node.text else {}
        found = {}
        for child in map(VOCDetection.parse_voc_xml, children):
            for key, value in child.items():
                found.setdefault(key, []).append(value)
        keep = ("object",) if node.tag == "annotation" else ()
        return {node.tag: {k: v if k in keep or len(v) > 1 else v[0] for k, v in found.items()}}
