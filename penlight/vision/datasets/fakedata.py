"""Pictures of noise, for trying things out."""

import penlight
from penlight.vision import transforms
from penlight.vision.datasets.vision import VisionDataset


class FakeData(VisionDataset):
    """Random pictures with random classes; item i is always the same.

    Args:
        size: how many.
        image_size: (channels, height, width).
        num_classes: how many classes.
        random_offset: added to the index, for another set.

    >>> image, target = FakeData(size=10, image_size=(3, 8, 6))[0]
    >>> image.size, 0 <= target < 10
    ((6, 8), True)
    """

    def __init__(
        self,
        size=1000,
        image_size=(3, 224, 224),
        num_classes=10,
        transform=None,
        target_transform=None,
        random_offset=0,
    ):
        super().__init__(transform=transform, target_transform=target_transform)
        self.size, self.image_size, self.num_classes, self.random_offset = size, image_size, num_classes, random_offset

    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError(f"{self.__class__.__name__} index out of range")
        state = penlight.get_rng_state()
        penlight.manual_seed(index + self.random_offset)
        image = penlight.randn(*self.image_size)
        target = penlight.randint(0, self.num_classes, size=(1,), dtype=penlight.long)[0]
        penlight.set_rng_state(state)
        image, target = self._apply(transforms.ToPILImage()(image), target)
        return image, target.item() if isinstance(target, penlight.Tensor) else target

    def __len__(self):
        return self.size
