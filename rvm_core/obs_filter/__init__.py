"""The OBS filter: the only room that knows both libobs and matting."""

from __future__ import annotations

__all__ = ["register", "shutdown", "warm"]


def register() -> bool:
    """See :func:`rvm_core.obs_filter.registration.register`."""
    from rvm_core.obs_filter import registration

    return registration.register()


def shutdown() -> None:
    """See :func:`rvm_core.obs_filter.registration.shutdown`."""
    from rvm_core.obs_filter import registration

    registration.shutdown()


def warm() -> None:
    """Compile every callback into the cache, so that OBS starts at once.

    Raises HostError where no libobs can be loaded.
    """
    from rvm_core.libobs import api

    api.load_installed()
    from rvm_core.obs_filter import (
        atomics,
        callbacks,
        mailbox,
        own_source,
        parents,
        registration,
        settings_block,
    )

    assert registration, "importing it compiles the guards before Python"
    callbacks.callbacks()
    atomics.warm()
    mailbox.warm()
    own_source.warm()
    parents.warm()
    settings_block.warm()
