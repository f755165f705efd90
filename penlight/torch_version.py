"""The type of `torch.__version__`: a string that also compares as a version."""

import operator
import re

from penlight.version import __version__ as _version

__all__ = ["TorchVersion", "__version__"]


class TorchVersion(str):
    """A version string that can be compared with strings, tuples and `packaging` versions.

    A pre-release or development version comes before its release, a local label ("+cpu") after it.

    Example:
        >>> TorchVersion("2.13.0+penlight") >= (2, 4)
        True
        >>> TorchVersion("2.13.0") < "2.2"
        False
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other):
        return self._compared(operator.eq, other)

    def __ne__(self, other):
        return self._compared(operator.ne, other)

    def __lt__(self, other):
        return self._compared(operator.lt, other)

    def __le__(self, other):
        return self._compared(operator.le, other)

    def __gt__(self, other):
        return self._compared(operator.gt, other)

    def __ge__(self, other):
        return self._compared(operator.ge, other)

    def _compared(self, comparison, other):
        mine, theirs = _key(self), _key(other)
        if mine and theirs:
            return comparison(mine, theirs)
        return comparison(str(self), str(other))


def _key(version):
    """Give what versions are ordered by, or None if this is none: (release, is a release itself, has a label)."""
    if isinstance(version, (tuple, list)):
        version = ".".join(map(str, version))
    match = re.fullmatch(r"v?(\d+(?:\.\d+)*)([.\-_]?[a-z][^+]*)?(\+.*)?", str(version))
    if match is None:
        return None
    release = [int(number) for number in match[1].split(".")]
    while release and release[-1] == 0:
        release.pop()
    return release, not match[2], bool(match[3])


__version__ = TorchVersion(_version)
