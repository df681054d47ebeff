"""Errors that only the server raises."""

from mynah.errors import MynahError, UnavailableError


class VoiceVersionNotFoundError(MynahError):
    """The voice has no such version."""

    code = "voice_version_not_found"


class NothingTrainedError(MynahError):
    """The version has no weights of its own to export."""

    code = "nothing_trained"


class ReferenceNotFoundError(MynahError):
    """A voice given as a reference does not exist."""

    code = "reference_not_found"


class RecordingUrlError(MynahError):
    """The URL of a recording cannot or may not be fetched."""

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
    """The key lacks the scope."""

    code = "missing_scope"


class OriginError(MynahError):
    """A web page of another origin calls, or opens a WebSocket."""

    code = "origin_not_allowed"


class KeyNotFoundError(MynahError):
    """No key has this id."""

    code = "key_not_found"


class AudioNotFoundError(MynahError):
    """No audio is stored under this id."""

    code = "audio_not_found"


class LinkError(MynahError):
    """The signature of a link is invalid."""

    code = "invalid_link"


class LinkExpiredError(MynahError):
    """The link has expired."""

    code = "link_expired"


class ModelNotFoundError(MynahError):
    """No model has this name."""

    code = "model_not_found"


class VoiceExistsError(MynahError):
    """Another voice has this name."""

    code = "voice_exists"


class AmbiguousVoiceError(MynahError):
    """Several owners have a voice of this name."""

    code = "ambiguous_voice"


class VoiceAccessError(MynahError):
    """The voice is another owner's, who shares it to a lesser extent."""

    code = "voice_access_denied"


class ShareNotFoundError(MynahError):
    """The voice is not shared with this owner."""

    code = "share_not_found"


class BuiltInVoiceError(MynahError):
    """Voices that come with Mynah can be neither changed nor deleted."""

    code = "built_in_voice"


class QuotaError(UnavailableError):
    """The caller's stored audio has reached the limit of a key."""

    code = "quota_exceeded"


class JobLimitError(UnavailableError):
    """The key has reached its limit of unfinished jobs."""

    code = "too_many_jobs"


class JobNotFoundError(MynahError):
    """The key has no job of this id."""

    code = "job_not_found"


class JobEndedError(MynahError):
    """The job has ended, so that it cannot be cancelled."""

    code = "job_ended"


class JobFailedError(MynahError):
    """The job failed."""

    code = "job_failed"


class JobNotEndedError(MynahError):
    """The job is unfinished or has succeeded, so that it cannot be retried."""

    code = "job_not_retryable"


class NoEarlierVersionError(MynahError):
    """The voice has no former default version."""

    code = "no_earlier_version"


class CallbackError(MynahError):
    """A webhook cannot or may not be sent to the URL, or could not be signed."""

    code = "invalid_callback_url"


class DeliveryNotFoundError(MynahError):
    """The key has no webhook delivery of this id."""

    code = "delivery_not_found"


class RateLimitError(UnavailableError):
    """The key is over its rate limit."""

    code = "rate_limit_exceeded"


class InProgressError(UnavailableError):
    """The same write, by its `Idempotency-Key`, is in progress."""

    code = "request_in_progress"


class KeyReusedError(MynahError):
    """An `Idempotency-Key` was reused with another request."""

    code = "idempotency_key_reused"


class ScreenedError(MynahError):
    """The text has words on the operator's lists."""

    code = "content_refused"
