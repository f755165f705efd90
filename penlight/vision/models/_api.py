"""What all models share: the register of builders, and the enumerations of trained weights.

Example:
    >>> from penlight.vision import models
    >>> models.get_weight("ResNet18_Weights.IMAGENET1K_V1").url.rsplit("/", 1)[1]
    'resnet18-f37072fd.pth'
"""

import fnmatch
import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from penlight.vision.models._weights import ROWS

__all__ = [
    "Weights", "WeightsEnum", "get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models",
]  # fmt: skip

_ADDRESS = "https://download.pytorch.org/models/"
_NORMS = {"0.485": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), "0.5": ((0.5,) * 3, (0.5,) * 3)}
_NORMS["0.48235"] = ((0.48235, 0.45882, 0.40784), (0.00392156862745098,) * 3)  # VGG features trained on 0..255

_builders = {}


class _Meta(dict):
    """Facts about weights; what Penlight does not carry says so."""

    def __missing__(self, key):
        if key == "categories":
            raise NotImplementedError(
                "Penlight carries no names of the ImageNet categories (meta['num_categories'] counts them): "
                "read them from a file of your own"
            )
        raise KeyError(key)


@dataclass
class Weights:
    """Trained weights: their address, the transforms for pictures, and facts about them.

    Example:
        >>> Weights("https://example.org/w.pth", lambda: None).url
        'https://example.org/w.pth'
    """

    url: str
    transforms: Callable
    meta: dict = field(default_factory=dict)

    def __eq__(self, other):
        return isinstance(other, Weights) and (self.url, self.meta) == (other.url, other.meta)


class WeightsEnum(Enum):
    """The base of the enumerations, one for each model; `DEFAULT` is the member to be preferred."""

    @classmethod
    def verify(cls, obj):
        """The member that `obj` means: a member, its name, "Enumeration.NAME", or None."""
        if obj is None or isinstance(obj, cls):
            return obj
        if isinstance(obj, str):
            return cls[obj.replace(cls.__name__ + ".", "")]
        raise TypeError(
            f"Invalid Weight class provided; expected {cls.__name__} but received {obj.__class__.__name__}."
        )

    def get_state_dict(self, *args, **kwargs):
        """The stored weights; the arguments are those of torch.hub.load_state_dict_from_url."""
        from penlight import hub  # only programs that load weights need it

        return hub.load_state_dict_from_url(self.url, *args, **kwargs)

    def __repr__(self):
        return f"{self.__class__.__name__}.{self._name_}"

    @property
    def url(self):
        """Where the file is."""
        return self.value.url

    @property
    def transforms(self):
        """A maker of the transforms that pictures need."""
        return self.value.transforms

    @property
    def meta(self):
        """Facts: number of parameters, number of categories, accuracy."""
        return self.value.meta


def _transforms(crop, resize, interpolation, mean, **changes):
    from penlight.vision.transforms import InterpolationMode
    from penlight.vision.transforms._presets import ImageClassification

    mean, std = _NORMS[mean]
    how = {"crop_size": crop, "resize_size": resize, "mean": mean, "std": std}
    how["interpolation"] = InterpolationMode(interpolation)
    return ImageClassification(**{**how, **changes})


def _weights(row):
    _, member, file, crop, resize, interpolation, mean, params, acc1, acc5 = row
    transforms = functools.partial(_transforms, int(crop), int(resize), interpolation, mean)
    meta = _Meta(num_params=int(params), num_categories=1000)
    if acc1 != "nan":
        meta["_metrics"] = {"ImageNet-1K": {"acc@1": float(acc1), "acc@5": float(acc5)}}
    return member.rstrip("*"), Weights(_ADDRESS + file, transforms, meta)


@functools.cache
def weights_enums():
    """{model: its enumeration}, made of the table."""
    rows, enums = {}, {}
    for line in ROWS.strip().splitlines():
        row = line.split()
        rows.setdefault(row[0], []).append(row)
    for name, members in rows.items():
        values = dict(_weights(row) for row in members)
        default = next(row[1][:-1] for row in members if row[1].endswith("*"))
        values["DEFAULT"] = values[default]
        enums[name.lower()] = WeightsEnum(name + "_Weights", values, module="penlight.vision.models")
    return enums


