"""Datasets that are an archive of pictures with a list of which belong to which class and part."""

import csv
import json
import os
from pathlib import Path

from penlight.vision.datasets.folder import ImageFolder, default_loader, find_classes, make_dataset, open_image
from penlight.vision.datasets.utils import (
    check_integrity,
    download_and_extract_archive,
    download_url,
    list_dir,
    list_files,
    loadmat,
    verify_str_arg,
)
from penlight.vision.datasets.vision import VisionDataset

__all__ = [
    "Flowers102",
    "OxfordIIITPet",
    "Food101",
    "GTSRB",
    "StanfordCars",
    "DTD",
    "EuroSAT",
    "Places365",
    "SUN397",
    "FGVCAircraft",
    "Country211",
    "RenderedSST2",
    "Imagenette",
    "Omniglot",
]

_MISSING = "Dataset not found. You can use download=True to download it"
_DAMAGED = "Dataset not found or corrupted. You can use download=True to download it"


def _read_lines(path):
    return [line.strip() for line in Path(path).read_text().splitlines() if line.strip()]


class _Listed(VisionDataset):
    """Pictures given by a list of (path, class number) in `_samples`, which `_collect` makes."""

    _shown = True  # the printed form tells the split

    def __init__(self, root, transform, target_transform, download, loader=default_loader, message=_MISSING):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader = loader
        if download:
            self._download()
        if not self._check_exists():
            raise RuntimeError(message)
        self._samples = self._collect()

    def __getitem__(self, index):
        path, target = self._samples[index]
        return self._apply(self.loader(path), target)

    def __len__(self):
        return len(self._samples)

    def extra_repr(self):
        """Which part it is."""
        return f"split={self._split}" if self._shown else ""


class Flowers102(_Listed):
    """8189 pictures of flowers in 102 classes; `split` is train, val or test. Reading the lists needs SciPy."""

    _download_url_prefix = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
    _file_dict = {
        "image": ("102flowers.tgz", "52808999861908f626f3c1f4e79d11fa"),
        "label": ("imagelabels.mat", "e0620be6f572b9609742df49c70aed4d"),
        "setid": ("setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c"),
    }
    _splits_map = {"train": "trnid", "val": "valid", "test": "tstid"}
    classes = (
        "pink primrose,hard-leaved pocket orchid,canterbury bells,sweet pea,english marigold,tiger lily,moon orchid,"
        "bird of paradise,monkshood,globe thistle,snapdragon,colt's foot,king protea,spear thistle,yellow iris,"
        "globe-flower,purple coneflower,peruvian lily,balloon flower,giant white arum lily,fire lily,"
        "pincushion flower,fritillary,red ginger,grape hyacinth,corn poppy,prince of wales feathers,"
        "stemless gentian,artichoke,sweet william,carnation,garden phlox,love in the mist,mexican aster,"
        "alpine sea holly,ruby-lipped cattleya,cape flower,great masterwort,siam tulip,lenten rose,barbeton daisy,"
        "daffodil,sword lily,poinsettia,bolero deep blue,wallflower,marigold,buttercup,oxeye daisy,"
        "common dandelion,petunia,wild pansy,primula,sunflower,pelargonium,bishop of llandaff,gaura,geranium,"
        "orange dahlia,pink-yellow dahlia?,cautleya spicata,japanese anemone,black-eyed susan,silverbush,"
        "californian poppy,osteospermum,spring crocus,bearded iris,windflower,tree poppy,gazania,azalea,"
        "water lily,rose,thorn apple,morning glory,passion flower,lotus,toad lily,anthurium,frangipani,clematis,"
        "hibiscus,columbine,desert-rose,tree mallow,magnolia,cyclamen,watercress,canna lily,hippeastrum,bee balm,"
        "ball moss,foxglove,bougainvillea,camellia,mallow,mexican petunia,bromelia,blanket flower,trumpet creeper,"
        "blackberry lily"
    ).split(",")

    def __init__(
        self, root, split="train", transform=None, target_transform=None, download=False, loader=default_loader
    ):
        self._split = verify_str_arg(split, "split", ("train", "val", "test"))
        self._base_folder = Path(root).expanduser() / "flowers-102"
        self._images_folder = self._base_folder / "jpg"
        super().__init__(root, transform, target_transform, download, loader, _DAMAGED)

    def _collect(self):
        read = lambda key: loadmat(self._base_folder / self._file_dict[key][0], squeeze_me=True)
        numbers = read("setid")[self._splits_map[self._split]].tolist()
        labels = read("label")["labels"].tolist()
        self._image_files = [self._images_folder / f"image_{n:05d}.jpg" for n in numbers]
        self._labels = [labels[n - 1] - 1 for n in numbers]  # both count from 1
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        return list(zip(self._image_files, self._labels))

    def _check_exists(self):
        lists = (self._file_dict[key] for key in ("label", "setid"))
        return self._images_folder.is_dir() and all(check_integrity(self._base_folder / n, md5) for n, md5 in lists)

    def _download(self):
        if self._check_exists():
            return
        name, md5 = self._file_dict["image"]
        download_and_extract_archive(self._download_url_prefix + name, str(self._base_folder), md5=md5)
        for key in ("label", "setid"):
            name, md5 = self._file_dict[key]
            download_url(self._download_url_prefix + name, str(self._base_folder), md5=md5)

    download = _download


