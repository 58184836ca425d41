"""The command ``celebs``, which the make targets call.

Each command imports what it needs: ``--help`` or a wrong option must not wait.
"""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from celeb_ops.core import keys
from celeb_ops.core.exceptions import CelebsError, ForgetError, RunTimeError, WikimediaError
from celeb_ops.core.settings import PROJECT
from celeb_ops.core.text import printable

app = typer.Typer(
    help="Who does the press show?",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)
gallery = typer.Typer(help="The people that the local recogniser knows.", no_args_is_help=True)
app.add_typer(gallery, name="gallery")

_STOPPED = {
    "gallery": "What was fetched is kept: `make gallery` goes on from there.",
    "forget": "Do the same again, and it goes on to the end.",
    "export": "Nothing was exported.",
}
_STOPPED_RUN = "What was finished is in the store; run the same again to go on."


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 success, 1 failure, 2 bad input, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        for one in words:
            if printable(one) != one:
                raise typer.BadParameter(f"{one!a} contains a character that text cannot have")
        status: int = app(words, prog_name="celebs", standalone_mode=False)
        if status == 130:
            sys.stderr.write(f"Stopped. {_STOPPED.get(words[0], _STOPPED_RUN)}\n")
    except typer.TyperException as error:
        sys.stderr.write(f"{error.format_message().removesuffix('.')}.\n")
        return error.exit_code
    except CelebsError as error:
        sys.stderr.write(f"{error}\n")
        return 1 if isinstance(error, WikimediaError) else 2
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return status


def parse_time(text: str) -> datetime:
    """A run time: ISO 8601, UTC where it names no zone, in whole seconds."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write it like 2026-11-20T08:00") from None
    try:
        return keys.checked_run_time(when if when.tzinfo else when.replace(tzinfo=UTC))
    except RunTimeError as error:
        raise typer.BadParameter(str(error)) from None


def names(text: str) -> list[str]:
    """Names, separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _moment(name: str, about: str) -> Any:
    return typer.Option(name, parser=parse_time, metavar="TIME", help=f"{about}, e.g. 2026-11-20T08:00 (UTC)")


Date = Annotated[datetime | None, _moment("--date", "run time")]
Sites = Annotated[str, typer.Option(metavar="NAMES", help="only these sites; commas between them")]
AirflowHome = Annotated[
    # Airflow takes no relative path for its database.
    Path,
    typer.Option(resolve_path=True, help="where Airflow keeps its database and logs; one run at a time"),
]


@app.command()
def run(
    date: Date = None,
    sites: Sites = "",
    on_past: Annotated[
        Literal["archive", "skip"],
        typer.Option(help="for a page that can't be seen any more: use its copy in the archive, or skip it"),
    ] = "archive",
    recapture: Annotated[bool, typer.Option("--recapture", help="capture again what is stored already")] = False,
    rerecognise: Annotated[bool, typer.Option("--rerecognise", help="recognise again what is stored")] = False,
    airflow_home: AirflowHome = PROJECT / ".airflow" / "run",
) -> int:
    """Run the DAG once."""
    from celeb_ops.cli.run import run

    options = {"on_past": on_past, "recapture": recapture, "rerecognise": rerecognise}
    return run(date, names(sites), airflow_home, options)


@app.command()
def demo(
    date: Date = None,
    sites: Sites = "",
    airflow_home: AirflowHome = PROJECT / ".airflow" / "run",
    # For tests only.
    store: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> int:
    """Run the DAG once on a made-up newsroom."""
    from celeb_ops.cli.demo import demo

    return demo(date, names(sites), airflow_home, store)


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    airflow_home: AirflowHome = PROJECT / ".airflow" / "up",
) -> int:
    """Airflow with its UI, schedule on, until Ctrl-C."""
    from celeb_ops.cli.up import up

    return up(port, airflow_home)


@app.command()
def airflow(
    arguments: Annotated[str, typer.Argument(help="in one word, as a shell takes it: 'dags list --output json'")] = "",
    airflow_home: AirflowHome = PROJECT / ".airflow" / "up",
) -> int:
    """Airflow's own command on the Airflow of `celebs up`."""
    from celeb_ops.cli.airflow_home import run_airflow

    return run_airflow(arguments, airflow_home)


@app.command()
def report() -> int:
    """Rebuild the trends and the report."""
    from celeb_ops.core.settings import Settings
    from celeb_ops.core.text import counted
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.report.writing import write_report
    from celeb_ops.trends import build

    settings = Settings.load()
    store = open_store(settings)
    trends = build(store)
    write_report(store, settings)
    if not trends.captures:
        print(f"{store.url('Captures/')} has no captures yet: nothing is trending before the first run.")
    print(f"{store.url('Trends/')}: {counted(trends.captures, 'capture')}, {counted(trends.people, 'name')}.")
    print(f"Open {store.url('Report/index.html')} in a browser.")
    return 0


@app.command()
def shot(
    what: Annotated[str, typer.Argument(help="a page's address, or the name of a site in the sites file")],
    options: Annotated[str, typer.Option(help="as in the sites file: 'hide: [.ad], mobile: true'")] = "",
    out: Annotated[Path, typer.Option(help="a folder for the page")] = Path("shot"),
) -> int:
    """One page as a run would see it; the dataset is not touched."""
    from celeb_ops.cli.shot import shot

    return shot(what, options, out)


@app.command()
def doctor(
    sites: Sites = "",
    out: Annotated[Path, typer.Option(help="the file to send")] = Path("doctor.txt"),
) -> int:
    """What works from this machine; each site is opened once, and no paid call is made."""
    from celeb_ops.cli.doctor import doctor

    # The table's sentences say what the log would. Here, not in there: it holds for the whole process.
    logging.getLogger("celeb_ops").setLevel(logging.ERROR)
    return doctor(names(sites), out)


