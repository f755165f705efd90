"""What all datasets of pictures share: a root folder, transforms, and a printed form."""

import os

from penlight.utils import data

__all__ = ["VisionDataset", "StandardTransform"]


class VisionDataset(data.Dataset):
    """The base of the datasets of pictures; a subclass brings `__getitem__` and `__len__`.

    Args:
        root: the folder with the files.
        transforms: called with (picture, target), gives both back; or
        transform: called with the picture, and
        target_transform: called with the target.

    ValueError where `transforms` comes together with one of the other two.
    """

    _repr_indent = 4

    def __init__(self, root=None, transforms=None, transform=None, target_transform=None):
        self.root = os.path.expanduser(root) if isinstance(root, str) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.transform, self.target_transform = transform, target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    def __getitem__(self, index):
        raise NotImplementedError("a dataset says in __getitem__ what its samples are")

    def __len__(self):
        raise NotImplementedError("a dataset says in __len__ how many samples it has")

    def _apply(self, image, target):
        """The sample after `transform` and `target_transform`."""
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __repr__(self):
        body = [f"Number of datapoints: {self.__len__()}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if getattr(self, "transforms", None) is not None:
            body.append(repr(self.transforms))
        return "\n".join([f"Dataset {self.__class__.__name__}", *(" " * self._repr_indent + line for line in body)])

    def extra_repr(self):
        """Further lines for the printed form."""
        return ""


class StandardTransform:
    """Makes one transform of pairs out of a transform of pictures and one of targets.

    >>> StandardTransform(lambda image: image + 1, lambda target: -target)(1, 2)
    (2, -2)
    """

    def __init__(self, transform=None, target_transform=None):
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input, target):
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self):
        body = [self.__class__.__name__]
        for head, transform in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if transform is not None:
                lines = repr(transform).splitlines()
                body += [f"{head}{lines[0]}", *(" " * len(head) + line for line in lines[1:])]
        return "\n".join(body)