class OxfordIIITPet(VisionDataset):
    """7349 pictures of cats and dogs of 37 breeds; `split` is trainval or test.

    `target_types` is "category" (the breed), "binary-category" (cat 0, dog 1), "segmentation" (a PIL image with 1 for
    the animal, 2 for the background, 3 for its border), or several of them, which come as a tuple.
    """

    _RESOURCES = (
        ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c"),
        ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f"),
    )
    _VALID_TARGET_TYPES = ("category", "binary-category", "segmentation")

    def __init__(
        self,
        root,
        split="trainval",
        target_types="category",
        transforms=None,
        transform=None,
        target_transform=None,
        download=False,
    ):
        self._split = verify_str_arg(split, "split", ("trainval", "test"))
        kinds = [target_types] if isinstance(target_types, str) else target_types
        self._target_types = [verify_str_arg(kind, "target_types", self._VALID_TARGET_TYPES) for kind in kinds]
        super().__init__(root, transforms=transforms, transform=transform, target_transform=target_transform)
        self._base_folder = Path(self.root) / "oxford-iiit-pet"
        self._images_folder = self._base_folder / "images"
        self._anns_folder = self._base_folder / "annotations"
        self._segs_folder = self._anns_folder / "trimaps"
        if download:
            self._download()
        if not self._check_exists():
            raise RuntimeError(_MISSING)
        rows = [line.split() for line in _read_lines(self._anns_folder / f"{self._split}.txt")]
        self._labels = [int(label) - 1 for _, label, *_ in rows]
        self._bin_labels = [int(label) - 1 for _, _, label, *_ in rows]
        breeds = {(name.rsplit("_", 1)[0], int(label) - 1) for name, label, *_ in rows}
        titled = lambda raw: " ".join(part.title() for part in raw.split("_"))
        self.classes = [titled(raw) for raw, _ in sorted(breeds, key=lambda pair: pair[1])]
        self.bin_classes = ["Cat", "Dog"]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        self.bin_class_to_idx = {name: i for i, name in enumerate(self.bin_classes)}
        self._images = [self._images_folder / f"{name}.jpg" for name, *_ in rows]
        self._segs = [self._segs_folder / f"{name}.png" for name, *_ in rows]

    def __len__(self):
        return len(self._images)

    def __getitem__(self, index):
        image = default_loader(self._images[index])
        of = {
            "category": lambda: self._labels[index],
            "binary-category": lambda: self._bin_labels[index],
            "segmentation": lambda: open_image(self._segs[index]),
        }
        targets = tuple(of[kind]() for kind in self._target_types)
        target = None if not targets else targets[0] if len(targets) == 1 else targets
        return self.transforms(image, target) if self.transforms else (image, target)

    def _check_exists(self):
        return self._images_folder.is_dir() and self._anns_folder.is_dir()

    def _download(self):
        if not self._check_exists():
            for url, md5 in self._RESOURCES:
                download_and_extract_archive(url, download_root=str(self._base_folder), md5=md5)


