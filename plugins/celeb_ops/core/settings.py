"""The settings: environment before ``.env``, new names before the first version's.

A DAG file loads them each time it is parsed, and each task with it, so no import here is heavy. pydantic-settings is
(0.1 s), and it differs where it matters: an empty variable would not hide the one of ``.env``, a ``${`` in a password
there would be expanded, and an unknown name would be no error.
"""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from celeb_ops.core.exceptions import SettingsError
from celeb_ops.core.store import split_s3
from celeb_ops.core.store.extra_args import checked_extra_args
from celeb_ops.core.text import printable, suggestion
from celeb_ops.core.validation import first_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)


def _project() -> Path:
    packages = Path(__file__).resolve().parents[2]
    if any(packages.glob("trending_celebrities-*.dist-info")):
        # pip has installed the package, among others': there is no project around it.
        return Path(os.environ.get("AIRFLOW_HOME", "")).expanduser().absolute()
    return packages.parent


PROJECT = _project()
"""Relative paths start here: the checkout, or where pip installed the package AIRFLOW_HOME, else the current folder."""
DOTENV = PROJECT / ".env"

S3_CONNECTION = "celebs_s3"
REKOGNITION_CONNECTION = "celebs_rekognition"
NOTIFY_CONNECTION = "celebs_notify"

_RETIRED = {
    *("CELEBS_ARCHIVE_RATE", "CELEBS_CALLS_AT_ONCE", "CELEBS_COMMONS_API", "CELEBS_MIN_CONFIDENCE"),
    *("CELEBS_REMEMBER_DAYS", "CELEBS_RETRIES", "CELEBS_WIKIDATA_API", "CELEBS_WIKIDATA_URL"),
}
"""What were settings once: an old ``.env`` works, with a warning."""
_TESTS = "CELEBS_TEST_"
"""What begins so is for this project's own tests and benchmarks."""
_SECRET = {"archive_url", "s3_extra_args"}
"""Errors of these do not show the value: a password may stand in it."""

_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")


def _store(location: str) -> str:
    place = split_s3(location)
    # `s3:/bucket` and `https://…` would otherwise become folders of that name.
    if not _BUCKET.fullmatch(place[0]) if place else re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", location):
        raise ValueError("this is no place for a dataset; write s3://bucket/prefix, or the path of a folder")
    return location


def _address(url: str) -> str:
    if url and not re.match(r"https?://[^/\s]", url):
        raise ValueError("this is no http(s) address; write it like http://127.0.0.1:4444")
    return url


def _without_password(url: str) -> str:
    if re.match(r"[^/?#]*(?://[^/?#]*)?@", url):
        raise ValueError("it has a user's name or password in it, which would be in the dataset; give it without")
    return url


def _contact(text: str) -> str:
    if text and not re.fullmatch(r"[!-~ ]*(?:[!-~]@[!-~]|https?://[!-~])[!-~ ]*", text):
        raise ValueError("nobody can be written to there; give a mail address or the address of a page")
    return text


