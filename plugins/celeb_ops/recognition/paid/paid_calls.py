"""Paid requests about a page: each picture once, several at a time, within a budget."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.recognition.detections import Detection, deduplicated, on_every_slice, on_slice
from celeb_ops.recognition.local.detector import find_faces
from celeb_ops.recognition.paid.budget import Budget
from celeb_ops.recognition.paid.contact_sheets import Cell, cell_of, contact_sheets
from celeb_ops.recognition.paid.response_cache import CachedResponse
from celeb_ops.recognition.pictures import decode
from celeb_ops.recognition.recognizer import Face, Recognizer
from celeb_ops.slicing.cut import encoded
from celeb_ops.slicing.layout import MIN_SIDE_PX, OVERLAP_PX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celeb_ops.core.records import Plan, Screenshot, Slice
    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)

_MOST_FACES = 64
"""Rekognition returns the 64 largest faces: a picture with 64 may have more."""
_HALVINGS = 2
"""The number of times that a picture full of faces is halved: quarters hold 256. Ever smaller faces would cost
thousands of calls."""


@dataclass(frozen=True)
class RequestOptions:
    """Options of the requests."""

    concurrency: int = 4
    sheets: bool = False
    """Detect faces locally and send contact sheets instead of slices."""
    budget: int | None = None
    """Most calls of a run, on all sites."""
    since: datetime | None = None
    """Older responses in the cache do not count."""


def detect(
    plan: Plan, screenshot: Screenshot, recognizer: Recognizer, stem: str, store: Store, options: RequestOptions
) -> tuple[list[Detection], int, list[str]]:
    """The faces of a page, some of them twice where slices overlap.

    :return: the faces, the number of paid calls, and what was skipped.
    :raises BudgetError: the page needs more calls than the run has left.
    """
    not_looked_at: list[str] = []
    if options.sheets:
        requests, not_looked_at = _sheets(plan, stem, store)
    else:
        # Slices are read when they are sent: those of a tall page are too large to hold.
        requests = [
            Request(one.key, partial(store.read, one.key), partial(on_slice, one=one), True) for one in plan.slices
        ]
    budget = Budget(store, screenshot.site, screenshot.time, options.budget)
    sender = RequestSender(recognizer, store, budget, stem, options)
    detections = sender.send(requests)
    if sender.still_full:
        not_looked_at.append(f"{sender.still_full:,} parts of slices with more faces than an answer holds")
    return detections, len(sender.paid), not_looked_at


def _sheets(plan: Plan, stem: str, store: Store) -> tuple[list[Request], list[str]]:
    """Requests with the faces that our own detector finds, and what it did not look at."""
    cells: dict[Detection, Cell] = {}

    def see(one: Slice, content: bytes, areas: Sequence[Box]) -> list[Detection]:
        pixels = decode(content)
        height, width = pixels.shape[:2]
        found = on_slice([Face(face.box.clipped(width, height)) for face in find_faces(pixels, areas)], one)
        cells.update((face, cell_of(pixels, face)) for face in found)
        return found

    found, not_looked_at = on_every_slice(plan, store, see)
    # A face in two slices is sent once.
    sheets = contact_sheets(f"{stem} faces", [cells[face] for face in deduplicated(found)])
    return [Request(sheet.name, partial(bytes, sheet.content), sheet.detections) for sheet in sheets], not_looked_at


@dataclass(frozen=True)
class Request:
    """A picture to send."""

    name: str
    """Detections that share it are distinct faces."""
    load: Callable[[], bytes]
    place: Callable[[list[Face]], list[Detection]]
    """The faces of a response, placed on the page."""
    in_store: bool = False
    """Whether its name is a key of the store."""
    part: Box | None = None
    """This picture's box within the one ``place`` expects."""

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.load()).hexdigest()

    def detections(self, faces: list[Face]) -> list[Detection]:
        """The faces of a response, placed on the page."""
        if self.part is None:
            return self.place(faces)
        left, top, width, height = self.part
        inside = Box(left + 1, top + 1, width - 2, height - 2)
        return [
            replace(
                one,
                source=self.name,
                touches_edge=one.touches_edge or inside.intersection(one.face.box) < one.face.box.area,
            )
            for one in self.place([replace(face, box=face.box.moved(left, top)) for face in faces])
        ]

    def halves(self) -> list[Request]:
        """Its two halves, which overlap by the largest face to be expected; none if they would be too small."""
        pixels = decode(self.load())
        height, width = pixels.shape[:2]
        long = max(height, width)
        half = (long + min(OVERLAP_PX, long // 4)) // 2
        if half < MIN_SIDE_PX or half >= long:
            return []
        wide, high = (width, half) if height >= width else (half, height)
        left, top = (self.part or Box(0, 0, width, height))[:2]
        return [
            Request(
                f"{self.name}#{x},{y}",
                partial(bytes, encoded(pixels[y : y + high, x : x + wide])),
                self.place,
                part=Box(left + x, top + y, wide, high),
            )
            for x, y in ((0, 0), (width - wide, height - high))
        ]


@dataclass
class RequestSender:
    """Sends the requests of one capture."""

    recognizer: Recognizer
    store: Store
    budget: Budget
    stem: str
    """The capture's."""
    options: RequestOptions
    still_full: int = 0
    """Parts of pictures that may show more faces than their response has."""
    paid: set[str] = field(default_factory=set)
    """Digests of the pictures that this capture paid for, in this try or an earlier one."""

    def send(self, requests: Sequence[Request]) -> list[Detection]:
        """The detections of all requests.

        :raises BudgetError: the missing responses would exceed the budget; none was requested.
        """
        detections: list[Detection] = []
        for _ in range(_HALVINGS + 1):
            responses = self._responses({request.digest: request for request in requests})
            full = []
            for request in requests:
                faces = responses[request.digest].faces
                detections += request.detections(faces)
                if len(faces) >= _MOST_FACES:
                    full.append(request)
            self.still_full = len(full)
            requests = [half for request in full for half in request.halves()]
            if not requests:
                break
        return detections

    def _responses(self, requests: dict[str, Request]) -> dict[str, CachedResponse]:
        """Responses by digest."""
        cached = partial(CachedResponse.find, self.store, self.recognizer.info, since=self.options.since)
        with ThreadPoolExecutor(self.options.concurrency, thread_name_prefix="request") as pool:
            responses = {digest: one for digest, one in zip(requests, pool.map(cached, requests), strict=True) if one}
            missing = [digest for digest in requests if digest not in responses]
            logger.info("%d pictures, %d of them in the response cache", len(requests), len(responses))
            self.paid |= {digest for digest, response in responses.items() if response.asked_by == self.stem}
            self.budget.take(self.paid, missing)
            try:
                calls = [pool.submit(self._call, requests[digest]) for digest in missing]
                wait(calls, return_when=FIRST_EXCEPTION)
            finally:
                # What is under way is paid for and cached; after a failure nothing more begins.
                pool.shutdown(cancel_futures=True)
        # In order, so that the first failed call raises its error.
        responses.update(zip(missing, (call.result() for call in calls), strict=True))
        self.paid.update(missing)
        return responses

    def _call(self, request: Request) -> CachedResponse:
        faces = self.recognizer.recognize(request.load(), key=request.name if request.in_store else None)
        info = self.recognizer.info
        response = CachedResponse(recognizer=info, asked_by=self.stem, asked_at=datetime.now(UTC), faces=faces)
        response.save(self.store, keys.answer(info.name, request.digest))
        logger.info("%s: %d faces", request.name, len(faces))
        return response
