"""Analyses a photo: whether it shows one clear face, and whether it is a photo at all. Only the analysis is stored."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from celeb_ops.recognition.local.embedders import Embedding32, landmarks
from celeb_ops.recognition.local.gallery_file import write_file

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.geometry import Box
    from celeb_ops.recognition.local.face_model import FaceModel
    from celeb_ops.recognition.pictures import Pixels

LEAST_PX = 50
"""Side of the smallest face that is a reference."""
TURNED = 0.4
"""The largest distance of the nose from the middle of the eyes, divided by the eyes' distance: a yaw of about 40°."""
_GROUP = 0.35
"""Another face with this share of the largest one's side makes it a group; smaller ones are the background."""
_ONE_TINT = 4.5
"""Levels (0–255) by which red and blue stray from what a face's brightness predicts: below, it has one tint, as bronze,
stone and old photos have. Measured: 54 of 55 colour photos of people at 4.9 and up, 55 of 55 tinted ones at 4.3 at
most."""
_FEW_SHADES = 0.45
"""Share of a face's pixels in its 16 most frequent shades above which it is drawn. Measured: 55 photos of people at
0.38 at most, 51 of 55 of them reduced to four shades a colour at 0.45 and up."""
_SIDE_PX = 128
_CROP_PX = 160
_LUMA = (0.299, 0.587, 0.114)


class Rejection(StrEnum):
    """Why a photo is no reference."""

    NO_PHOTO = "its name or category says that it is no photo"
    NOT_FETCHED = "could not be fetched"
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
    """The analysis of a photo."""

    rejection: Rejection | None = None
    embedding: Embedding32 | None = None
    one_tint: bool = False
    hash: int = 0
    """64 bits, of the face: near-duplicates differ in few."""
    crop: bytes = b""
    """A JPEG of the face, 160 px at most."""


def analyse(pixels: Pixels, model: FaceModel) -> PhotoAnalysis:
    """RecognitionError if a model's file is missing."""
    faces = model.find(pixels)
    if not faces:
        return PhotoAnalysis(Rejection.NO_FACE)
    largest = max(faces, key=lambda one: one.box.area)
    face = largest.box
    if any(other is not largest and other.box.width >= _GROUP * face.width for other in faces):
        return PhotoAnalysis(Rejection.SEVERAL)
    if min(face.width, face.height) < LEAST_PX:
        return PhotoAnalysis(Rejection.SMALL)
    if turned(pixels, face) > TURNED:
        return PhotoAnalysis(Rejection.TURNED)
    small = _crop(pixels, face, 0.1).resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BILINEAR)
    colours = np.asarray(small, float).reshape(-1, 3)
    shades = colours @ _LUMA
    # Share of the pixels in the 16 most frequent of 256 shades.
    if np.sort(np.bincount(shades.round().astype(int), minlength=256))[-16:].sum() > _FEW_SHADES * len(shades):
        return PhotoAnalysis(Rejection.DRAWN)
    # How far red and blue stray from a curve over brightness: a picture in one tint lies on it.
    curve = np.stack([(shades / 255) ** power for power in range(4)], axis=1)
    sides = colours[:, [0, 2]]
    strays = (sides - curve @ np.linalg.lstsq(curve, sides, rcond=None)[0]).std(axis=0).max()
    crop = _crop(pixels, face, 0.35)
    crop.thumbnail((_CROP_PX, _CROP_PX))
    out = io.BytesIO()
    crop.save(out, "JPEG", quality=80)
    # DHash (N. Krawetz): whether each of 8 × 8 cells is brighter than the one to its right.
    cells = np.asarray(small.convert("L").resize((9, 8), Image.Resampling.BOX), int)
    bits = np.packbits(cells[:, :-1] > cells[:, 1:])
    return PhotoAnalysis(
        embedding=model.embed(pixels, [largest])[0],
        one_tint=bool(strays < _ONE_TINT),
        hash=int.from_bytes(bits.tobytes()),
        crop=out.getvalue(),
    )


def turned(pixels: Pixels, face: Box) -> float:
    """The sideways distance of the nose from the middle between the eyes, divided by the eyes' distance."""
    # 5-point landmarks: the two corners of each eye, and the nose's base.
    points = np.array(landmarks(pixels, face), float)
    one, other, nose = points[:2].mean(axis=0), points[2:4].mean(axis=0), points[4]
    across = one - other
    squared = float(across @ across)
    return abs(float((nose - (one + other) / 2) @ across)) / squared if squared else 0.0


def _crop(pixels: Pixels, face: Box, margin: float) -> Image.Image:
    box = face.grown(margin).clipped(pixels.shape[1], pixels.shape[0])
    return Image.fromarray(pixels[box.top : box.bottom, box.left : box.right])


def load(cache: Path, sha1: str, model: FaceModel) -> PhotoAnalysis | None:
    """The stored analysis of a photo by this model, if there is one."""
    return _read(_path(cache, sha1, model.version))


def crop_of(cache: Path, sha1: str) -> bytes:
    """The face on an analysed photo, whatever model did it; empty: there is none."""
    stored = map(_read, sorted(cache.glob(f"looks/*/{sha1[:2]}/{sha1}.npz")))
    return next((one.crop for one in stored if one and one.crop), b"")


def save(cache: Path, sha1: str, analysis: PhotoAnalysis, model: FaceModel) -> None:
    """GalleryError if the file can't be written."""
    out = io.BytesIO()
    np.savez(
        out,
        trouble=analysis.rejection or "",
        embedding=np.empty(0) if analysis.embedding is None else analysis.embedding,
        one_tint=analysis.one_tint,
        hash=np.uint64(analysis.hash),
        crop=np.frombuffer(analysis.crop, np.uint8),
    )
    write_file(_path(cache, sha1, model.version), out.getvalue())


def _read(path: Path) -> PhotoAnalysis | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            embedding = np.asarray(stored["embedding"], np.float32)
            # Until November 2026 the size of a small face followed.
            rejection = str(stored["trouble"]).partition(" (")[0]
            return PhotoAnalysis(
                Rejection(rejection) if rejection else None,
                embedding if embedding.size else None,
                bool(stored["one_tint"]),
                int(stored["hash"]),
                stored["crop"].tobytes(),
            )
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _path(cache: Path, sha1: str, version: str) -> Path:
    return cache / "looks" / f"{version}-1" / sha1[:2] / f"{sha1}.npz"
