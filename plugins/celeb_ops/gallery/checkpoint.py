"""What a build keeps while it is under way, so that a second call goes on where the first one ended."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from celeb_ops.core.atomic_files import write
from celeb_ops.core.exceptions import GalleryError

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.gallery.query import Query

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
    def begin(cls, folder: Path, wish: Query) -> Build:
        """The build of this wish that is not done yet; where there is none, a new one."""
        note, answers = folder / "build.json", folder / "answers"
        now = datetime.now(UTC)
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(note.read_bytes())
            began = datetime.fromisoformat(told["began"])
            if told["wish"] == json.loads(json.dumps(asdict(wish))) and now - began < _GOOD_FOR:
                return cls(began, answers, True)
        shutil.rmtree(answers, ignore_errors=True)
        keep(note, json.dumps({"began": now.isoformat(), "wish": asdict(wish)}).encode())
        return cls(now, answers, False)

    def done(self) -> None:
        """The next call asks again."""
        (self.answers.parent / "build.json").unlink(missing_ok=True)
        shutil.rmtree(self.answers, ignore_errors=True)


def keep(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all. GalleryError where the disk refuses."""
    try:
        write(path, content)
    except OSError as error:
        raise GalleryError(f"{path} can't be written: {error.strerror or error}.") from None