class Food101(_Listed):
    """101 000 pictures of food in 101 classes; `split` is train or test."""

    _URL = "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"
    _MD5 = "85eeb15f3717b99a5da872d97d918f87"

    def __init__(
        self, root, split="train", transform=None, target_transform=None, download=False, loader=default_loader
    ):
        self._split = verify_str_arg(split, "split", ("train", "test"))
        self._base_folder = Path(root).expanduser() / "food-101"
        super().__init__(root, transform, target_transform, download, loader)

    def _collect(self):
        metadata = json.loads((self._base_folder / "meta" / f"{self._split}.json").read_text())
        self.classes = sorted(metadata)
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        images = self._base_folder / "images"
        self._labels = [self.class_to_idx[name] for name, files in metadata.items() for _ in files]
        self._image_files = [
            images.joinpath(*f"{file}.jpg".split("/")) for files in metadata.values() for file in files
        ]
        return list(zip(self._image_files, self._labels))

    def _check_exists(self):
        return all((self._base_folder / folder).is_dir() for folder in ("meta", "images"))

    def _download(self):
        if not self._check_exists():
            download_and_extract_archive(self._URL, download_root=self.root, md5=self._MD5)


class GTSRB(_Listed):
    """German traffic signs in 43 classes, of various sizes; `split` is train or test."""

    _BASE = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"
    _ARCHIVES = {
        "train": [("GTSRB-Training_fixed.zip", "513f3c79a4c5141765e10e952eaa2478")],
        "test": [
            ("GTSRB_Final_Test_Images.zip", "c7e4e6327067d32654124b0fe9e82185"),
            ("GTSRB_Final_Test_GT.zip", "fe31e9c9270bbcd7b84b7f21a9d9d9e5"),
        ],
    }

    _shown = False

    def __init__(self, root, split="train", transform=None, target_transform=None, download=False):
        self._split = verify_str_arg(split, "split", ("train", "test"))
        self._base_folder = Path(root).expanduser() / "gtsrb"
        self._target_folder = self._base_folder / "GTSRB" / ("Training" if split == "train" else "Final_Test/Images")
        super().__init__(root, transform, target_transform, download, loader=open_image)

    def _collect(self):
        if self._split == "train":
            return make_dataset(str(self._target_folder), extensions=(".ppm",))
        with open(self._base_folder / "GT-final_test.csv", newline="") as f:
            rows = csv.DictReader(f, delimiter=";", skipinitialspace=True)
            return [(str(self._target_folder / row["Filename"]), int(row["ClassId"])) for row in rows]

    def _check_exists(self):
        return self._target_folder.is_dir()

    def download(self):
        """Fetch and unpack the archives of this split."""
        if not self._check_exists():
            for name, md5 in self._ARCHIVES[self._split]:
                download_and_extract_archive(self._BASE + name, download_root=str(self._base_folder), md5=md5)

    _download = download


class StanfordCars(_Listed):
    """16 185 pictures of cars in 196 classes; the files are put into `root/stanford_cars` by hand. Needs SciPy."""

    _shown = False

    def __init__(
        self, root, split="train", transform=None, target_transform=None, download=False, loader=default_loader
    ):
        self._split = verify_str_arg(split, "split", ("train", "test"))
        self._base_folder = Path(root).expanduser() / "stanford_cars"
        train = self._split == "train"
        self._annotations_mat_path = self._base_folder / (
            "devkit/cars_train_annos.mat" if train else "cars_test_annos_withlabels.mat"
        )
        self._images_base_path = self._base_folder / ("cars_train" if train else "cars_test")
        message = (
            "Dataset not found. Put cars_train, cars_test, devkit and cars_test_annos_withlabels.mat into "
            f"{self._base_folder}; they can no longer be downloaded from their authors"
        )
        super().__init__(root, transform, target_transform, download, loader, message)

    def _collect(self):
        meta = loadmat(str(self._base_folder / "devkit" / "cars_meta.mat"), squeeze_me=True)
        self.classes = meta["class_names"].tolist()
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        rows = loadmat(self._annotations_mat_path, squeeze_me=True)["annotations"]
        return [(str(self._images_base_path / row["fname"]), int(row["class"]) - 1) for row in rows]

    def _check_exists(self):
        return (self._base_folder / "devkit").is_dir() and all(
            path.exists() for path in (self._annotations_mat_path, self._images_base_path)
        )

    def _download(self):
        raise ValueError(
            "The original URL is broken so the StanfordCars dataset is not available for automatic download anymore. "
            f"Put its files into {self._base_folder}"
        )

    download = _download


