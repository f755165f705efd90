"""MS COCO: pictures with boxes, outlines and captions, described in one JSON file."""

import json
import os

from penlight.vision.datasets.folder import pil_loader
from penlight.vision.datasets.vision import VisionDataset

__all__ = ["CocoDetection", "CocoCaptions"]


class CocoIndex:
    """The contents of a COCO file, found by id: what CocoDetection needs of `pycocotools.coco.COCO`.

    `imgs`, `anns` and `cats` are {id: dictionary}, `imgToAnns` {picture's id: annotations}.
    """

    def __init__(self, annotation_file):
        with open(annotation_file) as f:
            self.dataset = json.load(f)
        by_id = lambda key: {entry["id"]: entry for entry in self.dataset.get(key, [])}
        self.imgs, self.anns, self.cats = by_id("images"), by_id("annotations"), by_id("categories")
        self.imgToAnns = {}
        for annotation in self.anns.values():
            self.imgToAnns.setdefault(annotation["image_id"], []).append(annotation)

    def getAnnIds(self, imgIds):
        """The ids of the annotations of one picture or of several."""
        ids = imgIds if isinstance(imgIds, (list, tuple)) else [imgIds]
        return [annotation["id"] for i in ids for annotation in self.imgToAnns.get(i, [])]

    def loadAnns(self, ids):
        """The annotations of these ids."""
        return [self.anns[i] for i in ids] if isinstance(ids, (list, tuple)) else [self.anns[ids]]

    def loadImgs(self, ids):
        """The descriptions of the pictures of these ids."""
        return [self.imgs[i] for i in ids] if isinstance(ids, (list, tuple)) else [self.imgs[ids]]

    def getImgIds(self):
        """The ids of all pictures."""
        return list(self.imgs)

    def getCatIds(self):
        """The ids of all classes."""
        return list(self.cats)

    def loadCats(self, ids):
        """The classes of these ids."""
        return [self.cats[i] for i in ids] if isinstance(ids, (list, tuple)) else [self.cats[ids]]


class CocoDetection(VisionDataset):
    """Pictures with what COCO's file `annFile` says about each; item i is (RGB PIL image, list of dictionaries).

    `root` is the folder with the pictures. `coco` is pycocotools' object where that is installed, as its evaluation
    wants it, else a `CocoIndex`.
    """

    def __init__(self, root, annFile, transform=None, target_transform=None, transforms=None):
        super().__init__(root, transforms, transform, target_transform)
        try:
            from pycocotools.coco import COCO as index
        except ImportError:
            index = CocoIndex
        self.coco = index(annFile)
        self.ids = sorted(self.coco.imgs)

    def _load_image(self, id):
        return pil_loader(os.path.join(self.root, self.coco.loadImgs(id)[0]["file_name"]))

    def _load_target(self, id):
        return self.coco.loadAnns(self.coco.getAnnIds(id))

    def __getitem__(self, index):
        if not isinstance(index, int):
            raise ValueError(f"Index must be of type integer, got {type(index)} instead.")
        image, target = self._load_image(self.ids[index]), self._load_target(self.ids[index])
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self):
        return len(self.ids)


class CocoCaptions(CocoDetection):
    """Pictures with their captions; item i is (RGB PIL image, list of sentences)."""

    def _load_target(self, id):
        return [annotation["caption"] for annotation in super()._load_target(id)]
