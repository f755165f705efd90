"""Datasets made of folders: one folder for each class."""

import os

from PIL import Image

from penlight.vision.datasets.vision import VisionDataset

__all__ = ["DatasetFolder", "ImageFolder", "default_loader", "pil_loader", "make_dataset", "find_classes"]

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def has_file_allowed_extension(filename, extensions):
    """Tell whether the name ends in one of the extensions, in upper or lower case."""
    return filename.lower().endswith(extensions if isinstance(extensions, str) else tuple(extensions))


def is_image_file(filename):
    """Tell whether the name is one of a picture.

    >>> is_image_file("cat.JPG"), is_image_file("notes.txt")
    (True, False)
    """
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory):
    """Give (the sorted names of the folders in `directory`, {name: number}); FileNotFoundError where there is none."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: i for i, name in enumerate(classes)}


def make_dataset(directory, class_to_idx=None, extensions=None, is_valid_file=None, allow_empty=False):
    """List [(path, class number)] of all files below the class folders, in order.

    Files are chosen by `extensions` or by the function `is_valid_file` (one of the two). FileNotFoundError for a class
    without a file, unless `allow_empty`.
    """
    directory = os.path.expanduser(directory)
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")
    if extensions is not None:
        is_valid_file = lambda path: has_file_allowed_extension(path, extensions)
    samples, seen = [], set()
    for name in sorted(class_to_idx):
        folder = os.path.join(directory, name)
        if not os.path.isdir(folder):
            continue
        for root, _, files in sorted(os.walk(folder, followlinks=True)):
            for path in (os.path.join(root, file) for file in sorted(files)):
                if is_valid_file(path):
                    samples.append((path, class_to_idx[name]))
                    seen.add(name)
    empty = set(class_to_idx) - seen
    if empty and not allow_empty:
        message = f"Found no valid file for the classes {', '.join(sorted(empty))}. "
        if extensions is not None:
            allowed = extensions if isinstance(extensions, str) else ", ".join(extensions)
            message += f"Supported extensions are: {allowed}"
        raise FileNotFoundError(message)
    return samples


class DatasetFolder(VisionDataset):
    """Samples from folders, one folder a class, read by a function of yours.

    Args:
        root: the folder with the class folders; files may lie deeper in them.
        loader: called with a path, gives the sample.
        extensions, is_valid_file: which files count; one of the two.
        transform, target_transform: called with the sample, and with the class number.
        allow_empty: a class folder may be empty.

    `classes`, `class_to_idx`, `samples` ([(path, class number)]) and `targets` tell what was found. A subclass may
    override `find_classes` and `make_dataset`.
    """

    def __init__(
        self,
        root,
        loader,
        extensions=None,
        transform=None,
        target_transform=None,
        is_valid_file=None,
        allow_empty=False,
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        classes, class_to_idx = self.find_classes(self.root)
        samples = self.make_dataset(self.root, class_to_idx, extensions, is_valid_file, allow_empty)
        self.loader, self.extensions = loader, extensions
        self.classes, self.class_to_idx = classes, class_to_idx
        self.samples = samples
        self.targets = [target for _, target in samples]

    @staticmethod
    def make_dataset(directory, class_to_idx, extensions=None, is_valid_file=None, allow_empty=False):
        """List the samples; see the function of this name."""
        if class_to_idx is None:
            raise ValueError("The class_to_idx parameter cannot be None.")
        return make_dataset(
            directory, class_to_idx, extensions=extensions, is_valid_file=is_valid_file, allow_empty=allow_empty
        )

    def find_classes(self, directory):
        """Find the classes; see the function of this name."""
        return find_classes(directory)

    def __getitem__(self, index):
        path, target = self.samples[index]
        return self._apply(self.loader(path), target)

    def __len__(self):
        return len(self.samples)


def open_image(path):
    """Read a picture in whatever mode the file has it, and close the file."""
    with Image.open(path) as image:
        image.load()
    return image


def pil_loader(path):
    """Read a picture as an RGB PIL image."""
    with open(path, "rb") as f:  # opened here, so that it is closed here
        return Image.open(f).convert("RGB")


def default_loader(path):
    """Read a picture with the backend of `get_image_backend`, which is Pillow."""
    return pil_loader(path)


class ImageFolder(DatasetFolder):
    """Pictures in folders, one folder a class: `root/cats/1.jpg`, `root/dogs/2.png`.

    Item i is (RGB PIL image, class number), after the transforms. Files that are no pictures are passed over.
    FileNotFoundError for a missing root, no class folder, or a class without a picture.
    """

    def __init__(
        self,
        root,
        transform=None,
        target_transform=None,
        loader=default_loader,
        is_valid_file=None,
        allow_empty=False,
    ):
        super().__init__(
            root,
            loader,
            IMG_EXTENSIONS if is_valid_file is None else None,
            transform=transform,
            target_transform=target_transform,
            is_valid_file=is_valid_file,
            allow_empty=allow_empty,
        )
        self.imgs = self.samples
