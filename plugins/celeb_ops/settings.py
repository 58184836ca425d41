"""The settings: environment before ``.env``, new names before the first version's.

Nothing here is imported by name at DAG parsing but small libraries; ``Settings.load()`` costs about a millisecond.
"""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from celeb_ops.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout: relative paths in settings start here, whatever folder a worker runs in."""

DOTENV = PROJECT / ".env"

S3_CONNECTION = "celebs_s3"
REKOGNITION_CONNECTION = "celebs_rekognition"


class Settings(BaseModel):
    """What ``CELEBS_*`` say, with defaults. ``CELEBS_STORE`` is the field ``store``, and so on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = Field("data", min_length=1)
    """``s3://bucket/prefix`` or a folder."""
    sites: Path = Path("include/sites.yaml")
    recognizer: Literal["local", "rekognition"] = "local"
    gallery: Path = Path("gallery")
    browser_url: str = Field("", pattern=r"^(https?://.+)?$")
    """A remote WebDriver; empty: a local Chromium."""
    browsers: int = Field(2, ge=1, le=1000)
    """Browsers at once, over all runs."""
    archive_url: str = Field("https://web.archive.org/web/", pattern=r"^https?://.+")
    live_window_h: float = Field(3, gt=0)
    """How far from now a run time may lie for the live page to stand for it, in hours."""
    retries: int = Field(2, ge=0, le=10)
    retry_delay_s: float = Field(120, ge=0)
    """Seconds before the first retry; they double with each further one."""
    cache: Path = Path(".cache")
    """Where embeddings of gallery photos are kept, by the photo's content."""
    prefix: str = ""
    """The first version's folder in its bucket (it stood in the code)."""
    test_faces: Path | None = None
    """Photos for the tests that want real faces."""

    region: str = ""
    """Region for both clients where a connection names none (the first version's ``region_name``)."""
    connections: dict[str, str] = {}
    """Airflow connections by their variable, from ``.env`` or made of the first version's keys."""
    from_v1: bool = False
    """The store's place comes from the first version's ``s3bucketName``."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
        """The settings now. SettingsError names the setting, its value and what would be right.

        A variable that is set but empty hides the one of ``.env`` and stands for the default.
        """
        environ = os.environ if environ is None else environ
        dotenv = dotenv or DOTENV
        # Case matters: the first version's `aws_access_key_id` is not boto's AWS_ACCESS_KEY_ID.
        file = dotenv_values(dotenv) if dotenv.is_file() else {}
        values = {name: value for name, value in {**file, **environ}.items() if value}

        fields = cls.variables()
        chosen = {}
        for name, value in values.items():
            if not name.startswith("CELEBS_"):
                continue
            if name not in fields:
                near = difflib.get_close_matches(name, fields, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(fields)}."
                raise SettingsError(f"There is no setting {name}. {hint}")
            chosen[fields[name]] = value

        try:
            return cls.model_validate(_first_version(values) | chosen | {"connections": _connections(values)})
        except ValidationError as error:
            first = error.errors()[0]
            name = f"CELEBS_{str(first['loc'][0]).upper()}"
            raise SettingsError(f"{name}={first['input']!r}: {first['msg'].lower()}.") from None

    @classmethod
    def variables(cls) -> dict[str, str]:
        """The field of each variable: ``CELEBS_STORE`` → ``store``."""
        made = {"region", "connections", "from_v1"}
        return {f"CELEBS_{field.upper()}": field for field in cls.model_fields if field not in made}

    def path(self, path: Path) -> Path:
        """A setting's path, seen from the project."""
        return PROJECT / path.expanduser()

    def export_connections(self) -> None:
        """Hand the connections of ``.env`` to Airflow, which reads connections from the environment."""
        for name, value in self.connections.items():
            os.environ.setdefault(name, value)


def _first_version(values: Mapping[str, str]) -> dict[str, object]:
    """What the first version's names mean in today's."""
    meaning: dict[str, object] = {}
    if values.get("s3bucketName") and not values.get("CELEBS_STORE"):
        prefix = values.get("CELEBS_PREFIX", "").strip("/")
        meaning |= {"store": f"s3://{values['s3bucketName']}/{prefix}", "from_v1": True}
    if values.get("recognition_aws_access_key_id"):
        meaning["recognizer"] = "rekognition"
    if values.get("region_name"):
        meaning["region"] = values["region_name"]
    return meaning


def _connections(values: Mapping[str, str]) -> dict[str, str]:
    """``AIRFLOW_CONN_*`` by name: those given, else made of the first version's two pairs of keys."""
    found = {}
    for connection, prefix in ((S3_CONNECTION, ""), (REKOGNITION_CONNECTION, "recognition_")):
        name = f"AIRFLOW_CONN_{connection.upper()}"
        key, secret = (values.get(f"{prefix}aws_{part}") for part in ("access_key_id", "secret_access_key"))
        if values.get(name):
            found[name] = values[name]
        elif key and secret:
            extra = {"region_name": values["region_name"]} if values.get("region_name") else {}
            found[name] = json.dumps({"conn_type": "aws", "login": key, "password": secret, "extra": extra})
        elif key or secret:
            given, lacking = ("access_key_id", "secret_access_key")[:: 1 if key else -1]
            raise SettingsError(f"{prefix}aws_{given} is set but {prefix}aws_{lacking} is not: set both.")
    return found
