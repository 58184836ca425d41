"""Every error that a user can meet, with a sentence: what happened, to what, and what to do."""

from __future__ import annotations

from enum import StrEnum

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
    ROBOTS = "robots"
    """The site's robots.txt closes the page, and respect_robots is set."""
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
        # The code is of a newer version: read it as OTHER, so that this version does not fail.
        return cls.OTHER


class CelebsError(Exception):
    """Base of this project's errors. A task that fails with one is tried again."""

    reason_code = ReasonCode.OTHER

    def __init_subclass__(cls, code: ReasonCode | None = None) -> None:
        cls.reason_code = code or cls.reason_code


class PermanentError(CelebsError):
    """A second try would fail too: the task fails at once."""


class SettingsError(PermanentError, code=ReasonCode.SETUP):
    """A setting (environment or ``.env``) is unusable."""


class SitesError(PermanentError, code=ReasonCode.SETUP):
    """The sites file, or a choice of sites, is unusable."""


class WatchListError(PermanentError, code=ReasonCode.SETUP):
    """The watch list is unusable."""


class RunParamError(PermanentError, code=ReasonCode.SETUP):
    """The run's configuration has a param that the DAG does not have."""


class GalleryError(PermanentError, code=ReasonCode.SETUP):
    """The gallery of the local recogniser is unusable."""


class WikimediaError(CelebsError):
    """Wikidata or Wikimedia Commons refused, or gave no usable answer."""


class NotAtWikimediaError(WikimediaError):
    """Wikimedia does not give this (HTTP 4xx)."""


class OfflineError(WikimediaError):
    """Wikimedia can't be reached at all."""


class RunTimeError(PermanentError):
    """A run time from which no page can exist."""


class InvalidKeyError(PermanentError):
    """A key outside the store."""


class StoreError(CelebsError, code=ReasonCode.STORE):
    """The store could not be read or written."""


class StoreRefusedError(StoreError, PermanentError):
    """The store would refuse again: no such bucket, unknown keys, a missing permission."""


class NotPermittedError(StoreRefusedError):
    """The account has no permission for this; it may have others."""


class NotStoredError(StoreError):
    """A key that should be in the store is not there."""


class UpdateConflictError(StoreError):
    """Others changed the file at every attempt to change it."""


class RecordError(PermanentError, code=ReasonCode.RECORD):
    """A file in the store is not what its name says."""


class NotifyError(CelebsError):
    """A message could not be sent."""


class ExportError(PermanentError):
    """An export can't be made as asked."""


class ForgetError(PermanentError):
    """A person or run to remove is not in the dataset, or ambiguous."""


class CaptureError(CelebsError):
    """A page could not be captured this time."""

    def __init__(self, sentence: str, code: ReasonCode | None = None) -> None:
        """:param code: default: the class's."""
        # It quotes the browser, and the browser quotes the page.
        super().__init__(cleaned(sentence))
        self.reason_code = code or self.reason_code


class FinalCaptureError(CaptureError, PermanentError):
    """A page could not be captured, and a second try would fail too."""


class EmptyPictureError(CaptureError, code=ReasonCode.EMPTY_PICTURE):
    """A picture is empty, undecodable, of the wrong size or of one colour."""


class ArchiveError(CaptureError, code=ReasonCode.ARCHIVE):
    """The archive of past pages could not be asked."""


class ArchiveBusyError(ArchiveError):
    """The archive asks us to wait."""


class NotArchivedError(FinalCaptureError, code=ReasonCode.NOT_ARCHIVED):
    """The archive has no usable copy of the page near that time."""


class RecognitionError(CelebsError, code=ReasonCode.RECOGNITION):
    """The recogniser gave no usable answer."""


class MissedError(PermanentError):
    """A site failed at its time, and its page can't be seen any more."""


class BudgetError(PermanentError, code=ReasonCode.BUDGET):
    """The run has used up its Rekognition calls."""


class SiteFailedError(PermanentError):
    """A site of the run failed: raised by the watcher, so that the run is red."""
