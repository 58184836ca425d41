"""What a photo shows: one clear face or not, and whether it is a photo at all. That is kept, the photo is not."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from celeb_ops.gallery.checkpoint import keep
from celeb_ops.recognition.local.embedders import landmarks
from celeb_ops.recognition.pictures import decode

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.geometry import Box
    from celeb_ops.recognition.local.embedders import Embedding, Embedding32
    from celeb_ops.recognition.local.face_model import FaceModel
    from celeb_ops.recognition.pictures import Pixels

LEAST_PX = 50
"""Side of the smallest face that is a reference."""
TURNED = 0.4
"""How far the nose may stand from the middle of the eyes, by the eyes' distance: about a yaw of 40°."""
_GROUP = 0.35
"""Another face with this share of the largest one's side makes a group of it; smaller ones are the background."""
ONE_TINT = 4.5
"""Levels of red and blue (0–255) that a face's brightness does not tell: below, it has one tint, as bronze, stone and
old photos have. Measured: 54 of 55 colour photos of people at 4.9 and up, 55 of 55 tinted in one at 4.3 at most."""
FEW_SHADES = 0.45
"""Share of a face's pixels in its 16 most frequent shades from which on it is drawn. Measured: 55 photos of people at
0.38 at most, 51 of 55 of them reduced to four shades a colour at 0.45 and up."""
_SIDE_PX = 128
_CROP_PX = 160
_FORMAT = 1


class Why(StrEnum):
    """Why a photo does not count."""

    NO_PHOTO = "its name or category says that it is no photo"
    NOT_HAD = "could not be had"
    NO_FACE = "no face"
    SEVERAL = "several people"
    SMALL = "the face is small"
    TURNED = "turned away"
    DRAWN = "drawn: few shades"
    ONE_TINT = "one tint: a statue or an old print"
    SOMEBODY_ELSE = "shows somebody else"
    SAME_PHOTO = "the same photo as another one"
    ENOUGH = "there are enough"


@dataclass(frozen=True)
class PhotoAnalysis:
    """What was seen on a photo."""

    trouble: Why | None = None
    """Why it is no reference; None: it may be one."""
    embedding: Embedding32 | None = None
    one_tint: bool = False
    hash: int = 0
    """64 bits, of the face: near-duplicates differ in few."""
    crop: bytes = b""
    """A JPEG of the face, 160 px at most."""


def analyse(content: bytes, model: FaceModel) -> PhotoAnalysis:
    """Look at a photo. RecognitionError where it is no picture, which another download may mend."""
    pixels = decode(content)
    faces = model.find(pixels)
    if not faces:
        return PhotoAnalysis(Why.NO_FACE)
    largest = max(faces, key=lambda one: one.box.area)
    face = largest.box
    if any(other is not largest and other.box.width >= _GROUP * face.width for other in faces):
        return PhotoAnalysis(Why.SEVERAL)
    if min(face.width, face.height) < LEAST_PX:
        return PhotoAnalysis(Why.SMALL)
    if turned(pixels, face) > TURNED:
        return PhotoAnalysis(Why.TURNED)
    height, width = pixels.shape[:2]
    small = _part(pixels, face.grown(0.1).clipped(width, height)).resize(
        (_SIDE_PX, _SIDE_PX), Image.Resampling.BILINEAR
    )
    colours = np.asarray(small, float)
    if _most_frequent(colours) > FEW_SHADES:
        return PhotoAnalysis(Why.DRAWN)
    crop = _part(pixels, face.grown(0.35).clipped(width, height))
    crop.thumbnail((_CROP_PX, _CROP_PX))
    out = io.BytesIO()
    crop.save(out, "JPEG", quality=80)
    return PhotoAnalysis(
        embedding=model.embed(pixels, [largest])[0],
        one_tint=_beyond_one_tint(colours) < ONE_TINT,
        hash=_difference_hash(small),
        crop=out.getvalue(),
    )


