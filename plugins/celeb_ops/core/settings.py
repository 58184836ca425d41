"""The settings: environment before ``.env``, new names before the first version's.

Every parse of a DAG file and every task loads them, so imports here are light. pydantic-settings is slow (0.1 s), and
unsuitable: an empty variable would not override ``.env``, a ``${`` in a password would be expanded, and an unknown
name would be no error.
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
from celeb_ops.core.validation import contact_address, first_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)


def _project() -> Path:
    packages = Path(__file__).resolve().parents[2]
    if any(packages.glob("trending_celebrities-*.dist-info")):
        # pip installed the package, so there is no checkout around it.
        return Path(os.environ.get("AIRFLOW_HOME", "")).expanduser().absolute()
    return packages.parent


PROJECT = _project()
"""The base of relative paths: the checkout, or for a pip install AIRFLOW_HOME (if unset, the current folder)."""
DOTENV = PROJECT / ".env"
_EPHEMERAL_CHECKOUT = re.compile(r"/(\.worktrees|tracking_repo|(rev-)?[0-9a-f]{40})(/|$)")
"""A checkout that git-sync or a DAG bundle replaces when the repository changes, with all that was written there."""

S3_CONNECTION = "celebs_s3"
REKOGNITION_CONNECTION = "celebs_rekognition"
NOTIFY_CONNECTION = "celebs_notify"

_RETIRED = {
    *("CELEBS_ARCHIVE_RATE", "CELEBS_CALLS_AT_ONCE", "CELEBS_COMMONS_API", "CELEBS_MIN_CONFIDENCE"),
    *("CELEBS_REMEMBER_DAYS", "CELEBS_RETRIES", "CELEBS_WIKIDATA_API", "CELEBS_WIKIDATA_URL"),
}
"""Former settings: an old ``.env`` works, with a warning."""
_TEST_PREFIX = "CELEBS_TEST_"
"""Prefix of variables for our own tests and benchmarks."""
_SECRET = {"archive_url", "s3_extra_args"}
"""Errors about these hide the value: it may hold a password."""

_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")


def _valid_store(location: str) -> str:
    place = split_s3(location)
    # `s3:/bucket` and `https://…` would otherwise become folders of that name.
    if not _BUCKET.fullmatch(place[0]) if place else re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", location):
        raise ValueError("this is not a store; write s3://bucket/prefix, or the path of a folder")
    return location


def _valid_address(url: str) -> str:
    if url and not re.match(r"https?://[^/\s]", url):
        raise ValueError("not an http(s) address; write it like http://127.0.0.1:4444")
    return url


def _reject_password(url: str) -> str:
    if re.match(r"[^/?#]*(?://[^/?#]*)?@", url):
        raise ValueError("it contains a user name or password, which the dataset would show; remove it")
    return url


def setup_path(name: str) -> Path:
    """A path that ``make setup`` made: in the checkout, or else in AIRFLOW_HOME (in an image whose code comes by
    git-sync)."""
    home = Path(os.environ.get("AIRFLOW_HOME", "")).expanduser().absolute()
    return next((one / name for one in (PROJECT, home) if (one / name).exists()), PROJECT / name)


class Settings(BaseModel):
    """The ``CELEBS_*`` variables: ``CELEBS_STORE`` is ``store``, and so on. ``docs/settings.md`` explains each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Annotated[str, AfterValidator(_valid_store)] = "data"
    sites: Path = Path("include/sites.yaml")
    watch: Path = Path("include/watch.yaml")
    recognizer: Literal["local", "rekognition"] = "local"
    gallery: Path = Path("gallery")
    face_model: str = ""
    browser_url: Annotated[str, AfterValidator(_valid_address)] = ""
    browsers: int = Field(2, ge=1, le=1000)
    browser_pool: str = ""
    browser_queue: str = ""
    archive_url: Annotated[str, AfterValidator(_reject_password), AfterValidator(_valid_address)] = (
        "https://web.archive.org/web/"
    )
    live_window_h: float = Field(3, gt=0, le=1_000_000)
    archive_window_h: float = Field(12, gt=0, le=1_000_000)
    keep_slices_days: float = Field(7, gt=0, le=1_000_000)
    keep_images_days: float | None = Field(None, gt=0, le=1_000_000)
    retry_delay_s: float = Field(120, ge=0, le=86_400)
    cache: Path = Path(".cache")
    contact: Annotated[str, AfterValidator(contact_address)] = ""
    send_as: Literal["bytes", "s3object"] = "bytes"
    sheets: bool = False
    count_adverts: bool = False
    budget: int | None = Field(None, ge=1)
    report_url: Annotated[str, AfterValidator(_reject_password), AfterValidator(_valid_address)] = ""
    digest: Literal["off", "daily", "weekly"] = "off"
    notify_to: str = ""
    notify_after: int = Field(3, ge=1, le=100)
    late_h: float = Field(2, gt=0, le=8_760)
    # Not in the repr, which reaches Airflow's database when an operator gets settings: it may hold a secret.
    s3_extra_args: Annotated[dict[str, Any], BeforeValidator(checked_extra_args), Field(repr=False)] = {}
    prefix: str = ""

    region: str = ""
    """Region for both clients if a connection names none (the first version's ``region_name``)."""
    connections: dict[str, str] = Field({}, repr=False)
    """Airflow connections by their variable, from the environment, ``.env``, or the first version's keys."""
    from_v1: bool = False
    """The store's place comes from the first version's ``s3bucketName``."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
        """Load the settings. SettingsError names the setting, its value and the fix.

        An empty variable overrides the one in ``.env`` and means the default. Afterwards the connections of ``.env``
        are in the process's environment, where Airflow looks for them.

        :param environ: replaces the process's own, which stays unchanged.
        """
        values = _values(os.environ if environ is None else environ, dotenv or DOTENV)
        fields = cls.variables()
        chosen = {}
        for name in values:
            if name in _RETIRED:
                logger.warning("%s is no longer a setting: see docs/settings.md. Remove it.", name)
            elif name in fields:
                chosen[fields[name]] = values[name]
            elif name.startswith("CELEBS_") and not name.startswith(_TEST_PREFIX):
                raise SettingsError(f"There is no setting {name}: {suggestion(name, fields, 'CELEBS_')}")
        settings = cls._checked(_first_version(values) | chosen | {"connections": _connections(values)})
        if "CELEBS_STORE" in settings.paths_lost_at_sync:
            raise SettingsError(
                f"CELEBS_STORE={settings.store} is a folder in {PROJECT}, which the next sync replaces with all that "
                "is in it. Set s3://bucket/prefix, or an absolute path on a volume that all of Airflow's workers share."
            )
        if environ is None:
            # Compose files pass unset variables on as empty ones.
            os.environ.update({name: one for name, one in settings.connections.items() if not os.environ.get(name)})
        return settings

    def replaced(self, **changes: object) -> Settings:
        """A copy with some settings replaced; None keeps the present value."""
        given = {name: value for name, value in changes.items() if value is not None}
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
    def paths_lost_at_sync(self) -> list[str]:
        """Variables whose paths vanish when git-sync or a DAG bundle replaces the checkout."""
        if not _EPHEMERAL_CHECKOUT.search(PROJECT.as_posix()):
            return []
        places = {"CELEBS_CACHE": self.cache}
        if split_s3(self.store) is None:
            places["CELEBS_STORE"] = Path(self.store)
        if self.recognizer == "local":
            places["CELEBS_GALLERY"] = self.gallery
        return [variable for variable, path in places.items() if not path.expanduser().is_absolute()]

    @property
    def reports_late_runs(self) -> bool:
        """Whether late runs are reported: ``celebs_notify`` is in the environment, or ``CELEBS_LATE_H`` is set.

        A DAG file can't check more: it must not query Airflow's connections at each parse.
        """
        return _variable(NOTIFY_CONNECTION) in self.connections or "late_h" in self.model_fields_set

    @property
    def report_base(self) -> str:
        """The address of ``Report/`` with a slash at its end; empty: unknown."""
        return f"{self.report_url.rstrip('/')}/" if self.report_url else ""

    def path(self, path: Path) -> Path:
        """Resolve a path against the project."""
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
    """Today's settings from the first version's."""
    meaning: dict[str, object] = {"region": values.get("region_name", "")}
    bucket = values.get("s3bucketName")
    if bucket and not values.get("CELEBS_STORE"):
        if not _BUCKET.fullmatch(bucket):
            raise SettingsError(f"s3bucketName={bucket!r}: not a bucket name; write it without s3:// or slashes.")
        meaning |= {"store": f"s3://{bucket}/{values.get('CELEBS_PREFIX', '').strip('/')}", "from_v1": True}
    if values.get("recognition_aws_access_key_id"):
        meaning["recognizer"] = "rekognition"
    return meaning


def _connections(values: Mapping[str, str]) -> dict[str, str]:
    """``AIRFLOW_CONN_*`` by name: those given, else made of the first version's two pairs of keys."""
    names = [_variable(one) for one in (S3_CONNECTION, REKOGNITION_CONNECTION)]
    # Those of sites and their proxies, too.
    found = {name: value for name, value in values.items() if name.startswith(_variable("celebs_"))}
    for name, text in found.items():
        if not _is_connection(text):
            # Its value is not shown: it holds a secret.
            raise SettingsError(
                f'{name} is invalid: write it as JSON, {{"conn_type": …}}, or as a URI, aws://… or smtp://…. '
                "See docs/aws.md and docs/alerts.md."
            )
    region = {"region_name": values["region_name"]} if "region_name" in values else {}
    for name, prefix in zip(names, ("", "recognition_"), strict=True):
        key, secret = f"{prefix}aws_access_key_id", f"{prefix}aws_secret_access_key"
        if name in found or not values.keys() & {key, secret}:
            continue
        if not values.keys() >= {key, secret}:
            raise SettingsError(f"Only one of {key} and {secret} is set: set both.")
        found[name] = json.dumps(
            {"conn_type": "aws", "login": values[key], "password": values[secret], "extra": region}
        )
    return found


def _variable(connection: str) -> str:
    return f"AIRFLOW_CONN_{connection.upper()}"


def _is_connection(text: str) -> bool:
    """Whether Airflow can read it. If not, Airflow ignores it and boto would use other credentials."""
    try:
        return re.match(r"\s*[A-Za-z][A-Za-z0-9+._-]*://", text) is not None or isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