class DTD(_Listed):
    """5640 pictures of textures in 47 classes; `split` is train, val or test, `partition` one of ten ways to split."""

    _URL = "https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz"
    _MD5 = "fff73e5086ae6bdbea199a49dfb8a4c1"

    def __init__(
        self,
        root,
        split="train",
        partition=1,
        transform=None,
        target_transform=None,
        download=False,
        loader=default_loader,
    ):
        self._split = verify_str_arg(split, "split", ("train", "val", "test"))
        if not isinstance(partition, int) or not 1 <= partition <= 10:
            raise ValueError(
                f"Parameter 'partition' should be an integer with `1 <= partition <= 10`, but got {partition} instead"
            )
        self._partition = partition
        self._base_folder = Path(root).expanduser() / type(self).__name__.lower()
        self._data_folder = self._base_folder / "dtd"
        super().__init__(root, transform, target_transform, download, loader)

    def _collect(self):
        lines = _read_lines(self._data_folder / "labels" / f"{self._split}{self._partition}.txt")
        pairs = [line.split("/") for line in lines]
        self._image_files = [self._data_folder.joinpath("images", *pair) for pair in pairs]
        self.classes = sorted({name for name, _ in pairs})
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        self._labels = [self.class_to_idx[name] for name, _ in pairs]
        return list(zip(self._image_files, self._labels))

    def _check_exists(self):
        return self._data_folder.is_dir()

    def _download(self):
        if not self._check_exists():
            download_and_extract_archive(self._URL, download_root=str(self._base_folder), md5=self._MD5)

    def extra_repr(self):
        """Which part it is."""
        return f"split={self._split}, partition={self._partition}"


class EuroSAT(ImageFolder):
    """27 000 pictures of the earth from a satellite, 64 x 64 in colour, in ten classes."""

    _REVISION = "c877bcd43f099cd0196738f714544e355477f3fd"
    _URL = f"https://huggingface.co/datasets/torchgeo/eurosat/resolve/{_REVISION}/EuroSAT.zip"
    _MD5 = "c8fa014336c82ac7804f0398fcb19387"

    def __init__(self, root, transform=None, target_transform=None, download=False, loader=default_loader):
        self.root = os.path.expanduser(root)
        self._base_folder = os.path.join(self.root, "eurosat")
        self._data_folder = os.path.join(self._base_folder, "2750")
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError(_MISSING)
        super().__init__(self._data_folder, transform=transform, target_transform=target_transform, loader=loader)
        self.root = os.path.expanduser(root)

    def __len__(self):
        return len(self.samples)

    def _check_exists(self):
        return os.path.exists(self._data_folder)

    def download(self):
        """Fetch and unpack the archive where it is missing."""
        if not self._check_exists():
            download_and_extract_archive(self._URL, download_root=self._base_folder, md5=self._MD5)


