"""Where every file of the dataset lives: an S3 prefix or a local folder, with the same keys and verbs."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from celeb_ops.exceptions import (
    InvalidKeyError,
    NotPermittedError,
    NotStoredError,
    StoreError,
    StoreRefusedError,
    UpdateConflictError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Change = Callable[[bytes | None], bytes | None]
"""Given a file's content (None: there is none), its new content; None leaves it as it is."""

UPDATE_ATTEMPTS = 30
"""Attempts of one S3 ``update`` before it gives up: enough for dozens of writers at once."""

LOCK_TIMEOUT_S = 120
"""How long an ``update`` in a folder waits for those of others."""

_FORBIDDEN = {"AccessDenied", "Forbidden", "403"}
"""S3's word for a lacking permission, and boto's for a 403 without a body."""
_FORBIDDEN_HINT = " (without the permission s3:ListBucket S3 says so of a file that is not there, too)"

_CONTENT_TYPES = {
    ".json": "application/json",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}


class Store(Protocol):
    """Files by key. ``write`` is atomic: a reader sees the old content or the new, never a half."""

    def url(self, key: str = "") -> str:
        """The key's address, for people and for the asset."""

    def read(self, key: str) -> bytes:
        """The content; NotStoredError where there is none."""

    def write(self, key: str, content: bytes) -> None: ...

    def exists(self, key: str) -> bool: ...

    def list(self, prefix: str) -> Iterator[str]:
        """The keys that start with ``prefix``, sorted."""

    def delete(self, key: str) -> None:
        """Remove the key; nothing happens where it is not there."""

    def update(self, key: str, change: Change) -> bool:
        """Atomically read, change and write; True if something was written.

        ``change`` may be called several times, so it must not have effects of its own.
        """


def is_key(key: str) -> bool:
    """Whether it stays inside the store and is one file's only spelling, in S3 and in a folder alike."""
    # A part with a leading dot is '..', or one of ours: a lock, a write under way.
    return not any(not part or part.startswith(".") for part in key.split("/")) and not {"\\", "\0"} & set(key)


def checked(key: str) -> str:
    """The key itself, if it is one."""
    if not is_key(key):
        raise InvalidKeyError(
            f"{key!r} is no key of the store: a key is a relative path in which no part is empty or begins with a dot."
        )
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix itself, if it begins keys of the store; the empty one begins them all."""
    checked(f"{prefix}x")
    return prefix


class FolderStore:
    """A local folder. Writers of one file take turns by a lock file beside it, in ``.locks/``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def url(self, key: str = "") -> str:
        return str(self.root / key)

    def _path(self, key: str) -> Path:
        return self.root / checked(key)

    @contextmanager
    def _told(self, key: str, verb: str) -> Iterator[None]:
        """Turns the system's errors into a sentence about this key."""
        try:
            yield
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotStoredError(f"{self.url(key)} is not there.") from None
        except OSError as error:
            raise StoreError(f"{self.url(key)} could not be {verb}: {error.strerror or error}.") from error

    def read(self, key: str) -> bytes:
        with self._told(key, "read"):
            return self._path(key).read_bytes()

    def write(self, key: str, content: bytes) -> None:
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Named before it is made: an interrupt can't come between.
            part = path.with_name(f".{path.name}.{uuid4().hex}.part")
            try:
                with part.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StoreError(f"{self.url(key)} could not be written: {error.strerror or error}.") from error

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def list(self, prefix: str) -> Iterator[str]:
        # Only the folder that the prefix names is walked: a listing costs what it lists.
        folder = self.root / checked_prefix(prefix).rpartition("/")[0]
        found = (path.relative_to(self.root).as_posix() for path in folder.rglob("*") if path.is_file())
        return iter(sorted(key for key in found if key.startswith(prefix) and is_key(key)))

    def delete(self, key: str) -> None:
        with suppress(NotStoredError), self._told(key, "deleted"):
            self._path(key).unlink()

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        from filelock import FileLock, Timeout

        path = self.root / ".locks" / f"{checked(key).replace('/', '_')}.lock"
        lock = FileLock(path, timeout=LOCK_TIMEOUT_S)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise UpdateConflictError(
                f"{self.url(key)} was kept locked for {LOCK_TIMEOUT_S:g} s by another process; see who holds {path}."
            ) from None
        except OSError as error:
            raise StoreError(f"{self.url(key)} could not be locked: {error.strerror or error}.") from error
        try:
            yield
        finally:
            lock.release()

    def update(self, key: str, change: Change) -> bool:
        with self._locked(key):
            try:
                old = self.read(key)
            except NotStoredError:
                old = None
            new = change(old)
            if new is None or new == old:
                return False
            self.write(key, new)
            return True


