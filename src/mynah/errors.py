"""The one tree of errors that Mynah raises on purpose.

Every error says what is wrong and what to do about it in one line, so that the
command line can print it and the service can put it into its envelope as it is.
An exception outside this tree is a defect of Mynah, never of its caller.
"""


class MynahError(Exception):
    """Base of all errors that a caller can cause or remedy."""

    code = "error"


class TextError(MynahError):
    """The text cannot be spoken: empty, too long, or nothing pronounceable in it."""

    code = "invalid_text"


class LanguageError(MynahError):
    """The language code is not one that this model speaks."""

    code = "unknown_language"


class OptionError(MynahError):
    """A synthesis option is outside its range."""

    code = "invalid_option"


class RecordingError(MynahError):
    """The recording cannot become a prompt: not audio, too short, silent, or broken."""

    code = "invalid_recording"


class VoiceNotFoundError(MynahError):
    """No voice of this name, and no file of this path."""

    code = "voice_not_found"


class CheckpointError(MynahError):
    """The weights cannot be read: missing, truncated, unsafe, or of an unknown version."""

    code = "invalid_checkpoint"


class RequestError(MynahError):
    """A field of a request is missing, unknown or of the wrong form."""

    code = "invalid_request"

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class AuthenticationError(MynahError):
    """There is no key, or it is unknown, expired or revoked."""

    code = "invalid_api_key"


class ScopeError(MynahError):
    """The key is good, and not for this."""

    code = "missing_scope"


class KeyNotFoundError(MynahError):
    """No key has this id."""

    code = "key_not_found"


class ModelNotFoundError(MynahError):
    """No model has this name."""

    code = "model_not_found"


class VoiceExistsError(MynahError):
    """Another voice has this name."""

    code = "voice_exists"


class BuiltInVoiceError(MynahError):
    """A voice that comes with Mynah can be neither changed nor deleted."""

    code = "built_in_voice"


class UnavailableError(MynahError):
    """The server cannot take this now and may later.

    Attributes:
        retry_after: seconds after which trying again makes sense.
    """

    code = "unavailable"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFullError(UnavailableError):
    """As many requests as the server admits are being spoken."""

    code = "queue_full"


class DeadlineError(MynahError):
    """The speech was not finished in the time that a request has."""

    code = "deadline_exceeded"