class Places365(_Listed):
    """Pictures of 365 kinds of places, with `small` 256 x 256.

    `split` is train-standard, train-challenge, val or test.
    """

    _BASE_URL = "http://data.csail.mit.edu/places/places365/"
    _DEVKIT_META = {
        "standard": ("filelist_places365-standard.tar", "35a0585fee1fa656440f3ab298f8479c"),
        "challenge": ("filelist_places365-challenge.tar", "70a8307e459c3de41690a7c76c931734"),
    }
    _CATEGORIES_META = ("categories_places365.txt", "06c963b85866bd0649f97cb43dd16673")
    _FILE_LIST_META = {
        "train-standard": ("places365_train_standard.txt", "30f37515461640559006b8329efbed1a"),
        "train-challenge": ("places365_train_challenge.txt", "b2931dc997b8c33c27e7329c073a6b57"),
        "val": ("places365_val.txt", "e9f2fd57bfd9d07630173f4e8708e4b1"),
        "test": ("places365_test.txt", "2fce8233fe493576d724142e45d93653"),
    }
    _IMAGES_META = {
        ("train-standard", False): ("train_large_places365standard.tar", "67e186b496a84c929568076ed01a8aa1"),
        ("train-challenge", False): ("train_large_places365challenge.tar", "605f18e68e510c82b958664ea134545f"),
        ("val", False): ("val_large.tar", "9b71c4993ad89d2d8bcbdc4aef38042f"),
        ("test", False): ("test_large.tar", "41a4b6b724b1d2cd862fb3871ed59913"),
        ("train-standard", True): ("train_256_places365standard.tar", "53ca1c756c3d1e7809517cc47c5561c5"),
        ("train-challenge", True): ("train_256_places365challenge.tar", "741915038a5e3471ec7332404dfb64ef"),
        ("val", True): ("val_256.tar", "e27b17d8d44f4af9a78502beb927f808"),
        ("test", True): ("test_256.tar", "f532f6ad7b582262a2ec8009075e186b"),
    }

    def __init__(
        self,
        root,
        split="train-standard",
        small=False,
        download=False,
        transform=None,
        target_transform=None,
        loader=default_loader,
    ):
        self.split = verify_str_arg(split, "split", tuple(self._FILE_LIST_META))
        self.small = small
        super().__init__(root, transform, target_transform, download, loader, _DAMAGED)
        self.targets = [target for _, target in self._samples]

    @property
    def variant(self):
        """standard or challenge."""
        return "challenge" if "challenge" in self.split else "standard"

    @property
    def images_dir(self):
        """Where the pictures lie."""
        size = "256" if self.small else "large"
        name = f"data_{size}_{self.variant}" if self.split.startswith("train") else f"{self.split}_{size}"
        return os.path.join(self.root, name)

    def _collect(self):
        rows = [line.split() for line in _read_lines(os.path.join(self.root, self._CATEGORIES_META[0]))]
        self.class_to_idx = {name: int(number) for name, number in rows}
        self.classes = sorted(self.class_to_idx)
        samples = []
        for line in _read_lines(os.path.join(self.root, self._FILE_LIST_META[self.split][0])):
            name, *label = line.split()
            path = os.path.join(self.images_dir, name.lstrip("/"))
            samples.append((path, None if self.split == "test" else int(label[0])))
        self.imgs = samples
        return samples

    def _check_exists(self):
        lists = (self._CATEGORIES_META, self._FILE_LIST_META[self.split])
        return os.path.isdir(self.images_dir) and all(
            check_integrity(os.path.join(self.root, name), md5) for name, md5 in lists
        )

    def _download(self):
        if self._check_exists():
            return
        name, md5 = self._DEVKIT_META[self.variant]
        download_and_extract_archive(self._BASE_URL + name, self.root, md5=md5)
        if not os.path.isdir(self.images_dir):
            name, md5 = self._IMAGES_META[self.split, self.small]
            download_and_extract_archive(self._BASE_URL + name, self.root, md5=md5)
            if self.split.startswith("train"):
                os.rename(os.path.join(self.root, name.rsplit("_", 1)[0]), self.images_dir)

    def __getitem__(self, index):
        path, target = self._samples[index]
        image = self.loader(path)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None and target is not None:
            target = self.target_transform(target)
        return image, target

    def extra_repr(self):
        """Which part it is."""
        return f"Split: {self.split}\nSmall: {self.small}"


class SUN397(_Listed):
    """108 753 pictures of 397 kinds of places."""

    _DATASET_URL = "http://vision.princeton.edu/projects/2010/SUN/SUN397.tar.gz"
    _DATASET_MD5 = "8ca2778205c41d23104230ba66911c7a"

    _shown = False

    def __init__(self, root, transform=None, target_transform=None, download=False, loader=default_loader):
        self._data_dir = Path(root).expanduser() / "SUN397"
        super().__init__(root, transform, target_transform, download, loader)

    def _collect(self):
        self.classes = [line[3:] for line in _read_lines(self._data_dir / "ClassName.txt")]  # "/a/abbey"
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        self._image_files = list(self._data_dir.rglob("sun_*.jpg"))
        name_of = lambda path: "/".join(path.relative_to(self._data_dir).parts[1:-1])
        self._labels = [self.class_to_idx[name_of(path)] for path in self._image_files]
        return list(zip(self._image_files, self._labels))

    def _check_exists(self):
        return self._data_dir.is_dir()

    def _download(self):
        if not self._check_exists():
            download_and_extract_archive(self._DATASET_URL, download_root=self.root, md5=self._DATASET_MD5)


class FGVCAircraft(_Listed):
    """10 000 pictures of aircraft; `annotation_level` is variant (100 classes), family (70) or manufacturer (41)."""

    _URL = "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz"

    _shown = False

    def __init__(
        self,
        root,
        split="trainval",
        annotation_level="variant",
        transform=None,
        target_transform=None,
        download=False,
        loader=default_loader,
    ):
        self._split = verify_str_arg(split, "split", ("train", "val", "trainval", "test"))
        self._annotation_level = verify_str_arg(
            annotation_level, "annotation_level", ("variant", "family", "manufacturer")
        )
        self._data_path = os.path.join(os.path.expanduser(root), "fgvc-aircraft-2013b")
        super().__init__(root, transform, target_transform, download, loader)

    def _collect(self):
        folder = os.path.join(self._data_path, "data")
        plural = {"variant": "variants", "family": "families", "manufacturer": "manufacturers"}
        self.classes = _read_lines(os.path.join(folder, plural[self._annotation_level] + ".txt"))
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        lines = _read_lines(os.path.join(folder, f"images_{self._annotation_level}_{self._split}.txt"))
        pairs = [line.split(" ", 1) for line in lines]
        self._image_files = [os.path.join(folder, "images", f"{name}.jpg") for name, _ in pairs]
        self._labels = [self.class_to_idx[label] for _, label in pairs]
        return list(zip(self._image_files, self._labels))

    def _check_exists(self):
        return os.path.isdir(self._data_path)

    def _download(self):
        if not self._check_exists():
            download_and_extract_archive(self._URL, self.root)


class Country211(ImageFolder):
    """Pictures from 211 countries; `split` is train, valid or test."""

    _URL = "https://openaipublic.azureedge.net/clip/data/country211.tgz"
    _MD5 = "84988d7644798601126c29e9877aab6a"

    def __init__(
        self, root, split="train", transform=None, target_transform=None, download=False, loader=default_loader
    ):
        self._split = verify_str_arg(split, "split", ("train", "valid", "test"))
        root = Path(root).expanduser()
        self.root = str(root)
        self._base_folder = root / "country211"
        if download and not self._base_folder.is_dir():
            download_and_extract_archive(self._URL, download_root=self.root, md5=self._MD5)
        if not self._base_folder.is_dir():
            raise RuntimeError(_MISSING)
        folder = str(self._base_folder / self._split)
        super().__init__(folder, transform=transform, target_transform=target_transform, loader=loader)
        self.root = str(root)


class RenderedSST2(_Listed):
    """Pictures of sentences, praising (positive) or not (negative); `split` is train, val or test."""

    _URL = "https://openaipublic.azureedge.net/clip/data/rendered-sst2.tgz"
    _MD5 = "2384d08e9dcfa4bd55b324e610496ee5"
    classes = ["negative", "positive"]
    class_to_idx = {"negative": 0, "positive": 1}

    def __init__(
        self, root, split="train", transform=None, target_transform=None, download=False, loader=default_loader
    ):
        self._split = verify_str_arg(split, "split", ("train", "val", "test"))
        self._base_folder = Path(root).expanduser() / "rendered-sst2"
        super().__init__(root, transform, target_transform, download, loader)

    def _collect(self):
        folder = {"train": "train", "val": "valid", "test": "test"}[self._split]
        return make_dataset(str(self._base_folder / folder), extensions=("png",))

    def _check_exists(self):
        return all((self._base_folder / folder).is_dir() for folder in ("train", "valid", "test"))

    def _download(self):
        if not self._check_exists():
            download_and_extract_archive(self._URL, download_root=self.root, md5=self._MD5)


