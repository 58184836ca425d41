"""``python -m celeb_ops.cli.main run|demo|up``: the command line behind the make targets."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from celeb_ops import keys
from celeb_ops.cli import parsed
from celeb_ops.exceptions import CelebsError, RunTimeError
from celeb_ops.settings import PROJECT


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 fine, 1 a site or the run failed, 2 bad input, 130 interrupted."""
    options = parsed(_parser(), arguments)
    try:
        if options.command == "up":
            from celeb_ops.cli.up import up

            return up(options.port, options.airflow_home)
        if options.command == "demo":
            from celeb_ops.cli.demo import demo

            return demo(options.date, options.sites, options.airflow_home, options.store)
        from celeb_ops.cli.run import run

        wishes = {"on_past": options.on_past, "recapture": options.recapture, "rerecognise": options.rerecognise}
        return run(options.date, options.sites, options.airflow_home, wishes)
    except CelebsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was finished is in the store; run the same again to go on.\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="celeb_ops", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("run", "the DAG once"), ("demo", "the DAG once on a made-up newsroom")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--date", type=moment, default=None, help="run time, e.g. 2026-11-20T08:00 (UTC)")
        command.add_argument("--sites", type=names, default=[], help="names, separated by commas")
        _add_home(command, "run")
        if name == "demo":
            # For the tests: a person's demo is always in the same place.
            command.add_argument("--store", default=None, help=argparse.SUPPRESS)
        else:
            command.add_argument(
                "--on-past",
                choices=["archive", "skip"],
                default="archive",
                help="what stands for a page that can't be seen any more: its copy in the archive, or nothing",
            )
            command.add_argument("--recapture", action="store_true", help="capture anew what is stored already")
            command.add_argument("--rerecognise", action="store_true", help="recognise anew what is stored")
    command = commands.add_parser("up", help="Airflow with its UI and the schedule")
    command.add_argument("--port", type=_port, default=8080)
    _add_home(command, "up")
    return parser


def _add_home(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument(
        "--airflow-home",
        # Airflow takes no relative path for its database.
        type=lambda text: Path(text).expanduser().resolve(),
        default=PROJECT / ".airflow" / name,
        help="where Airflow keeps its database and logs; one run at a time",
    )


def moment(text: str) -> datetime:
    """A run time: ISO 8601, UTC where it names no zone, in whole seconds."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write it like 2026-11-20T08:00") from None
    try:
        return keys.checked_run_time(when if when.tzinfo else when.replace(tzinfo=UTC))
    except RunTimeError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def _port(text: str) -> int:
    if not (text.isdecimal() and len(text) <= 5 and 0 < int(text) < 65_536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1 to 65535")
    return int(text)


def names(text: str) -> list[str]:
    """Names, separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


if __name__ == "__main__":
    sys.exit(main())
