"""Random numbers: seeding the generator that all functions share, keeping and restoring its state."""

from contextlib import contextmanager

from penlight._C import Generator, default_generator

__all__ = [
    "manual_seed",
    "seed",
    "initial_seed",
    "get_rng_state",
    "set_rng_state",
    "fork_rng",
    "default_generator",
    "thread_safe_generator",
]


def manual_seed(seed):
    """Set the seed: after the same seed the same random numbers follow, PyTorch's own.

    Args:
        seed: an int from -2**63 to 2**64 - 1; negative ones count from 2**64.

    Returns:
        The generator, a `torch.Generator`.

    Example:
        >>> generator = penlight.manual_seed(0)
        >>> penlight.rand(2)
        tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(int(seed))


def seed():
    """Set a seed that nobody can foretell, from the system's randomness, and give it back."""
    return default_generator.seed()


def initial_seed():
    """Give the seed that was set last."""
    return default_generator.initial_seed()


def get_rng_state():
    """Give the state of the generator as a uint8 tensor of shape (5056,)."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """Restore a state that `get_rng_state` gave: the same numbers follow again."""
    default_generator.set_state(new_state)


def thread_safe_generator():
    """Give the generator of the calling DataLoader worker, or None outside of one."""
    return None


@contextmanager
def fork_rng(devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices", device_type="cuda"):
    """Leave the generator as it was: what a `with` block draws does not move the numbers that follow it.

    Example:
        >>> with penlight.random.fork_rng():
        ...     noise = penlight.randn(3)
    """
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)


def _graphsafe_get_state(self):
    """Give a generator with this one's state."""
    copied = Generator(self.device)
    copied.set_state(self.get_state())
    return copied


def _graphsafe_set_state(self, state):
    """Take over the state of another generator."""
    self.set_state(state.get_state())


Generator.graphsafe_get_state, Generator.graphsafe_set_state = _graphsafe_get_state, _graphsafe_set_state
