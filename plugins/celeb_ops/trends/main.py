"""``python -m celeb_ops.trends.main``: rebuild the trends and the report (``make report``)."""

from __future__ import annotations

import sys

from celeb_ops.cli import counted
from celeb_ops.exceptions import CelebsError


def main() -> int:
    """Exit status: 0 fine, 2 a store or a file in it is unusable."""
    try:
        from celeb_ops.hooks.s3 import open_store
        from celeb_ops.report.static import write
        from celeb_ops.settings import Settings
        from celeb_ops.trends import build

        store = open_store(Settings.load())
        trends = build(store)
        write(store)
    except CelebsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not trends.captures:
        print(f"{store.url('Captures/')} has no captures yet: nothing is trending before the first run.")
    print(f"{store.url('Trends/')}: {counted(trends.captures, 'capture')}, {counted(trends.people, 'name')}.")
    print(f"Open {store.url('Report/index.html')} in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
