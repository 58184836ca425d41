"""The gallery's photos of people who asked not to be in the dataset, and what was made of them."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.local.gallery_photos import photos_in

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.recognition.local.gallery_file import GalleryContent


def forget_photos(gallery: Path, cache: Path, removed: RemovalList, delete: bool, dry: bool) -> Counter[str]:
    """Delete what the recogniser has made of their photos.

    :param delete: the photos too, which are the user's own, and their entries in the gallery's file.
    :param dry: only count.
    """
    done: Counter[str] = Counter()
    made: list[Path] = []
    folders: set[Path] = set()
    for name, photo in photos_in(gallery) if gallery.is_dir() else ():
        if removed.holds(name):
            made += (cache / "embeddings").glob(f"*/{hashlib.sha256(photo.read_bytes()).hexdigest()}.npy")
            folders.add(photo.parent)
            done["photos" if delete else "photos kept"] += 1
    path = gallery / gallery_file.FILE
    whole = gallery_file.read(path) if path.is_file() else None
    theirs = [one for one in whole.entries if removed.holds(*one.person.names)] if whole else []
    for entry in theirs:
        for one in entry.references:
            made += (cache / "gallery" / "looks").glob(f"*/{one.sha1[:2]}/{one.sha1}.npz")
        done[f"people of {path.name}" if delete else "photos kept"] += 1 if delete else len(entry.references)
    done["embeddings of photos"] += len(made)
    if dry:
        return done
    for embedding in made:
        embedding.unlink(missing_ok=True)
    if delete:
        for folder in folders:
            shutil.rmtree(folder)
        if whole and theirs:
            gallery_file.write(path, _without(whole, {one.person.name for one in theirs}, removed))
    return done


def _without(whole: GalleryContent, gone: set[str], removed: RemovalList) -> GalleryContent:
    pairs = tuple(pair for pair in whole.about.confusable if not gone & set(pair[:2]))
    return replace(
        whole,
        entries=[one for one in whole.entries if one.person.name not in gone],
        about=replace(whole.about, confusable=pairs),
        left_out=[one for one in whole.left_out if not removed.holds(one[1])],
    )
