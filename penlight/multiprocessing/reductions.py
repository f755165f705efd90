"""How tensors travel between processes: what is sent is the place of their memory, not the numbers."""

from multiprocessing import reduction

import penlight
from penlight.multiprocessing.shared import SharedMemory, memory_of, tensor_over

__all__ = ["init_reductions", "reduce_tensor", "rebuild_tensor", "reduce_memory", "rebuild_memory"]


def reduce_tensor(tensor):
    """Give what a pickle says of a tensor: the shared memory that it stands in, and its layout.

    Memory that is not shared yet moves there; a tensor that other tensors look into is sent as a copy (call
    `share_memory_()` first to share it). Errors: RuntimeError for a non-leaf tensor that requires a gradient.
    """
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, "
            "since autograd does not support crossing process boundaries.  "
            "If you just want to transfer the data, call detach() on the tensor "
            "before serializing (e.g., putting it on the queue)."
        )
    if tensor.device.type != "cpu" or tensor.is_sparse:
        return tensor.__reduce_ex__(2)
    memory, shared = memory_of(tensor)
    layout = (shared.dtype, shared.storage_offset(), tuple(shared.shape), shared.stride())
    return rebuild_tensor, (isinstance(tensor, penlight.nn.Parameter), memory, layout, tensor.requires_grad)


def rebuild_tensor(is_parameter, memory, layout, requires_grad):
    """Make the tensor that reduce_tensor described."""
    tensor = tensor_over(memory, *layout)
    if is_parameter:
        return penlight.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)


def reduce_memory(memory):
    """Give what a pickle says of shared memory: its size and a duplicate of its file."""
    return rebuild_memory, (memory.nbytes, reduction.DupFd(memory.fd))


def rebuild_memory(nbytes, file):
    """Map the memory that reduce_memory described."""
    return SharedMemory.attach(nbytes, file.detach())


def init_reductions():
    """Let everything that multiprocessing sends carry tensors by their memory."""
    for kind in (penlight.Tensor, penlight.nn.Parameter):
        reduction.ForkingPickler.register(kind, reduce_tensor)
    reduction.ForkingPickler.register(SharedMemory, reduce_memory)