def builder(name, make, loaded=None, convert=None, finish=None):
    """The public function that makes model `name`, entered in the register.

    `make(**options)` gives the network with fresh weights. For trained ones `loaded` are options that are set besides,
    `convert` changes the stored state dict, `finish(model, options)` comes last with the caller's own options.
    """

    def build(*args, weights=None, progress=True, **options):
        weights = _verified(name, args, weights, options)
        wanted = dict(options)
        if weights is not None:
            count = weights.meta["num_categories"]
            if options.setdefault("num_classes", count) != count:
                raise ValueError(
                    f"The parameter 'num_classes' expected value {count} but got {options['num_classes']} instead."
                )
            options.update(loaded or {})
        model = make(**options)
        if weights is not None:
            state = weights.get_state_dict(progress=progress, check_hash=True)
            model.load_state_dict(convert(state) if convert else state)
            if finish:
                finish(model, wanted)
        return model

    build.__name__ = build.__qualname__ = name
    build.__module__ = __name__
    build.__doc__ = f"Make the network {name}; `weights` names trained ones, other options are those of its class."
    _builders[name] = build
    return build


def _verified(name, args, weights, options):
    """The member of the enumeration that the arguments ask for, or None."""
    enum = weights_enums()[name]
    if len(args) > 1:
        raise TypeError(f"{name}() takes 0 positional arguments but {len(args)} were given")
    if args or "pretrained" in options:  # how it was asked for before 0.13
        old = args[0] if args else options.pop("pretrained")
        weights = old if not isinstance(old, bool) else enum.DEFAULT if old else None
        warnings.warn(
            "The parameter 'pretrained' is deprecated since 0.13 and may be removed in the future, "
            "please use 'weights' instead.",
            stacklevel=3,
        )
    return enum.verify(weights)


def list_models(module=None, include=None, exclude=None):
    """The names of all models, in order; `include` and `exclude` are patterns as for files, or lists of them.

    >>> list_models(include="alex*")
    ['alexnet']
    """
    patterns = lambda given: [given] if isinstance(given, str) else list(given or [])
    here = None if module is None else vars(module)
    names = [name for name, build in _builders.items() if here is None or here.get(name) is build]
    found = lambda name, given: any(fnmatch.fnmatch(name, pattern) for pattern in given)
    if include:
        names = [name for name in names if found(name, patterns(include))]
    return sorted(name for name in names if not found(name, patterns(exclude)))


def get_model_builder(name):
    """The function that makes the model of this name.

    >>> get_model_builder("alexnet").__name__
    'alexnet'
    """
    if name.lower() not in _builders:
        raise ValueError(f"Unknown model {name}")
    return _builders[name.lower()]


def get_model(name, **config):
    """The model of this name; `config` goes to its builder.

    >>> type(get_model("squeezenet1_1", num_classes=2)).__name__
    'SqueezeNet'
    """
    return get_model_builder(name)(**config)


def get_model_weights(name):
    """The enumeration of trained weights of a model (its name or its builder).

    >>> get_model_weights("alexnet").DEFAULT
    AlexNet_Weights.IMAGENET1K_V1
    """
    return weights_enums()[get_model_builder(name if isinstance(name, str) else name.__name__).__name__]


def get_weight(name):
    """The member of an enumeration by its full name, as "ResNet50_Weights.IMAGENET1K_V2".

    >>> get_weight("ResNet50_Weights.DEFAULT")
    ResNet50_Weights.IMAGENET1K_V2
    """
    enum_name, dot, member = name.partition(".")
    if not dot:
        raise ValueError(f"Invalid weight name provided: '{name}'.")
    for enum in weights_enums().values():
        if enum.__name__ == enum_name:
            return enum[member]
    raise ValueError(f"The weight enum '{enum_name}' for the specific method couldn't be retrieved.")