class Settings(BaseModel):
    """What ``CELEBS_*`` say: ``CELEBS_STORE`` is the field ``store``, and so on. ``docs/settings.md`` explains each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Annotated[str, AfterValidator(_store)] = "data"
    sites: Path = Path("include/sites.yaml")
    recognizer: Literal["local", "rekognition"] = "local"
    gallery: Path = Path("gallery")
    face_model: str = ""
    browser_url: Annotated[str, AfterValidator(_address)] = ""
    browsers: int = Field(2, ge=1, le=1000)
    archive_url: Annotated[str, AfterValidator(_without_password), AfterValidator(_address)] = (
        "https://web.archive.org/web/"
    )
    live_window_h: float = Field(3, gt=0, le=1_000_000)
    archive_window_h: float = Field(12, gt=0, le=1_000_000)
    keep_slices_days: float = Field(7, gt=0, le=1_000_000)
    keep_images_days: float | None = Field(None, gt=0, le=1_000_000)
    retry_delay_s: float = Field(120, ge=0, le=86_400)
    cache: Path = Path(".cache")
    contact: Annotated[str, AfterValidator(_contact)] = ""
    send_as: Literal["bytes", "s3object"] = "bytes"
    sheets: bool = False
    budget: int | None = Field(None, ge=1)
    notify_to: str = ""
    notify_after: int = Field(3, ge=1, le=100)
    late_h: float = Field(2, gt=0, le=8_760)
    # Not in its text, which goes into Airflow's database where an operator is given settings: a secret may be in it.
    s3_extra_args: Annotated[dict[str, Any], BeforeValidator(checked_extra_args), Field(repr=False)] = {}
    prefix: str = ""

    region: str = ""
    """Region for both clients where a connection names none (the first version's ``region_name``)."""
    connections: dict[str, str] = Field({}, repr=False)
    """Airflow connections by their variable, from ``.env`` or made of the first version's keys."""
    from_v1: bool = False
    """The store's place comes from the first version's ``s3bucketName``."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
        """The settings now. SettingsError names the setting, its value and what would be right.

        A variable that is set but empty hides the one of ``.env`` and stands for the default. As of any program that
        loads a ``.env``, connections that stand there are in the environment afterwards, where Airflow looks for them.

        :param environ: in place of the process's own, which then stays as it is.
        """
        values = _values(os.environ if environ is None else environ, dotenv or DOTENV)
        fields = cls.variables()
        chosen = {}
        for name in values:
            if name in _RETIRED:
                logger.warning("%s is no longer a setting: docs/settings.md says what holds now. Remove it.", name)
            elif name in fields:
                chosen[fields[name]] = values[name]
            elif name.startswith("CELEBS_") and not name.startswith(_TESTS):
                raise SettingsError(f"There is no setting {name}: {suggestion(name, fields, 'CELEBS_')}")
        settings = cls._checked(_first_version(values) | chosen | {"connections": _connections(values)})
        if environ is None:
            # Compose files hand on variables that are not set as empty ones.
            os.environ.update({name: one for name, one in settings.connections.items() if not os.environ.get(name)})
        return settings

    def having(self, **others: object) -> Settings:
        """These settings with others in place of some; None stands for what is set here."""
        given = {name: value for name, value in others.items() if value is not None}
        return self._checked(self.model_dump(exclude_unset=True) | given) if given else self

    @classmethod
    def _checked(cls, values: dict[str, Any]) -> Settings:
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            field, value, message = first_problem(error)
        field = field.partition(".")[0]
        what = f"CELEBS_{field.upper()}" + (" can't be used" if field in _SECRET else f"={value}")
        raise SettingsError(f"{what}: {message}.")

    @classmethod
    def variables(cls) -> dict[str, str]:
        """The field of each variable: ``CELEBS_STORE`` → ``store``."""
        derived = {"region", "connections", "from_v1"}
        return {f"CELEBS_{field.upper()}": field for field in cls.model_fields if field not in derived}

    @property
    def tells_late(self) -> bool:
        """Whether people hear of late runs: ``celebs_notify`` is in the environment, or ``CELEBS_LATE_H`` is set.

        A DAG file can know no more: it must not ask Airflow for a connection each time it is parsed.
        """
        return _variable(NOTIFY_CONNECTION) in self.connections or "late_h" in self.model_fields_set

    def path(self, path: Path) -> Path:
        """A setting's path, seen from the project."""
        return PROJECT / path.expanduser()


def _values(environ: Mapping[str, str], dotenv: Path) -> dict[str, str]:
    """The variables of the file and the environment that are set and not empty."""
    try:
        # An editor on Windows may begin the file with a byte order mark. A password may have a `${` in it. Case
        # matters: the first version's `aws_access_key_id` is not boto's AWS_ACCESS_KEY_ID.
        file = dotenv_values(dotenv, interpolate=False, encoding="utf-8-sig") if dotenv.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{dotenv} can't be read: {error}.") from None
    values = {name: value for name, value in {**file, **environ}.items() if value}
    for name, value in values.items():
        if name.startswith("CELEBS_") and printable(value) != value:
            # Its value is not shown: it may hold a secret.
            raise SettingsError(f"{name} contains a control character, such as NUL: type it again.")
    return values


def _first_version(values: Mapping[str, str]) -> dict[str, object]:
    """What the first version's names mean in today's."""
    meaning: dict[str, object] = {"region": values.get("region_name", "")}
    bucket = values.get("s3bucketName")
    if bucket and not values.get("CELEBS_STORE"):
        if not _BUCKET.fullmatch(bucket):
            raise SettingsError(
                f"s3bucketName={bucket!r}: this is no bucket's name; write it without s3:// and slashes."
            )
        meaning |= {"store": f"s3://{bucket}/{values.get('CELEBS_PREFIX', '').strip('/')}", "from_v1": True}
    if values.get("recognition_aws_access_key_id"):
        meaning["recognizer"] = "rekognition"
    return meaning


def _connections(values: Mapping[str, str]) -> dict[str, str]:
    """``AIRFLOW_CONN_*`` by name: those given, else made of the first version's two pairs of keys."""
    names = [_variable(one) for one in (S3_CONNECTION, REKOGNITION_CONNECTION, NOTIFY_CONNECTION)]
    found = {name: values[name] for name in names if name in values}
    for name, text in found.items():
        if not _is_connection(text):
            # Its value is not shown: it holds a secret.
            raise SettingsError(
                f'{name} is no connection: write it as JSON, {{"conn_type": …}}, or as a URI, aws://… or smtp://…. '
                "docs/aws.md has an example of each."
            )
    region = {"region_name": values["region_name"]} if "region_name" in values else {}
    for name, prefix in zip(names, ("", "recognition_"), strict=False):
        key, secret = f"{prefix}aws_access_key_id", f"{prefix}aws_secret_access_key"
        if name in found or not values.keys() & {key, secret}:
            continue
        if not values.keys() >= {key, secret}:
            raise SettingsError(f"Of {key} and {secret} only one is set: set both.")
        found[name] = json.dumps(
            {"conn_type": "aws", "login": values[key], "password": values[secret], "extra": region}
        )
    return found


def _variable(connection: str) -> str:
    return f"AIRFLOW_CONN_{connection.upper()}"


def _is_connection(text: str) -> bool:
    """Whether Airflow can read it: else Airflow passes it over, and boto would go on with other credentials."""
    try:
        return re.match(r"\s*[A-Za-z][A-Za-z0-9+._-]*://", text) is not None or isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
