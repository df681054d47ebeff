"""Stores of recordings and weights by the URL that says where they are."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mynah.errors import OptionError
from mynah.storage.blobs import BlobStore, FileBlobs, FileWeights, WeightStore
from mynah.storage.bucket import Bucket
from mynah.storage.data_folder import check_format
from mynah.storage.object_store import ObjectBlobs, ObjectWeights

AUDIO, VERSIONS = "audio", "versions"
"""Folders, or prefixes, of recordings and of weights."""


def open_blobs(url: str, cache: Path, most: int) -> tuple[BlobStore, WeightStore]:
    """Open the stores of a URL.

    Args:
        url: `file:///folder` or `s3://bucket/prefix`.
        cache: folder of weights that are fetched from a bucket.
        most: bytes of it.

    Raises:
        OptionError: the URL is of no such kind, or its client is not installed.
        StorageError: what it names cannot be used.
    """
    where = urlsplit(url)
    if where.scheme == "s3":
        bucket = Bucket(url)
        bucket.check()
        return ObjectBlobs(bucket, AUDIO), ObjectWeights(bucket, VERSIONS, cache, most)
    if where.scheme == "file" and where.netloc in ("", "localhost") and where.path:
        folder = Path(unquote(where.path))
        check_format(folder)
        return FileBlobs(folder / AUDIO), FileWeights(folder / VERSIONS)
    raise OptionError("MYNAH_BLOBS_URL is to be file:///folder or s3://bucket/prefix.")
