"""Errors that only the server raises."""

from mynah.errors import MynahError, UnavailableError


class VoiceVersionNotFoundError(MynahError):
    """The voice has no such version."""

    code = "voice_version_not_found"


class NothingTrainedError(MynahError):
    """The version has no weights of its own that could be given away."""

    code = "nothing_trained"


class ReferenceNotFoundError(MynahError):
    """No voice of this name can lend its timbre."""

    code = "reference_not_found"


class RecordingUrlError(MynahError):
    """A recording cannot be fetched from where it is said to be, or may not be."""

    code = "invalid_recording_url"


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


class OriginError(MynahError):
    """A web page of another origin opens a WebSocket."""

    code = "origin_not_allowed"


class KeyNotFoundError(MynahError):
    """No key has this id."""

    code = "key_not_found"


class AudioNotFoundError(MynahError):
    """No audio is kept under this id."""

    code = "audio_not_found"


class LinkError(MynahError):
    """The signature of a link is not of this server."""

    code = "invalid_link"


class LinkExpiredError(MynahError):
    """The time of a link is over."""

    code = "link_expired"


class ModelNotFoundError(MynahError):
    """No model has this name."""

    code = "model_not_found"


class VoiceExistsError(MynahError):
    """Another voice has this name."""

    code = "voice_exists"


class BuiltInVoiceError(MynahError):
    """A voice that comes with Mynah can be neither changed nor deleted."""

    code = "built_in_voice"


class QuotaError(UnavailableError):
    """The caller keeps as much audio as a key may."""

    code = "quota_exceeded"


class JobLimitError(UnavailableError):
    """The key has as many jobs under way as it may."""

    code = "too_many_jobs"


class JobNotFoundError(MynahError):
    """The key has no job of this id."""

    code = "job_not_found"


class JobEndedError(MynahError):
    """The job is over, so that it cannot be cancelled."""

    code = "job_ended"


class JobFailedError(MynahError):
    """The job came to its end without what it was for."""

    code = "job_failed"


class JobNotEndedError(MynahError):
    """The job is under way or has succeeded, so that it cannot be tried again."""

    code = "job_not_retryable"


class NoEarlierVersionError(MynahError):
    """No version of the voice spoke before the present one."""

    code = "no_earlier_version"


class CallbackError(MynahError):
    """A webhook cannot or may not be sent there, or could not be signed."""

    code = "invalid_callback_url"


class DeliveryNotFoundError(MynahError):
    """The key has no webhook delivery of this id."""

    code = "delivery_not_found"


class RateLimitError(UnavailableError):
    """The key has asked for as much as it may in this time."""

    code = "rate_limit_exceeded"


class InProgressError(UnavailableError):
    """The same write, by its `Idempotency-Key`, is being done."""

    code = "request_in_progress"


class KeyReusedError(MynahError):
    """An `Idempotency-Key` came again with another request."""

    code = "idempotency_key_reused"


class ScreenedError(MynahError):
    """The text has words that the operator does not let be spoken."""

    code = "content_refused"
