"""A store in a prefix of an S3 bucket. It copes with faults, lost responses, many writers and few permissions."""

from __future__ import annotations

import logging
import random
import time
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from celeb_ops.core.exceptions import (
    NotPermittedError,
    NotStoredError,
    StoreError,
    StoreRefusedError,
    UpdateConflictError,
)
from celeb_ops.core.store.base import Change, Store, Stored, checked, checked_prefix, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_s3 import S3Client


logger = logging.getLogger(__name__)

UPDATE_ATTEMPTS = 30
"""Attempts of one ``update`` before it gives up: enough for dozens of writers at once."""
UPDATE_TIMEOUT_S = 120
"""After this time ``update`` begins no further attempt: boto has tried each of its requests several times."""
READ_ATTEMPTS = 6
"""Attempts to read a file whose content breaks off: boto itself does not try again once content has begun to come."""
_MAX_PAUSE_S = 2.0

_CONTENT_TYPES = {
    ".json": "application/json",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}


class S3Store(Store):
    """A prefix of an S3 bucket. ``update`` is conditional (``If-Match``, ``If-None-Match``)."""

    def __init__(
        self, client: S3Client, bucket: str, prefix: str = "", extra_args: Mapping[str, Any] | None = None
    ) -> None:
        """:param extra_args: for each write, named as in boto3's upload: encryption, ACL, storage class."""
        self.client = client
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.extra_args = dict(extra_args or {})
        self._may_list: bool | None = None

    def url(self, key: str = "") -> str:
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def s3_object(self, key: str) -> dict[str, str]:
        """The file's place, in the form for other AWS services (Rekognition's ``S3Object``)."""
        return {"Bucket": self.bucket, "Name": self.prefix + checked(key)}

    def _object_arguments(self, key: str) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self.prefix + checked(key)}

    def _arn(self, files: str) -> str:
        return f"arn:{self.client.meta.partition}:s3:::{self.bucket}{files}"

    @contextmanager
    def _store_errors(self, key: str, action: str) -> Iterator[None]:
        """Turns boto's errors into a sentence about this key.

        :raises StoreRefusedError: a retry fails too.
        :raises StoreError: a retry may work.
        """
        from celeb_ops.core.aws_errors import FAULTS
        from celeb_ops.core.store.s3_errors import store_error

        try:
            yield
        except FAULTS as error:
            arn = self._arn("" if action == "listed" else f"/{self.prefix}*")
            raise store_error(error, self.url(key), action, arn) from error

    def may_list(self) -> bool:
        """Whether the account may list the bucket; checked once. If not, S3 answers 403 instead of 404."""
        if self._may_list is None:
            try:
                with self._store_errors("", "listed"):
                    self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
                self._may_list = True
            except NotPermittedError as error:
                self._may_list = False
                logger.warning("%s Without it S3 answers 403 for missing and for forbidden files alike.", error)
        return self._may_list

    def _get(self, key: str, **arguments: Any) -> tuple[bytes, str]:
        """Content and ETag.

        :raises NotStoredError: no file; caused by a NotPermittedError if S3 said 403, which may mean either.
        """
        try:
            with self._store_errors(key, "read"):
                return self._download(self._object_arguments(key) | arguments)
        except NotPermittedError as error:
            if self.may_list():
                raise
            raise NotStoredError(f"{self.url(key)} is not there, or may not be read.") from error

    def _download(self, request: dict[str, Any]) -> tuple[bytes, str]:
        from botocore import exceptions as boto

        breaks = (boto.IncompleteReadError, boto.ResponseStreamingError, boto.ReadTimeoutError)
        attempt = 1
        while True:
            answer = self.client.get_object(**request)
            try:
                return answer["Body"].read(), answer["ETag"]
            except (*breaks, boto.FlexibleChecksumError):
                if attempt == READ_ATTEMPTS:
                    raise
            time.sleep(_pause_s(attempt))
            attempt += 1

    def read(self, key: str) -> bytes:
        return self._get(key)[0]

    def exists(self, key: str) -> bool:
        from celeb_ops.core.store.s3_errors import code_of

        try:
            # Not HEAD: its answers have no body, so a missing bucket looks like a missing file.
            self._get(key, Range="bytes=0-0")
        except NotStoredError:
            return False
        except StoreError as error:
            # An empty file has no first byte.
            if code_of(error) != "InvalidRange":
                raise
        return True

    def write(self, key: str, content: bytes) -> None:
        self._put(key, content)

    def _put(self, key: str, content: bytes, **condition: Any) -> None:
        request = {"Body": content, "ContentType": content_type(key), **self.extra_args, **condition}
        # One request whatever the size (S3's limit is 5 GB): a killed writer leaves nothing half-written.
        with self._store_errors(key, "written"):
            self.client.put_object(**self._object_arguments(key), **request)

    def files(self, prefix: str) -> Iterator[Stored]:
        inside = self.prefix + checked_prefix(prefix)
        with self._store_errors(prefix, "listed"):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=inside)
            for one in (one for page in pages for one in page.get("Contents", [])):
                # The S3 console creates a folder as an empty file ending in a slash.
                if is_key(key := one["Key"][len(self.prefix) :]):
                    yield Stored(key, one["LastModified"], one["Size"], one["ETag"])

    def delete(self, key: str) -> None:
        with self._store_errors(key, "deleted"):
            self.client.delete_object(**self._object_arguments(key))

    def update(self, key: str, change: Change) -> bool:
        """See ``Store``. Transient faults and faster writers lead to another attempt.

        :raises UpdateConflictError: another writer was faster at every attempt.
        :raises NotPermittedError: also where the file is there but may not be read.
        """
        from celeb_ops.core.store.s3_errors import is_conflict, is_taken, may_have_written, needs

        maybe_written: bytes | None = None
        """Content whose write got no response."""
        exists_but_unreadable = False
        """Reading said the file is missing; creating, that it exists."""
        failure: StoreError | None = None
        end = time.monotonic() + UPDATE_TIMEOUT_S
        for attempt in range(UPDATE_ATTEMPTS):
            if failure:
                if isinstance(failure, StoreRefusedError):
                    raise failure
                if time.monotonic() > end:
                    break
                time.sleep(_pause_s(attempt))
            try:
                old, condition, forbidden = self._find(key)
            except StoreError as error:
                failure = error
                continue
            if forbidden and exists_but_unreadable:
                raise NotPermittedError(
                    f"{self.url(key)} is there but may not be read, so it can't be changed. "
                    + needs(f"s3:GetObject on {self._arn(f'/{self.prefix}*')}")
                )
            if maybe_written is not None and old == maybe_written:
                return True
            new = change(old)
            if new is None or new == old:
                # If another writer continued from what we may have written, our change is in it.
                return maybe_written is not None
            try:
                self._put(key, new, **condition)
                return True
            except StoreError as error:
                failure = error
                exists_but_unreadable = old is None and is_taken(error)
                maybe_written = new if may_have_written(error) else maybe_written
        if failure and not is_conflict(failure):
            raise failure
        raise UpdateConflictError(
            f"{self.url(key)} was changed by others at each attempt to change it. Try again."
        ) from failure

    def _find(self, key: str) -> tuple[bytes | None, dict[str, str], bool]:
        """The content, or None; the condition that it has not changed since; and whether S3 said 403, which may mean
        that there is no such file."""
        try:
            content, etag = self._get(key)
        except NotStoredError as error:
            return None, {"IfNoneMatch": "*"}, isinstance(error.__cause__, NotPermittedError)
        return content, {"IfMatch": etag}, False


def _pause_s(attempt: int) -> float:
    """Seconds to wait after an attempt: full jitter, so that the losers of one round do not collide in the next."""
    return random.uniform(0, min(_MAX_PAUSE_S, 0.05 * 2 ** (attempt - 1)))


def content_type(key: str) -> str:
    return _CONTENT_TYPES.get(PurePosixPath(key).suffix, "application/octet-stream")


def split_s3(location: str) -> tuple[str, str] | None:
    """``(bucket, prefix)`` of an ``s3://`` address, None for a folder."""
    scheme, separator, rest = location.partition("://")
    if not separator or scheme.lower() != "s3":
        return None
    bucket, _, prefix = rest.partition("/")
    return bucket, prefix.strip("/")
