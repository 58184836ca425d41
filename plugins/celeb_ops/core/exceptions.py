"""Every error a user can meet: one class each, with a sentence that says what happened, to what, and what to do."""

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
    """What a step left in the store can't be used."""
    SETUP = "setup"
    """Settings, sites file or gallery."""
    TIMEOUT = "timeout"
    KILLED = "killed"
    """A step ended without leaving a reason."""
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> ReasonCode:
        # One of a newer version: an older one reads on.
        return cls.OTHER


class CelebsError(Exception):
    """Base of this project's errors. A task that meets one is tried again."""

    reason_code: ClassVar[ReasonCode] = ReasonCode.OTHER
    """Of ``NoAnswerError`` it is ``NO_ANSWER``; where no code has the class's name, that of the class above."""

    def __init_subclass__(cls) -> None:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Error")).upper()
        cls.reason_code = ReasonCode.__members__.get(name, cls.reason_code)


class PermanentError(CelebsError):
    """A second try would meet the same: the task fails at once."""


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
    """Wikimedia answered that it will not give this (HTTP 4xx)."""


class OfflineError(WikimediaError):
    """Wikimedia can't be reached at all."""


class RunTimeError(PermanentError):
    """A run's time at which nobody can have seen a page."""


class InvalidKeyError(PermanentError):
    """A key that would leave the store."""


class StoreError(CelebsError):
    """The store could not be read or written."""


class StoreRefusedError(StoreError, PermanentError):
    """The store refuses, and would again: there is no such bucket, the keys are unknown, a permission is lacking."""


class NotPermittedError(StoreRefusedError):
    """Whoever asks lacks the permission for this; others may be there."""


class NotStoredError(StoreError):
    """A key that should be in the store is not there."""


class UpdateConflictError(StoreError):
    """A file was changed by others at every attempt to change it."""


class RecordError(PermanentError):
    """A file in the store is not what its name says."""


class ExportError(PermanentError):
    """What was asked of an export can't be given."""


class ForgetError(PermanentError):
    """What was asked to be taken out of the dataset is not in it, or not clear."""


class CaptureError(CelebsError):
    """A page could not be captured this time."""

    def __init__(self, sentence: str) -> None:
        # The browser's words are in it, and in them the page's.
        super().__init__(cleaned(sentence))


class BrowserError(CaptureError):
    """The browser could not be started, or failed."""


class BrowserCrashedError(BrowserError):
    """The browser, or the process that showed the page, died."""


class GreedyPageError(BrowserCrashedError, PermanentError):
    """A page filled the disk, and its browser was ended: it would fill it again."""


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
    """The site answered that it will not give its page (HTTP 4xx)."""


class ServerFailedError(CaptureError):
    """The site answered that it has trouble (HTTP 5xx), or is asked too often."""


class BlockedPageError(CaptureError):
    """The site showed a page that stands in for its own: a captcha, an error page."""


class BlankPageError(CaptureError):
    """The site showed a page with almost nothing on it."""


class EmptyPictureError(CaptureError):
    """A picture came back empty, undecodable, of the wrong size or of one colour."""


class DamagedScreenshotError(EmptyPictureError, PermanentError):
    """A screenshot in the store lacks rows or can't be decoded: cutting it again would meet the same."""


class ArchiveError(CaptureError):
    """The archive of past pages could not be asked."""


class ArchiveBusyError(ArchiveError):
    """The archive wants to be asked later."""


class NotArchivedError(CaptureError, PermanentError):
    """The archive has no copy of the page from that time that shows it."""


class PictureGoneError(DamagedScreenshotError):
    """A screenshot's picture is not in the store any more, its facts are."""

    reason_code = ReasonCode.PICTURES_GONE


class RecognitionError(CelebsError):
    """The recogniser gave no usable answer."""


class MissedError(PermanentError):
    """A site failed at its time, and its page can't be seen any more."""


class BudgetError(PermanentError):
    """The calls that a run may make are spent."""


class SiteFailedError(PermanentError):
    """A site of the run failed: raised by the watcher, so that the run is red."""