class Imagenette(_Listed):
    """Ten easy classes of ImageNet; `split` is train or val, `size` is full, 320px or 160px."""

    _ARCHIVES = {
        "full": ("https://s3.amazonaws.com/fast-ai-imageclas/imagenette2.tgz", "fe2fc210e6bb7c5664d602c3cd71e612"),
        "320px": ("https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz", "3df6f0d01a2c9592104656642f5e78a3"),
        "160px": ("https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz", "e793b78cc4c9e9a4ccc0c1155377a412"),
    }
    _WNID_TO_CLASS = {
        "n01440764": ("tench", "Tinca tinca"),
        "n02102040": ("English springer", "English springer spaniel"),
        "n02979186": ("cassette player",),
        "n03000684": ("chain saw", "chainsaw"),
        "n03028079": ("church", "church building"),
        "n03394916": ("French horn", "horn"),
        "n03417042": ("garbage truck", "dustcart"),
        "n03425413": ("gas pump", "gasoline pump", "petrol pump", "island dispenser"),
        "n03445777": ("golf ball",),
        "n03888257": ("parachute", "chute"),
    }

    _shown = False

    def __init__(
        self,
        root,
        split="train",
        size="full",
        download=False,
        transform=None,
        target_transform=None,
        loader=default_loader,
    ):
        self._split = verify_str_arg(split, "split", ["train", "val"])
        self._size = verify_str_arg(size, "size", ["full", "320px", "160px"])
        self._url, self._md5 = self._ARCHIVES[self._size]
        self._size_root = Path(root).expanduser() / Path(self._url).stem
        self._image_root = str(self._size_root / self._split)
        super().__init__(root, transform, target_transform, download, loader, _MISSING + ".")

    def _collect(self):
        self.wnids, self.wnid_to_idx = find_classes(self._image_root)
        self.classes = [self._WNID_TO_CLASS[wnid] for wnid in self.wnids]
        self.class_to_idx = {name: i for wnid, i in self.wnid_to_idx.items() for name in self._WNID_TO_CLASS[wnid]}
        return make_dataset(self._image_root, self.wnid_to_idx, extensions=".jpeg")

    def _check_exists(self):
        return self._size_root.exists()

    def _download(self):
        if not self._check_exists():
            download_and_extract_archive(self._url, self.root, md5=self._md5)


class Omniglot(_Listed):
    """1623 handwritten characters of 50 alphabets, each by 20 people: the "background" set or the one to judge with."""

    folder = "omniglot-py"
    download_url_prefix = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python"
    zips_md5 = {
        "images_background": "68d2efa1b9178cc56df9314c21c6e718",
        "images_evaluation": "6b91aef0f799c5bb55b94e3f2daec811",
    }

    _shown = False

    def __init__(self, root, background=True, transform=None, target_transform=None, download=False, loader=None):
        self.background = background
        self.target_folder = os.path.join(os.path.expanduser(root), self.folder, self._get_target_folder())
        gray = lambda path: open_image(path).convert("L")
        base = os.path.join(os.path.expanduser(root), self.folder)
        super().__init__(base, transform, target_transform, download, loader or gray, _DAMAGED)

    def _collect(self):
        self._alphabets = list_dir(self.target_folder)
        self._characters = [
            os.path.join(alphabet, character)
            for alphabet in self._alphabets
            for character in list_dir(os.path.join(self.target_folder, alphabet))
        ]
        folders = [os.path.join(self.target_folder, character) for character in self._characters]
        return [(path, i) for i, folder in enumerate(folders) for path in list_files(folder, ".png", prefix=True)]

    def _get_target_folder(self):
        return "images_background" if self.background else "images_evaluation"

    def _check_exists(self):
        name = self._get_target_folder()
        return check_integrity(os.path.join(self.root, name + ".zip"), self.zips_md5[name])

    def _download(self):
        if not self._check_exists():
            name = self._get_target_folder()
            url = f"{self.download_url_prefix}/{name}.zip"
            download_and_extract_archive(url, self.root, filename=name + ".zip", md5=self.zips_md5[name])

    download = _download
