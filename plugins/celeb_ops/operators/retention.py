"""The last step of a run: removes old files."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from celeb_ops.core.text import counted

if TYPE_CHECKING:
    from celeb_ops.core.settings import Settings
    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)


def tidy(store: Store, settings: Settings) -> str | None:
    """Remove slices and pictures older than the settings allow; return a sentence about them, if any.

    Where the store forbids listing or deleting, only the log says so.
    """
    from celeb_ops.core.atomic_files import sweep
    from celeb_ops.core.exceptions import NotPermittedError
    from celeb_ops.dataset.retention import tidy_images, tidy_slices

    removed = []
    if leftovers := store.sweep() + sweep(settings.path(settings.cache)):
        removed.append(f"half-written files ({counted(leftovers, 'file')})")
    for what, days, remove in (
        ("slices", settings.keep_slices_days, tidy_slices),
        ("pictures", settings.keep_images_days, tidy_images),
    ):
        if days is None:
            continue
        try:
            tidied = remove(store, timedelta(days=days))
        except NotPermittedError as error:
            stay = f"The {what} older than {days:g} days stay, unless a lifecycle rule of the bucket applies"
            logger.warning("%s: %s", stay, error)
            continue
        if tidied.captures:
            size = f"{counted(tidied.files, 'file')}, {tidied.size / 1e6:.1f} MB"
            removed.append(f"the {what} of {counted(tidied.captures, 'capture')} ({size}), older than {days:g} days")
        if not tidied.done:
            logger.info("This step is out of time: the next run removes the remaining %s.", what)
    if not removed:
        kept = "for ever" if settings.keep_images_days is None else f"for {settings.keep_images_days:g} days"
        logger.info("Nothing to remove: slices stay for %g days, pictures %s.", settings.keep_slices_days, kept)
        return None
    sentence = f"removed {' and '.join(removed)}"
    logger.info("%s%s.", sentence[0].upper(), sentence[1:])
    return sentence
