"""Which browsers a process runs."""

import contextlib

import psutil

from celeb_ops.core.processes import alive


def running(process: psutil.Process) -> set[psutil.Process]:
    """The browsers and drivers that a process and its children run."""
    found = set()
    for child in process.children(recursive=True):
        # One may end between two questions.
        with contextlib.suppress(psutil.NoSuchProcess):
            if alive(child) and "chrom" in child.name():
                found.add(child)
    return found
