"""How tensors are taken apart for pickling and copying, and put together again.

The functions whose names begin with `_rebuild` keep PyTorch's names and arguments: files name them.
"""

import copy
from collections import OrderedDict

import penlight
from penlight import _C
from penlight.storage import TypedStorage, copy_storage, storage_type


# ------------------------------------------------------------------------------------------------------ taking apart
def _reduce_tensor(tensor):
    """Take a tensor apart for pickle: give (function, arguments) that rebuild it (`Tensor.__reduce_ex__`)."""
    function, arguments = _reduce_plain(tensor)
    if type(tensor) is penlight.Tensor:  # says that it is of the module `torch`, which need not exist: not named
        return (function, arguments, tensor.__dict__) if tensor.__dict__ else (function, arguments)
    return _rebuild_from_type_v2, (function, type(tensor), arguments, tensor.__dict__)


def _reduce_parameter(parameter):
    """Take an nn.Parameter apart for pickle (`Parameter.__reduce_ex__`)."""
    arguments = (parameter.data, parameter.requires_grad, OrderedDict())
    if parameter.__dict__:
        return _rebuild_parameter_with_state, (*arguments, parameter.__dict__)
    return _rebuild_parameter, arguments


def _reduce_plain(tensor):
    shape, strides = tuple(tensor.shape), tuple(tensor.stride())
    if tensor.device.type == "meta":
        return _rebuild_meta_tensor_no_storage, (tensor.dtype, shape, strides, tensor.requires_grad)
    storage = tensor.untyped_storage()
    place = (tensor.storage_offset(), shape, strides, tensor.requires_grad, OrderedDict())
    if storage_type(tensor.dtype) is None:
        return _rebuild_tensor_v3, (storage, *place, tensor.dtype)
    return _rebuild_tensor_v2, (TypedStorage(wrap_storage=storage, dtype=tensor.dtype), *place)


def _deepcopy_tensor(tensor, memo):
    """Copy a tensor with its memory, gradient and attributes (`Tensor.__deepcopy__`).

    Tensors that share memory share it again after one `copy.deepcopy` of both.
    """
    if id(tensor) in memo:
        return memo[id(tensor)]
    if not tensor.is_leaf:
        from penlight.errors import teach

        message = (
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  "
            "If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, "
            "see https://github.com/pytorch/pytorch/pull/103001"
        )
        raise teach(RuntimeError(message), "deepcopy", "deepcopy_nonleaf", (tensor,), ("tensor",))
    memo[id(tensor)] = copied = _copy_values(tensor, memo)
    if type(tensor) is not penlight.Tensor:
        memo[id(tensor)] = copied = copied.as_subclass(type(tensor))
    if tensor.requires_grad:
        copied.requires_grad_()
    if tensor.grad is not None:
        copied.grad = copy.deepcopy(tensor.grad, memo)
    if getattr(tensor, "__dict__", None):
        copied.__dict__.update(copy.deepcopy(tensor.__dict__, memo))
    return copied


def _copy_values(tensor, memo):
    plain = tensor.detach()
    if tensor.device.type == "meta":
        return plain.clone()
    storage = tensor.untyped_storage()
    if storage not in memo:  # equal storages are one storage, whose Python object does not last
        memo[storage] = copy_storage(storage)
    return _C._tensor_from_storage(
        memo[storage], tensor.dtype, tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride())
    )


# ------------------------------------------------------------------------------------------------- putting together
def _rebuild_tensor(storage, storage_offset, size, stride):
    return _C._tensor_from_storage(storage.untyped(), storage.dtype, storage_offset, tuple(size), tuple(stride))


def _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None):
    tensor = _resolve(_rebuild_tensor(storage, storage_offset, size, stride), metadata)
    return tensor.requires_grad_() if requires_grad else tensor


def _rebuild_tensor_v3(storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None):
    untyped = storage.untyped() if isinstance(storage, TypedStorage) else storage
    typed = TypedStorage(wrap_storage=untyped, dtype=dtype)
    return _rebuild_tensor_v2(typed, storage_offset, size, stride, requires_grad, backward_hooks, metadata)


def _rebuild_sparse_tensor(layout, data):
    if layout != penlight.sparse_coo:
        raise NotImplementedError(f"Penlight has no {layout} tensors; save them as torch.sparse_coo")
    indices, values, size, is_coalesced = (*data, None)[:4]
    return penlight.sparse_coo_tensor(indices, values, size, is_coalesced=is_coalesced)


def _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad):
    return penlight.empty_strided(size, stride, dtype=dtype, device="meta", requires_grad=requires_grad)


def _constant_named(name):
    return getattr(penlight, name)


def _device(*arguments):
    return penlight.device(*arguments)


def _size(sizes):
    return penlight.Size(sizes)


def _rebuild_parameter(data, requires_grad, backward_hooks):
    return penlight.nn.Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    return _set_state(penlight.nn.Parameter(data, requires_grad), state)


def _rebuild_from_type_v2(function, new_type, arguments, state):
    tensor = function(*arguments)
    if type(tensor) is not new_type:
        tensor = tensor.as_subclass(new_type)
    own_setstate = getattr(new_type, "__setstate__", None)
    if own_setstate is not getattr(penlight.Tensor, "__setstate__", None):
        tensor.__setstate__(state)
        return tensor
    return _set_state(tensor, state)


def _set_state(tensor, state):
    """Give a tensor the attributes of a pickled one: a dictionary, or a pair of one and the values of slots."""
    for attributes in state if isinstance(state, tuple) else (state,):
        for name, value in (attributes or {}).items():
            if name.startswith("__"):
                raise RuntimeError(f"a file must not set {name} of a tensor")
            setattr(tensor, name, value)
    return tensor


def _resolve(tensor, metadata):
    """Carry out what PyTorch only noted on the tensor: a conjugation or a negation not yet done."""
    if metadata and metadata.get("conj"):
        tensor = tensor.conj().resolve_conj()
    if metadata and metadata.get("neg"):
        tensor = -tensor
    return tensor
