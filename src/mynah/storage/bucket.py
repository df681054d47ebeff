"""A part of a bucket of S3, or of a server that speaks its protocol, such as SeaweedFS.

Keys, endpoint and region come as S3's own clients take them: `AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_ENDPOINT_URL`, `AWS_REGION`, or the role of the machine.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from mynah.errors import BlobsUnavailableError, OptionError, StorageError

_CALL, _CONNECT, _RETRY = "4s", "2s", timedelta(seconds=3)
"""Most time of a call to S3, none of which moves more than `PART`, of its connecting, and after its
beginning until which it is tried again: a server that has stopped is told within five seconds."""
PART = 5 << 20
"""Bytes of a part of an upload, the least that S3 takes, and of a read."""
_FORMAT_KEY, _FORMAT = "format", b"1\n"
_AWAY = "The store of recordings and weights does not answer; try again in a moment."
_log = logging.getLogger(__name__)


class Bucket:
    """Objects under keys, which are written once and never changed.

    Args:
        url: `s3://bucket/prefix`.

    Raises:
        OptionError: the URL cannot be used, or the client is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            import obstore  # noqa: PLC0415 - an extra
            from obstore.store import S3Store  # noqa: PLC0415
        except ModuleNotFoundError:
            raise OptionError(
                "MYNAH_BLOBS_URL needs obstore; run `pip install 'mynah[s3]'`."
            ) from None
        where = urlsplit(url)
        if not where.netloc or where.query or where.fragment or "@" in where.netloc:
            raise OptionError(
                "MYNAH_BLOBS_URL is to be s3://bucket/prefix; endpoint and keys go into the "
                "environment, as AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        self._url = url
        self._client = obstore
        try:
            self._store = S3Store(
                where.netloc,
                prefix=where.path.strip("/") or None,
                # The endpoint says by its scheme whether it is encrypted.
                client_options={"allow_http": True, "timeout": _CALL, "connect_timeout": _CONNECT},
                retry_config={"max_retries": 2, "retry_timeout": _RETRY},
            )
        except (ValueError, obstore.exceptions.BaseError) as error:
            raise OptionError(f"MYNAH_BLOBS_URL cannot be used ({_first_line(error)}).") from None

    def check(self) -> None:
        """Refuse a bucket that cannot be written, or whose objects a newer Mynah wrote.

        Raises:
            StorageError: that is so.
        """
        try:
            self._client.put(self._store, _FORMAT_KEY, _FORMAT, mode="create")
            return
        except self._client.exceptions.AlreadyExistsError:
            said = self.read(_FORMAT_KEY)
        except FileNotFoundError:
            raise StorageError(f"There is no bucket for {self._url}; make it first.") from None
        except (
            self._client.exceptions.PermissionDeniedError,
            self._client.exceptions.UnauthenticatedError,
        ):
            raise StorageError(
                f"{self._url} refuses the key; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                "and that this key may read and write there."
            ) from None
        except self._client.exceptions.BaseError as error:
            raise StorageError(
                f"{self._url} cannot be reached ({_first_line(error)}); check AWS_ENDPOINT_URL "
                "and AWS_REGION, and that the server runs."
            ) from None
        if said != _FORMAT:
            raise StorageError(
                f"{self._url} has a format that this Mynah does not know; install the newer Mynah "
                "that wrote it, or set MYNAH_BLOBS_URL to another prefix."
            )

    def create(self, key: str, data: bytes) -> None:
        """Write an object unless there is one; in one call of S3, or in parts if it is large.

        Raises:
            FileExistsError: there is one with other data.
            BlobsUnavailableError: S3 does not answer.
        """
        with self._told():
            if len(data) > PART:
                self._create_in_parts(key, data)
                return
            try:
                self._client.put(self._store, key, data, mode="create")
            except self._client.exceptions.AlreadyExistsError:
                # A try whose answer was lost has written the very same.
                self._expect(key, data)

    def upload(self, key: str, file: Path) -> str:
        """Write an object of a file, in parts, and return the file's SHA-256.

        Raises:
            OSError: the file cannot be read.
            BlobsUnavailableError: S3 does not answer.
        """
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        with self._told():
            self._client.put(self._store, key, file, chunk_size=PART)
        return digest

    def size_and_tag(self, key: str) -> tuple[int, str]:
        """The size of an object, and what tells its data from others'.

        Raises:
            FileNotFoundError: there is none.
            BlobsUnavailableError: S3 does not answer.
        """
        with self._told():
            facts = self._client.head(self._store, key)
        return facts["size"], (facts["e_tag"] or "").strip('"')

    def read(self, key: str) -> bytes:
        """The data of an object; see `size_and_tag`."""
        with self._told():
            return bytes(self._client.get(self._store, key).bytes())

    def parts(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from a position to another; see `size_and_tag`.

        Each part is a call, so that a slow reader keeps no connection to S3 open.
        """
        for at in range(start, stop, PART):
            with self._told():
                part = self._client.get_range(self._store, key, start=at, end=min(at + PART, stop))
            yield bytes(part)

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error.

        Raises:
            BlobsUnavailableError: S3 does not answer.
        """
        with self._told():
            self._client.delete(self._store, key)

    def delete_below(self, key: str) -> None:
        """Delete every object whose key begins with this one and a slash; see `delete`."""
        with self._told():
            for found in self._client.list(self._store, prefix=key):
                self._client.delete(self._store, [each["path"] for each in found])

    def _create_in_parts(self, key: str, data: bytes) -> None:
        # The end of an upload in parts has no condition in obstore: two writers at the same
        # moment are not told apart, two after each other are.
        try:
            self._client.head(self._store, key)
        except FileNotFoundError:
            self._client.put(self._store, key, data, chunk_size=PART)
        else:
            self._expect(key, data)

    def _expect(self, key: str, data: bytes) -> None:
        if self.read(key) != data:
            raise FileExistsError(key)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._client.exceptions.BaseError as error:
            # A key that was withdrawn is the operator's to renew, and the log says so.
            _log.warning("object store failed", extra={"error": _first_line(error)})
            raise BlobsUnavailableError(_AWAY) from error


def _first_line(error: BaseException) -> str:
    # The rest of it has the server's answer, and sources of sources.
    return str(error).splitlines()[0][:200]
