"""What can go wrong while an adapter is learned."""

from __future__ import annotations

from uno_site.errors import InvalidInput, UnoError


class TrainerError(UnoError):
    """Base of the trainer's errors; its code is the ``type`` in ``error.json``."""

    code = "trainer_error"
    status = 500


class ConfigInvalid(InvalidInput):
    """A training configuration with an unknown key or an impossible value."""

    code = "config_invalid"


class DataInvalid(TrainerError):
    """A row of training data that cannot be learned from."""

    code = "data_invalid"


class AdapterUnfit(TrainerError):
    """A run cannot go on from the adapter that it names."""

    code = "adapter_unfit"


class FolderBusy(TrainerError):
    """Another trainer works in the same run folder."""

    code = "folder_busy"


class Diverged(TrainerError):
    """The loss or the gradient is no longer a number."""

    code = "diverged"


class HelperLost(TrainerError):
    """One of several training processes ended while the others went on."""

    code = "helper_lost"


class Stopped(BaseException):
    """Somebody asked the trainer to stop, or nobody is there any more to want its result."""