def turned(pixels: Pixels, face: Box) -> float:
    """How far the nose stands to the side of the middle between the eyes, by the distance of the eyes."""
    # 5-point landmarks: the two corners of each eye, and the nose's base.
    points = np.array(landmarks(pixels, face), float)
    one, other, nose = points[:2].mean(axis=0), points[2:4].mean(axis=0), points[4]
    across = one - other
    length = float(np.linalg.norm(across))
    return abs(float(np.dot(nose - (one + other) / 2, across))) / length**2 if length else 0.0


def kept(folder: Path, sha1: str, model: FaceModel) -> PhotoAnalysis | None:
    """What was seen on this photo before; None: it was not looked at by this model."""
    return _read(_path(folder, sha1, model.version))


def crop_of(folder: Path, sha1: str) -> bytes:
    """The face of a photo that was looked at, by whatever model; empty: it was not."""
    looks = folder / "looks"
    versions = sorted(path.name.rpartition("-")[0] for path in looks.iterdir()) if looks.is_dir() else []
    seen = (_read(_path(folder, sha1, version)) for version in versions)
    return next((one.crop for one in seen if one and one.crop), b"")


def _read(path: Path) -> PhotoAnalysis | None:
    try:
        with np.load(path, allow_pickle=False) as told:
            embedding = np.asarray(told["embedding"], np.float32)
            # Until November 2026 the side of a small face stood behind it.
            trouble = str(told["trouble"]).partition(" (")[0]
            return PhotoAnalysis(
                Why(trouble) if trouble else None,
                embedding if embedding.size else None,
                bool(told["one_tint"]),
                int(told["hash"]),
                told["crop"].tobytes(),
            )
    except (OSError, ValueError, KeyError, EOFError):
        return None


def keep_look(folder: Path, sha1: str, seen: PhotoAnalysis, model: FaceModel) -> None:
    """Keep what was seen, for good. GalleryError where the disk refuses."""
    out = io.BytesIO()
    np.savez(
        out,
        trouble=seen.trouble or "",
        embedding=np.empty(0) if seen.embedding is None else seen.embedding,
        one_tint=seen.one_tint,
        hash=np.uint64(seen.hash),
        crop=np.frombuffer(seen.crop, np.uint8),
    )
    keep(_path(folder, sha1, model.version), out.getvalue())


def _path(folder: Path, sha1: str, version: str) -> Path:
    return folder / "looks" / f"{version}-{_FORMAT}" / sha1[:2] / f"{sha1}.npz"


def _part(pixels: Pixels, box: Box) -> Image.Image:
    return Image.fromarray(pixels[box.top : box.bottom, box.left : box.right])


def _most_frequent(colours: Embedding) -> float:
    """Share of the pixels in the 16 most frequent of 256 shades."""
    shades = (colours @ [0.299, 0.587, 0.114]).round().astype(int)
    return float(np.sort(np.bincount(shades.ravel(), minlength=256))[-16:].sum() / shades.size)


def _beyond_one_tint(colours: Embedding) -> float:
    """How far red and blue stray from a curve over brightness, in levels: a picture in one tint lies on it."""
    shades = (colours @ [0.299, 0.587, 0.114]).ravel() / 255
    curve = np.stack([shades**power for power in range(4)], axis=1)
    sides = colours.reshape(-1, 3)[:, [0, 2]]
    fitted = curve @ np.linalg.lstsq(curve, sides, rcond=None)[0]
    return float((sides - fitted).std(axis=0).max())


def _difference_hash(face: Image.Image) -> int:
    """DHash (N. Krawetz): whether each of 8 × 8 cells is brighter than the one to its right."""
    cells = np.asarray(face.convert("L").resize((9, 8), Image.Resampling.BOX), int)
    return int("".join("1" if bit else "0" for bit in (cells[:, :-1] > cells[:, 1:]).ravel()), 2)