@app.command()
def review(
    what: Annotated[
        str,
        typer.Argument(help="a dataset's folder (its latest run, and its gallery/), or a key Results/….json"),
    ] = "",
    out: Annotated[Path, typer.Option(help="the page's file")] = Path("review.html"),
) -> int:
    """One page with the names of a run on its screenshots."""
    from itertools import count
    from urllib.parse import quote

    from celeb_ops.core.settings import Settings
    from celeb_ops.core.store import FolderStore
    from celeb_ops.core.text import counted
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.report.review import latest, review

    settings = Settings.load()
    folder = Path(what) if what and not what.endswith(".json") else None
    store = FolderStore(folder) if folder else open_store(settings)
    results = latest(store) if folder or not what else [what]
    beside = folder / "gallery" if folder else None
    known = beside if beside and beside.is_dir() else settings.path(settings.gallery)
    pictures = out.with_name(f"{out.stem}_files")
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("*.jpg"):
        old.unlink()
    number = count(1)

    def keep(content: bytes) -> str:
        path = pictures / f"{next(number):04}.jpg"
        path.write_bytes(content)
        return quote(f"{pictures.name}/{path.name}")

    page = review(store, results, known, keep, settings.path(settings.cache))
    out.write_text(page, encoding="utf-8")
    print(f"{out}, with its pictures in {pictures.name}: {counted(len(results), 'site')}. Open it in a browser.")
    return 0


@app.command()
def export(
    start: Annotated[datetime | None, _moment("--from", "the first run time")] = None,
    stop: Annotated[datetime | None, _moment("--to", "up to, and without, this run time")] = None,
    sites: Sites = "",
    format: Annotated[
        Literal["csv", "parquet", "json"], typer.Option(case_sensitive=False, help="json: one row per line (.jsonl)")
    ] = "csv",
    out: Annotated[Path, typer.Option(help="a new folder")] = Path("export"),
) -> int:
    """Write the dataset's rows as files to hand on."""
    from rich.console import Console
    from rich.table import Column, Table

    from celeb_ops.core.settings import Settings
    from celeb_ops.dataset.export import Selection, export
    from celeb_ops.hooks.s3 import open_store

    console = Console()
    selection = Selection(start, stop, tuple(name.upper() for name in names(sites)))
    table = Table("file", Column("rows", justify="right"), Column("MB", justify="right"))
    for file in export(open_store(Settings.load()), selection, format, out, console):
        table.add_row(str(out / file.name), f"{file.rows:,}", f"{file.size / 1e6:.1f}")
    console.print(table)
    console.print(f"What the columns mean: {out / keys.DATAPACKAGE}, docs/dataset.md", highlight=False)
    return 0


@app.command()
def forget(
    name: Annotated[str, typer.Argument(help="the whole name; default: everybody in removed.yaml again")] = "",
    alias: Annotated[list[str] | None, typer.Option(help="another spelling or name; may be given often")] = None,
    run: Annotated[datetime | None, _moment("--run", "a run by its time")] = None,
    sites: Sites = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, change nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="also if nobody has that name, or there is no such run")] = False,
    gallery: Annotated[bool, typer.Option("--gallery", help="delete their photos in CELEBS_GALLERY too")] = False,
) -> int:
    """Remove a person for good, or a run, from the dataset."""
    if run and (name or alias or gallery):
        raise ForgetError(
            "Give NAME, to remove a person from all runs, or RUN, to remove a run; not both. "
            "ALIAS and GALLERY belong to NAME. Nothing was changed."
        )
    if sites and not run:
        raise ForgetError("SITES are those of a RUN: make forget RUN=2026-11-20T08:00 SITES=TMZ. Nothing was changed.")
    from celeb_ops.cli.forget import forget_person, forget_run

    if run:
        return forget_run(run, names(sites), dry=dry_run, anyway=yes)
    return forget_person(name.strip(), alias or [], delete_photos=gallery, dry=dry_run, anyway=yes)


@gallery.command()
def build(
    count: Annotated[int, typer.Option(help="how many people")] = 1_000,
    occupations: Annotated[str, typer.Option(help="words or QIDs with commas between them (default: all)")] = "",
    countries: Annotated[str, typer.Option(help="codes like US,GB, or QIDs (default: all)")] = "",
    people: Annotated[str, typer.Option(help="names and QIDs, or a file with one a line: these and no others")] = "",
) -> int:
    """Make the gallery from Wikidata and Commons, or bring it up to date."""
    from celeb_ops.cli.gallery import build
    from celeb_ops.gallery.query import Query

    return build(Query.parse(count, occupations, countries, people))


@gallery.command()
def show(
    name: Annotated[str, typer.Argument(help="name, other name, or QID")],
    out: Annotated[Path, typer.Option(help="the page's file")] = Path("gallery-person.html"),
) -> int:
    """A page with somebody's reference faces."""
    from celeb_ops.cli.gallery import show

    return show(name, out)


@gallery.command()
def info() -> int:
    """Who is in it, who is not and why, who looks alike."""
    from celeb_ops.cli.gallery import info

    return info()


@gallery.command()
def check(folder: Annotated[Path | None, typer.Argument(help="default: CELEBS_GALLERY")] = None) -> int:
    """Look at every photo of your own."""
    from celeb_ops.cli.gallery import check

    return check(folder)


@app.command()
def docs() -> int:
    """Write the columns of docs/dataset.md again, from the schema."""
    from celeb_ops.dataset.schema import with_columns

    page = PROJECT / "docs" / "dataset.md"
    page.write_text(with_columns(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
