"""Every error that a user can meet, with a sentence: what happened, to what, and what to do."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar

from celeb_ops.core.text import cleaned


class ReasonCode(StrEnum):
    """Why a site has no result in a run, for programs; the sentence beside it is for people."""

    NO_ANSWER = "no_answer"
    UNKNOWN_HOST = "unknown_host"
    CERTIFICATE = "certificate"
    REDIRECT_LOOP = "redirect_loop"
    INTERNAL_ADDRESS = "internal_address"
    PAGE_REFUSED = "page_refused"
    """HTTP 4xx."""
    SERVER_FAILED = "server_failed"
    """HTTP 5xx, or 429."""
    BLOCKED_PAGE = "blocked_page"
    BLANK_PAGE = "blank_page"
    EMPTY_PICTURE = "empty_picture"
    BROWSER = "browser"
    ARCHIVE = "archive"
    """The archive could not be asked; ``NOT_ARCHIVED``: it has no copy of the page."""
    NOT_ARCHIVED = "not_archived"
    OUTSIDE_WINDOW = "outside_window"
    """The run time is too far from now for the live page, and the archive is not asked."""
    PICTURES_GONE = "pictures_gone"
    RECOGNITION = "recognition"
    BUDGET = "budget"
    STORE = "store"
    RECORD = "record"
    """A file of a step in the store can't be used."""
    SETUP = "setup"
    """Settings, sites file or gallery."""
    TIMEOUT = "timeout"
    KILLED = "killed"
    """A step ended without a reason."""
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> ReasonCode:
        # A newer version's code: this one reads on.
        return cls.OTHER


class CelebsError(Exception):
    """Base of this project's errors. A task that fails with one is tried again."""

    reason_code: ClassVar[ReasonCode] = ReasonCode.OTHER
    """``NO_ANSWER`` of ``NoAnswerError``; where no code has the class's name, that of its base class."""

    def __init_subclass__(cls) -> None:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Error")).upper()
        cls.reason_code = ReasonCode.__members__.get(name, cls.reason_code)


class PermanentError(CelebsError):
    """A second try would fail too: the task fails at once."""


class SettingsError(PermanentError):
    """A setting (environment or ``.env``) is unusable."""

    reason_code = ReasonCode.SETUP


class SitesError(PermanentError):
    """The sites file, or a choice of sites, is unusable."""

    reason_code = ReasonCode.SETUP


class GalleryError(PermanentError):
    """The gallery of the local recogniser is unusable."""

    reason_code = ReasonCode.SETUP


class WikimediaError(CelebsError):
    """Wikidata or Wikimedia Commons refused, or gave no usable answer."""


class NotAtWikimediaError(WikimediaError):
    """Wikimedia does not give this (HTTP 4xx)."""


class OfflineError(WikimediaError):
    """Wikimedia can't be reached at all."""


class RunTimeError(PermanentError):
    """A run's time at which nobody can have seen a page."""


class InvalidKeyError(PermanentError):
    """A key that would leave the store."""


class StoreError(CelebsError):
    """The store could not be read or written."""


class StoreRefusedError(StoreError, PermanentError):
    """The store would refuse again: no such bucket, unknown keys, a missing permission."""


class NotPermittedError(StoreRefusedError):
    """The account lacks the permission for this; it may have others."""


class NotStoredError(StoreError):
    """A key that should be in the store is not there."""


class UpdateConflictError(StoreError):
    """Others changed the file at every attempt to change it."""


class RecordError(PermanentError):
    """A file in the store is not what its name says."""


class ExportError(PermanentError):
    """An export can't be made as asked."""


class ForgetError(PermanentError):
    """A person or run to remove is not in the dataset, or not clear."""


class CaptureError(CelebsError):
    """A page could not be captured this time."""

    def __init__(self, sentence: str) -> None:
        # The browser's message is in it, and in that the page's words.
        super().__init__(cleaned(sentence))


class BrowserError(CaptureError):
    """The browser could not be started, or failed."""


class BrowserCrashedError(BrowserError):
    """The browser, or the process that showed the page, died."""


class GreedyPageError(BrowserCrashedError, PermanentError):
    """A page filled the disk, and would again; its browser was ended."""


class BrowserHungError(BrowserError):
    """The browser gave no answer within its time."""


class NoAnswerError(CaptureError):
    """The site gave no answer, or none in time."""


class UnknownHostError(NoAnswerError):
    """The site's host name was not found."""


class InternalAddressError(CaptureError, PermanentError):
    """The page led to an address inside the network that its site may not reach."""


class CertificateError(CaptureError, PermanentError):
    """No safe connection to the site can be made."""


class RedirectLoopError(CaptureError, PermanentError):
    """The site redirects in a circle."""


class PageRefusedError(CaptureError, PermanentError):
    """The site refused its page (HTTP 4xx)."""


class ServerFailedError(CaptureError):
    """The site has trouble (HTTP 5xx), or is asked too often (429)."""


class BlockedPageError(CaptureError):
    """The site showed a page that stands in for its own: a captcha, an error page."""


class BlankPageError(CaptureError):
    """The site showed a page with almost nothing on it."""


class EmptyPictureError(CaptureError):
    """A picture is empty, undecodable, of the wrong size or of one colour."""


class DamagedScreenshotError(EmptyPictureError, PermanentError):
    """A screenshot in the store lacks rows or can't be decoded."""


class ArchiveError(CaptureError):
    """The archive of past pages could not be asked."""


class ArchiveBusyError(ArchiveError):
    """The archive wants to be asked later."""


class NotArchivedError(CaptureError, PermanentError):
    """The archive has no copy of the page from that time that shows it."""


class PictureGoneError(DamagedScreenshotError):
    """A screenshot's facts are in the store, its picture is not any more."""

    reason_code = ReasonCode.PICTURES_GONE


class RecognitionError(CelebsError):
    """The recogniser gave no usable answer."""


class MissedError(PermanentError):
    """A site failed at its time, and its page can't be seen any more."""


class BudgetError(PermanentError):
    """The run has used up its calls of Rekognition."""


class SiteFailedError(PermanentError):
    """A site of the run failed: raised by the watcher, so that the run is red."""