class S3Store:
    """A prefix of an S3 bucket. ``update`` writes on condition (``If-Match``, ``If-None-Match``)."""

    def __init__(self, client: S3Client, bucket: str, prefix: str = "") -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def url(self, key: str = "") -> str:
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def _key(self, key: str) -> str:
        return self.prefix + checked(key)

    @contextmanager
    def _told(self, key: str, verb: str) -> Iterator[None]:
        """Turns boto's errors into a sentence about this key.

        :raises StoreRefusedError: a second try would meet the same. :raises StoreError: it may not.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        from celeb_ops.aws import would_repeat

        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in {"NoSuchKey", "404", "NotFound"}:
                raise NotStoredError(f"{self.url(key)} is not there.") from None
            if code == "NoSuchBucket":
                raise StoreRefusedError(
                    f"There is no bucket {self.bucket!r}: create it, or set CELEBS_STORE to another one."
                ) from None
            said = str(error.response["Error"].get("Message") or "no more is said").rstrip(".")
            if code in _FORBIDDEN:
                hint = _FORBIDDEN_HINT if verb == "read" else ""
                raise NotPermittedError(f"{self.url(key)} could not be {verb}: {code}: {said}{hint}.") from error
            kind = StoreRefusedError if would_repeat(error) else StoreError
            raise kind(f"{self.url(key)} could not be {verb}: {code}: {said}.") from error
        except BotoCoreError as error:
            said = str(error).rstrip(".")
            kind = StoreRefusedError if would_repeat(error) else StoreError
            raise kind(f"{self.url(key)} could not be {verb}: {said}. Check the connection celebs_s3.") from error

    def _get(self, key: str) -> tuple[bytes, str]:
        with self._told(key, "read"):
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(key))
            return answer["Body"].read(), answer["ETag"]

    def read(self, key: str) -> bytes:
        return self._get(key)[0]

    def write(self, key: str, content: bytes) -> None:
        with self._told(key, "written"):
            self.client.put_object(Bucket=self.bucket, Key=self._key(key), Body=content, ContentType=content_type(key))

    def exists(self, key: str) -> bool:
        try:
            with self._told(key, "read"):
                # Not HEAD: its answers have no body, so a missing bucket looks like a missing file.
                self.client.get_object(Bucket=self.bucket, Key=self._key(key), Range="bytes=0-0")["Body"].read()
        except NotStoredError:
            return False
        except StoreError as error:
            # An empty file has no first byte.
            if _code(error) != "InvalidRange":
                raise
        return True

    def list(self, prefix: str) -> Iterator[str]:
        checked_prefix(prefix)
        with self._told(prefix, "listed"):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
            for page in pages:
                for entry in page.get("Contents", []):
                    # The S3 console makes a folder by an empty file whose name ends in a slash.
                    if is_key(key := entry["Key"][len(self.prefix) :]):
                        yield key

    def delete(self, key: str) -> None:
        with self._told(key, "deleted"):
            self.client.delete_object(Bucket=self.bucket, Key=self._key(key))

    def update(self, key: str, change: Change) -> bool:
        for attempt in range(UPDATE_ATTEMPTS):
            try:
                old, etag = self._get(key)
            except NotStoredError:
                old, etag = None, ""
            new = change(old)
            if new is None or new == old:
                return False
            condition: Any = {"IfNoneMatch": "*"} if old is None else {"IfMatch": etag}
            try:
                with self._told(key, "written"):
                    self.client.put_object(
                        Bucket=self.bucket,
                        Key=self._key(key),
                        Body=new,
                        ContentType=content_type(key),
                        **condition,
                    )
                return True
            except StoreError as error:
                # 412, 409: another writer was faster. A vanished file answers If-Match with 404.
                lost = isinstance(error, NotStoredError) and old is not None
                if _code(error) not in {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"} and not lost:
                    raise
                # Full jitter, so that the losers of one round do not meet again in the next.
                time.sleep(random.uniform(0, min(2.0, 0.05 * 2**attempt)))
        raise UpdateConflictError(
            f"{self.url(key)} was changed by others at each of {UPDATE_ATTEMPTS} attempts to change it. Try again."
        )


def _code(error: StoreError) -> str:
    """What S3 called the error; empty where it said nothing."""
    from botocore.exceptions import ClientError

    cause = error.__cause__
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""


def content_type(key: str) -> str:
    return _CONTENT_TYPES.get(PurePosixPath(key).suffix, "application/octet-stream")


def split_s3(location: str) -> tuple[str, str] | None:
    """``(bucket, prefix)`` of an ``s3://`` address, None for a folder."""
    scheme, separator, rest = location.partition("://")
    if not separator or scheme.lower() != "s3":
        return None
    bucket, _, prefix = rest.partition("/")
    return bucket, prefix.strip("/")
