"""Futures: results that may not be there yet."""

from concurrent.futures import Future as _Future

__all__ = ["Future", "collect_all", "wait_all"]


class Future:
    """A result that somebody sets later.

    Args:
        devices: accelerators whose work the result may wait for; without effect.

    Example:
        >>> future = Future()
        >>> doubled = future.then(lambda f: 2 * f.wait())
        >>> future.set_result(3)
        >>> doubled.wait()
        6
    """

    def __init__(self, *, devices=None):
        self._future = _Future()

    def done(self):
        """Give True if the result is there."""
        return self._future.done()

    def wait(self):
        """Wait for the result and give it; an exception that was set is raised."""
        return self._future.result()

    def value(self):
        """Give the result, which must be there."""
        if not self.done():
            raise RuntimeError("Future is not completed yet")
        return self._future.result()

    def set_result(self, result):
        """Set the result."""
        self._future.set_result(result)

    def set_exception(self, result):
        """Set an exception, which wait() raises."""
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._future.set_exception(result)

    def add_done_callback(self, callback):
        """Call callback(future) when the result is there."""
        self._future.add_done_callback(lambda _: callback(self))

    def then(self, callback):
        """Give a future of what callback(future) returns."""
        following = Future()

        def go_on(done):
            try:
                following.set_result(callback(done))
            except Exception as error:  # whatever it is belongs to who waits
                following.set_exception(error)

        self.add_done_callback(go_on)
        return following


def collect_all(futures):
    """Give a future of the list of futures, done when they all are."""
    futures, collected = list(futures), Future()
    left = [len(futures)]

    def one_done(_):
        left[0] -= 1
        if left[0] == 0:
            collected.set_result(futures)

    if not futures:
        collected.set_result(futures)
    for future in futures:
        future.add_done_callback(one_done)
    return collected


def wait_all(futures):
    """Wait for all futures and give the list of their results."""
    return [future.wait() for future in futures]
