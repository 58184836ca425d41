"""The settings: environment before ``.env``, new names before the first version's.

A DAG file loads them each time it is parsed: no heavy import here; ``Settings.load()`` takes under a millisecond.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from celeb_ops.exceptions import SettingsError
from celeb_ops.given import printable, shown
from celeb_ops.store import split_s3
from celeb_ops.store.extra_args import checked_extra_args

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout: relative paths in settings start here, whatever folder a worker runs in."""

DOTENV = PROJECT / ".env"

S3_CONNECTION = "celebs_s3"
REKOGNITION_CONNECTION = "celebs_rekognition"
NOTIFY_CONNECTION = "celebs_notify"

_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


class Settings(BaseModel):
    """What ``CELEBS_*`` say, with defaults. ``CELEBS_STORE`` is the field ``store``, and so on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = "data"
    """``s3://bucket/prefix`` or a folder."""
    sites: Path = Path("include/sites.yaml")
    recognizer: Literal["local", "rekognition"] = "local"
    gallery: Path = Path("gallery")
    face_model: str = ""
    """What the local recogniser compares faces by: ``dlib``, or an ONNX file's path (ArcFace's convention); empty: the
    best that is there."""
    browser_url: str = ""
    """A remote WebDriver; empty: a local Chromium."""
    browsers: int = Field(2, ge=1, le=1000)
    """Browsers at once, over all runs."""
    archive_url: str = "https://web.archive.org/web/"
    live_window_h: float = Field(3, gt=0, le=1_000_000)
    """How far from now a run time may lie for the live page to stand for it, in hours."""
    archive_window_h: float = Field(12, gt=0, le=1_000_000)
    """How far from the run time an archived page, or a picture on it, may have been seen, in hours."""
    archive_rate: float = Field(4, gt=0, le=10_000)
    """Requests a second to the archive, at most; one at a time, over all tasks that share the cache."""
    keep_slices_days: float = Field(7, gt=0, le=1_000_000)
    """How long a slice stays after it was written: it can be cut again as long as the screenshot is there."""
    keep_images_days: float | None = Field(None, gt=0, le=1_000_000)
    """How long a screenshot's pictures stay after they were written; None: for ever."""
    retries: int = Field(2, ge=0, le=10)
    retry_delay_s: float = Field(120, ge=0, le=86_400)
    """Seconds before the first retry; they double with each further one."""
    cache: Path = Path(".cache")
    """Where embeddings of gallery photos are kept, by the photo's content."""
    contact: str = ""
    """Mail address or page in the User-Agent with which Wikimedia is asked (its policy wants one)."""
    wikidata_url: str = "https://query.wikidata.org/sparql"
    """Wikidata's query service."""
    wikidata_api: str = "https://www.wikidata.org/w/api.php"
    commons_api: str = "https://commons.wikimedia.org/w/api.php"
    min_confidence: float = Field(50, ge=0, le=100)
    """A name that a recogniser is less sure of is none; both recognisers begin at about 50."""
    calls_at_once: int = Field(4, ge=1, le=50)
    """Calls of Rekognition under way at the same time, at most."""
    send_as: Literal["bytes", "s3object"] = "bytes"
    """How Rekognition gets a slice: its bytes, or its place in S3, where both share account and region."""
    sheets: bool = False
    """Find faces here and send Rekognition contact sheets of up to 60, in place of slices."""
    budget: int | None = Field(None, ge=1)
    """Calls of Rekognition that a run may make, all sites together."""
    notify_to: str = ""
    """Whom messages of ``celebs_notify`` go to: mail addresses, or the ARN of an SNS topic."""
    notify_after: int = Field(3, ge=1, le=100)
    """Live captures of a site that have failed in a row before people are told of the site."""
    late_h: float = Field(2, gt=0, le=8_760)
    """Hours after its run time at which a scheduled run that has not ended is late."""
    s3_extra_args: dict[str, Any] = {}
    """What each write to S3 says beside its content, by the names of boto3's upload; in the variable a JSON object."""
    prefix: str = ""
    """The first version's folder in its bucket (it stood in the code)."""
    test_faces: Path | None = None
    """Photos for the tests that want real faces."""
    test_faces_wild: Path | None = None
    """Uncontrolled ones."""

    region: str = ""
    """Region for both clients where a connection names none (the first version's ``region_name``)."""
    connections: dict[str, str] = {}
    """Airflow connections by their variable, from ``.env`` or made of the first version's keys."""
    from_v1: bool = False
    """The store's place comes from the first version's ``s3bucketName``."""

    @field_validator("store")
    @classmethod
    def _is_place(cls, store: str) -> str:
        place = split_s3(store)
        # `s3:/bucket` and `https://…` would otherwise become folders of that name.
        if (place and not _BUCKET.fullmatch(place[0])) or (not place and _SCHEME.match(store)):
            raise ValueError("this is no place for a dataset; write s3://bucket/prefix, or the path of a folder")
        return store

    @field_validator("archive_url")
    @classmethod
    def _names_nobody(cls, url: str) -> str:
        if re.match(r"[^/?#]*(?://[^/?#]*)?@", url):
            # Not pydantic's error: the value is not shown, because a password stands in it.
            raise SettingsError(
                "CELEBS_ARCHIVE_URL can't be used: it has a user's name or password in it, and addresses of archived "
                "pages are written into the dataset. Give it without."
            )
        return url

    @field_validator("contact")
    @classmethod
    def _can_be_written_to(cls, contact: str) -> str:
        if contact and not re.fullmatch(r"[!-~ ]*(?:[!-~]@[!-~]|https?://[!-~])[!-~ ]*", contact):
            raise ValueError("nobody can be written to there; give a mail address or the address of a page")
        return contact

    @field_validator("browser_url", "archive_url", "wikidata_url", "wikidata_api", "commons_api")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not re.match(r"https?://[^/\s]", url):
            raise ValueError("this is no http(s) address; write it like http://127.0.0.1:4444")
        return url

    @field_validator("s3_extra_args", mode="before")
    @classmethod
    def _are_extra_args(cls, given: object) -> dict[str, Any]:
        try:
            return checked_extra_args(given)
        except ValueError as error:
            # Not pydantic's error: the value is not shown, because a secret may stand in it.
            raise SettingsError(f"CELEBS_S3_EXTRA_ARGS can't be used: {error}.") from None

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
        """The settings now. SettingsError names the setting, its value and what would be right.

        A variable that is set but empty hides the one of ``.env`` and stands for the default.
        """
        environ = os.environ if environ is None else environ
        dotenv = dotenv or DOTENV
        # Case matters: the first version's `aws_access_key_id` is not boto's AWS_ACCESS_KEY_ID.
        try:
            # An editor on Windows may begin the file with a byte order mark. A password may have a `${` in it.
            file = dotenv_values(dotenv, interpolate=False, encoding="utf-8-sig") if dotenv.is_file() else {}
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{dotenv} can't be read: {error}.") from None
        values = {name: value for name, value in {**file, **environ}.items() if value}

        fields = cls.variables()
        chosen = {}
        for name, value in values.items():
            if not name.startswith("CELEBS_"):
                continue
            if name not in fields:
                # What they all begin with would make any two names near.
                own = [known.removeprefix("CELEBS_") for known in fields]
                near = difflib.get_close_matches(name.removeprefix("CELEBS_"), own, n=1)
                hint = f"Did you mean CELEBS_{near[0]}?" if near else f"Known are {', '.join(fields)}."
                raise SettingsError(f"There is no setting {name}. {hint}")
            if printable(value) != value:
                # Its value is not shown: it may hold a secret.
                raise SettingsError(f"{name} has a character that is none of a text, like a NUL: write it again.")
            chosen[fields[name]] = value

        try:
            return cls.model_validate(_first_version(values) | chosen | {"connections": _connections(values)})
        except ValidationError as error:
            first = error.errors()[0]
            name = f"CELEBS_{str(first['loc'][0]).upper()}"
            said = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"{name}={shown(first['input'])}: {said[0].lower()}{said[1:]}.") from None

    @classmethod
    def variables(cls) -> dict[str, str]:
        """The field of each variable: ``CELEBS_STORE`` → ``store``."""
        made = {"region", "connections", "from_v1"}
        return {f"CELEBS_{field.upper()}": field for field in cls.model_fields if field not in made}

    @property
    def tells_late(self) -> bool:
        """Whether people are told of late runs: ``celebs_notify`` is in the environment, or ``CELEBS_LATE_H`` is set.

        A DAG file can know no more: it must not ask Airflow for a connection each time it is parsed.
        """
        return f"AIRFLOW_CONN_{NOTIFY_CONNECTION.upper()}" in self.connections or "late_h" in self.model_fields_set

    def path(self, path: Path) -> Path:
        """A setting's path, seen from the project."""
        return PROJECT / path.expanduser()

    def export_connections(self) -> None:
        """Hand the connections of ``.env`` to Airflow, which reads connections from the environment."""
        for name, value in self.connections.items():
            # Compose files hand on variables that are not set as empty ones.
            if not os.environ.get(name):
                os.environ[name] = value


