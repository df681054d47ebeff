"""The one tree of errors that Mynah raises on purpose.

Every error says what is wrong and what to do about it in one line, so that the
command line can print it and the service can put it into its envelope as it is.
An exception outside this tree is a defect of Mynah, never of its caller.
"""

from typing import Self


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


class StorageError(MynahError):
    """The database or the data folder cannot be used: damaged, read-only, of another version."""

    code = "storage_unusable"


class ModelError(MynahError):
    """The model failed at this sentence."""

    code = "model_failure"

    @classmethod
    def not_finite(cls) -> Self:
        """The error of numbers that nothing can be made of."""
        return cls(
            "The model's numbers for this sentence are not finite; change its text or the voice, "
            "and if that does not help, the weights."
        )


class UnsupportedError(MynahError):
    """The call exists where the client comes from, and not here."""

    code = "not_supported"


class UnavailableError(MynahError):
    """The server cannot take this now and may later.

    Attributes:
        retry_after: seconds after which trying again makes sense.
    """

    code = "unavailable"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer, or cannot be written now."""

    code = "database_unavailable"


class BlobsUnavailableError(UnavailableError):
    """The object store of recordings and weights does not answer, or refuses its key now."""

    code = "blobs_unavailable"


class StorageFullError(UnavailableError):
    """There is no room on a disk for what the call writes."""

    code = "storage_full"


class QueueFullError(UnavailableError):
    """As many requests as the server admits are being spoken."""

    code = "queue_full"


class DeadlineError(MynahError):
    """The speech was not finished in the time that a request has."""

    code = "deadline_exceeded"


class ServerError(MynahError):
    """A server refused a call of `mynah.Client`, failed at it, or could not be reached.

    Attributes:
        code: the very error, as the server's envelope has it.
        status: of HTTP; None if there was no answer.
        param: the field that is to blame.
        request_id: by which the server's operator finds the call.
    """

    code = "server_error"

    def __init__(
        self,
        message: str,
        code: str = "server_error",
        status: int | None = None,
        param: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.param = param
        self.request_id = request_id
