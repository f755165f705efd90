"""The types of results with named fields: torch.max(x, 0) is a torch.return_types.max of `values` and `indices`."""

from penlight import _C

_types = _C._return_types()
all_return_types = list(_types.values())
globals().update(_types)
