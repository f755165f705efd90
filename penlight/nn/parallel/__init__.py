"""Modules spread over several GPUs. Penlight computes on the CPU, where threads share a batch as it is."""

from penlight.nn.modules.module import Module

__all__ = [
    "DataParallel",
    "DistributedDataParallel",
    "data_parallel",
    "gather",
    "parallel_apply",
    "scatter",
]


class DataParallel(Module):
    """Wraps a module, which stands as `module` inside; on the CPU it only calls it, as PyTorch does without GPUs.

    >>> torch.nn.DataParallel(torch.nn.Linear(2, 3))(torch.zeros(4, 2)).shape
    torch.Size([4, 3])
    """

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        self.module = module
        self.device_ids = []

    def forward(self, *inputs, **kwargs):
        """Call the module."""
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """Trains copies of a module in several processes; it needs a process group, which Penlight does not have.

    >>> torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2))
    Traceback (most recent call last):
    ValueError: Default process group has not been initialized, please make sure to call init_process_group.
    """

    def __init__(
        self,
        module,
        device_ids=None,
        output_device=None,
        dim=0,
        broadcast_buffers=None,
        init_sync=True,
        process_group=None,
        bucket_cap_mb=None,
        find_unused_parameters=False,
        check_reduction=False,
        gradient_as_bucket_view=False,
        static_graph=False,
        delay_all_reduce_named_params=None,
        param_to_hook_all_reduce=None,
        mixed_precision=None,
        device_mesh=None,
        skip_all_reduce_unused_params=False,
        bucket_cap_mb_list=None,
        batched_grad_copy=False,
        forward_sync_buffers=None,
    ):
        super().__init__()
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")


def data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None):
    """Call a module on inputs, a tensor or a tuple: what DataParallel does, without the wrapper.

    >>> torch.nn.parallel.data_parallel(torch.nn.Linear(2, 3), torch.zeros(4, 2)).shape
    torch.Size([4, 3])
    """
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*inputs, **(module_kwargs or {}))


def _needs_gpus(name):
    return NotImplementedError(
        f"{name} moves parts of a batch between GPUs; on the CPU call the module on the whole batch"
    )


def scatter(inputs, target_gpus, dim=0):
    """Cut a batch into parts for several GPUs: NotImplementedError on the CPU."""
    raise _needs_gpus("scatter")


def gather(outputs, target_device, dim=0):
    """Join the parts of a batch from several GPUs: NotImplementedError on the CPU."""
    raise _needs_gpus("gather")


def parallel_apply(modules, inputs, kwargs_tup=None, devices=None):
    """Call modules side by side on several GPUs: NotImplementedError on the CPU."""
    raise _needs_gpus("parallel_apply")