def _first_version(values: Mapping[str, str]) -> dict[str, object]:
    """What the first version's names mean in today's."""
    meaning: dict[str, object] = {}
    bucket = values.get("s3bucketName")
    if bucket and not values.get("CELEBS_STORE"):
        if not _BUCKET.fullmatch(bucket):
            raise SettingsError(
                f"s3bucketName={bucket!r}: this is no bucket's name; write it without s3:// and slashes."
            )
        prefix = values.get("CELEBS_PREFIX", "").strip("/")
        meaning |= {"store": f"s3://{bucket}/{prefix}", "from_v1": True}
    if values.get("recognition_aws_access_key_id"):
        meaning["recognizer"] = "rekognition"
    if values.get("region_name"):
        meaning["region"] = values["region_name"]
    return meaning


def _connections(values: Mapping[str, str]) -> dict[str, str]:
    """``AIRFLOW_CONN_*`` by name: those given, else made of the first version's two pairs of keys."""
    found = _notify_connection(values)
    for connection, prefix in ((S3_CONNECTION, ""), (REKOGNITION_CONNECTION, "recognition_")):
        name = f"AIRFLOW_CONN_{connection.upper()}"
        key, secret = (values.get(f"{prefix}aws_{part}") for part in ("access_key_id", "secret_access_key"))
        if given := values.get(name):
            if not _is_connection(given):
                # Its value is not shown: it holds a secret.
                raise SettingsError(
                    f'{name} is no connection: write it as JSON, {{"conn_type": "aws", "login": …, "password": …, '
                    '"extra": {"region_name": …}}, or as a URI, aws://….'
                )
            found[name] = given
        elif key and secret:
            extra = {"region_name": values["region_name"]} if values.get("region_name") else {}
            found[name] = json.dumps({"conn_type": "aws", "login": key, "password": secret, "extra": extra})
        elif key or secret:
            there, lacking = ("access_key_id", "secret_access_key")[:: 1 if key else -1]
            raise SettingsError(f"{prefix}aws_{there} is set but {prefix}aws_{lacking} is not: set both.")
    return found


def _notify_connection(values: Mapping[str, str]) -> dict[str, str]:
    name = f"AIRFLOW_CONN_{NOTIFY_CONNECTION.upper()}"
    given = values.get(name)
    if not given:
        return {}
    if not _is_connection(given):
        # Its value is not shown: it holds a secret.
        raise SettingsError(
            f'{name} is no connection: write it as JSON, {{"conn_type": "smtp", "host": …, "login": …, '
            '"password": …, "extra": {"from_email": …}}, or as a URI, smtp://…. docs/alerts.md has one for each kind.'
        )
    return {name: given}


def _is_connection(text: str) -> bool:
    """Whether Airflow can read it. What it can't read it passes over, and boto would go on with other credentials."""
    text = text.strip()
    if not text.startswith("{"):
        return re.match(r"[A-Za-z][A-Za-z0-9+._-]*://", text) is not None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
