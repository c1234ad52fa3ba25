"""The errors sabcore raises. Each message names what was wrong and what would be right, in one line."""


class SABError(Exception):
    """Base of every error that sabcore raises on purpose; the command line prints it as one line."""


class ConfigError(SABError, ValueError):
    """A configuration field, or a combination of fields, outside the spec."""


class ShapeError(SABError, ValueError):
    """An array whose shape does not fit the configuration or the other arrays."""


class DTypeError(SABError, TypeError):
    """An array of an element type, or on a device, that the engine does not compute with."""


class NonFiniteError(SABError, ValueError):
    """An array that holds NaN or an infinity."""


class TapeError(SABError, ValueError):
    """A tape of another model than the one that is given with it."""


class FormatError(SABError, ValueError):
    """A file that is not what it claims to be, or is damaged."""


class DeviceError(SABError, RuntimeError):
    """A device that was asked for and cannot be used."""


class TrainingError(SABError, RuntimeError):
    """Training that cannot go on, with the step and the tensor where it stopped."""


class TargetError(SABError, RuntimeError):
    """Somebody's program that cannot be asked. `kind`: "load", "raised", "shape", "ended", "time" or "memory"."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind
