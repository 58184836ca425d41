"""Every key of the store, and the run time in it. Only here is a name from outside made safe for a key."""

import re
from datetime import UTC, datetime
from hashlib import sha256

from celeb_ops.core.exceptions import RunTimeError

FIRST_RUN, LAST_RUN = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Run times lie between these two: the web is no older, and a run time plus or minus any window must stay a valid
datetime."""

CSV = "Celebs.csv"
CSV_V1 = "Celebs.v1.csv"
DATAPACKAGE = "datapackage.json"
TRENDS = "Trends/"
REPORT = "Report/index.html"
DIGEST = "Report/digest.html"
PERSON_FEEDS = "Report/people/"
NOTIFIED = "Notices/people.json"
"""What was last sent for the watch list and as the digest; no person's name is in it."""
REMOVED = "removed.yaml"
"""The people who asked not to be in the dataset."""

# English whatever the locale: strftime("%b") would write "Nov." or "11月" into the keys.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_V1_TIME = re.compile(r"([A-Z][a-z]{2})_(\d{2})_(\d{4})_(\d{2})H_(\d{2})M_(\d{2})S", re.ASCII)
_STEM = re.compile(rf"[A-Z][a-z]+/([^/]+_({_V1_TIME.pattern}))[./].+", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+|\.{2,}|^\.")


def run_time(logical_date: datetime | None, run_after: datetime | None) -> datetime:
    """The run's time in UTC, in whole seconds: its logical date, or ``run_after`` where it has none."""
    when = logical_date or run_after
    if when is None:
        raise ValueError("a run has a logical date or a run_after; this one has neither")
    return checked_run_time(when)


def checked_run_time(when: datetime) -> datetime:
    """The run time in UTC, in whole seconds. RunTimeError if it is before FIRST_RUN or not before LAST_RUN."""
    if not FIRST_RUN <= when < LAST_RUN:
        raise RunTimeError(f"{when.isoformat()} is no run time: give one from {FIRST_RUN.year} to {LAST_RUN.year - 1}.")
    return when.astimezone(UTC).replace(microsecond=0)


def iso(when: datetime) -> str:
    """``2026-11-23T08:00:00Z``: a moment as the dataset writes it."""
    # Not strftime: it writes the year 22 in two digits, and the rows of such a file could not be read again.
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def parse_iso(text: str) -> datetime | None:
    """The moment of a text that :func:`iso` has written, or None for any other text."""
    try:
        # Not strptime: it takes several times as long, and a CSV of ten years has 64,000 of them.
        return datetime.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None


def v1_time(when: datetime) -> str:
    """``Nov_23_2026_08H_00M_00S``: a moment as the first version wrote it."""
    when = when.astimezone(UTC)
    return f"{MONTHS[when.month - 1]}_{when:%d}_{when.year:04d}_{when:%HH_%MM_%SS}"


def parse_v1_time(text: str) -> datetime | None:
    """The moment in the first version's time format, or None for any other text."""
    if not (found := _V1_TIME.fullmatch(text)):
        return None
    month, *others = found.groups()
    day, year, hour, minute, second = map(int, others)
    try:
        return datetime(year, MONTHS.index(month) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def time_in(key: str) -> datetime | None:
    """The run time in a key that is of a capture, ``Results/<stem>.json``; None for any other key."""
    found = _STEM.fullmatch(key)
    return parse_v1_time(found[2]) if found else None


def stem_in(key: str) -> str | None:
    """The stem of the capture that a key is of, ``Results/<stem>.json`` or ``Slices/<stem>/…``; None for any other."""
    found = _STEM.fullmatch(key)
    return found[1] if found and parse_v1_time(found[2]) else None


def safe(name: str) -> str:
    """``name`` as one path segment that can't leave its folder."""
    return _UNSAFE.sub("_", name) or "_"


def stem(site: str, when: datetime) -> str:
    """``TMZ_Nov_23_2026_08H_00M_00S``: site and run time, as the first version named its files."""
    return f"{safe(site)}_{v1_time(when)}"


def sidecar(stem: str) -> str:
    return f"Images/{stem}.json"


def image(stem: str, part: int, extension: str) -> str:
    """A screenshot's picture; ``part`` counts from 1, and only parts past the first are numbered."""
    return f"Images/{stem}{f'.{part}' if part > 1 else ''}.{extension}"


def slices(stem: str) -> str:
    """The prefix of a capture's slices and of their plan."""
    return f"Slices/{stem}/"


def plan(stem: str) -> str:
    return f"{slices(stem)}plan.json"


def slice_(stem: str, rows: tuple[int, int], columns: tuple[int, int]) -> str:
    """A slice, named by its half-open rows and columns in page pixels."""
    return f"{slices(stem)}y{rows[0]:06d}-{rows[1]:06d}_x{columns[0]:04d}-{columns[1]:04d}.jpeg"


def result(stem: str) -> str:
    return f"Results/{stem}.json"


def outcome(stem: str) -> str:
    """Why a site has no result in a run: it was skipped or failed."""
    return f"Outcomes/{stem}.json"


def crops(stem: str) -> str:
    """The prefix of a capture's crops."""
    return f"Faces/{stem}/"


def crop(stem: str, number: int) -> str:
    return f"{crops(stem)}{number}.jpeg"


def answer(recognizer: str, digest: str) -> str:
    """A recogniser's answer about a picture with this SHA-256."""
    return f"Answers/{safe(recognizer)}/{digest}.json"


def budget(when: datetime) -> str:
    """How many calls the sites of a run have taken."""
    return f"Budgets/{v1_time(when)}.json"


def captures(when: datetime) -> str:
    return f"Captures/{iso(when)[:7]}.parquet"


def sightings(when: datetime) -> str:
    return f"Sightings/{iso(when)[:7]}.parquet"


def mentions(when: datetime) -> str:
    return f"Mentions/{iso(when)[:7]}.parquet"


def is_month(key: str, table: str) -> bool:
    """Whether it is a month of a table: ``Captures/2026-11.parquet``."""
    folder, _, name = key.partition("/")
    return folder == table and re.fullmatch(r"\d{4}-\d{2}\.parquet", name, re.ASCII) is not None


def feed(extension: str, person: str = "") -> str:
    """``Report/feed.xml``; of a person on the watch list ``Report/people/Grace_Hopper.xml``."""
    if not person:
        return f"Report/feed.{extension}"
    name = safe(person)[:100]
    # Names in another script would all be `_`.
    mark = "" if name == person.replace(" ", "_") else f"-{sha256(person.encode()).hexdigest()[:8]}"
    return f"{PERSON_FEEDS}{name}{mark}.{extension}"


def trends(name: str) -> str:
    """A table of the trends."""
    return f"Trends/{safe(name)}.parquet"
