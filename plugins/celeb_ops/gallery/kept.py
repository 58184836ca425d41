"""What a build keeps while it is under way, so that a second call goes on where the first one ended."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from celeb_ops.exceptions import GalleryError
from celeb_ops.parts import written

if TYPE_CHECKING:
    from pathlib import Path

_GOOD_FOR = timedelta(days=7)
"""How old what Wikimedia answered may be for a build to go on with it."""


@dataclass(frozen=True)
class Build:
    """A build under way."""

    began: datetime
    answers: Path
    """Folder of what Wikimedia answered in it."""
    resumed: bool

    @classmethod
    def begin(cls, folder: Path, wish: Any) -> Build:
        """The build of this wish that is not done yet; where there is none, a new one.

        :param wish: a dataclass of what is wanted: another one is another build.
        """
        note, answers = folder / "build.json", folder / "answers"
        wanted = json.loads(json.dumps(asdict(wish)))
        now = datetime.now(UTC)
        try:
            told = json.loads(note.read_bytes())
            began = datetime.fromisoformat(told["began"])
            if told["wish"] == wanted and now - began < _GOOD_FOR:
                return cls(began, answers, True)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        shutil.rmtree(answers, ignore_errors=True)
        keep(note, json.dumps({"began": now.isoformat(), "wish": wanted}).encode())
        return cls(now, answers, False)

    def done(self) -> None:
        """The next call asks anew."""
        (self.answers.parent / "build.json").unlink(missing_ok=True)
        shutil.rmtree(self.answers, ignore_errors=True)


def keep(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all. GalleryError where the disk refuses."""
    try:
        with written(path) as file:
            file.write(content)
    except OSError as error:
        raise GalleryError(f"{path} can't be written: {error.strerror or error}.") from None
