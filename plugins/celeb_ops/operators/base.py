"""The base of the three operators: a site, a run time, a store, and a recorded outcome when a step ends early."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.sdk import BaseOperator

from celeb_ops.capture.page_source import RunOptions
from celeb_ops.core import keys
from celeb_ops.core.exceptions import CelebsError, ReasonCode
from celeb_ops.core.settings import S3_CONNECTION, Settings
from celeb_ops.hooks.airflow_names import AirflowSkipException, AirflowTaskTimeout
from celeb_ops.links.step_links import ResultLink, S3ConsoleLink, ScreenshotLink
from celeb_ops.metrics import counters

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context
    from airflow.sdk.types import Logger

    from celeb_ops.core.records import Outcome
    from celeb_ops.core.sites import Site
    from celeb_ops.core.store import Store


@dataclass(frozen=True)
class Step:
    """One step of one site in one run."""

    site: Site
    time: datetime
    """The run time."""
    stem: str
    settings: Settings
    store: Store
    options: RunOptions
    answers_since: datetime | None
    """Ignore cached recogniser answers older than this. It is the run's start if the run recognises again
    (``rerecognise``), else None. So a retry still reuses answers from its own run."""


class SiteSkipped(AirflowSkipException):
    """There is no page to see."""

    def __init__(self, reason: str, code: ReasonCode) -> None:
        super().__init__(reason)
        self.reason_code = code


class SiteOperator(BaseOperator):
    """
    Base of the steps of one site.

    A step that skips or fails records its outcome in ``Outcomes/<stem>.json``: ``merge`` reads it there, because a
    failed task has no XCom. The next try clears it. Exception: the screenshot step keeps a live failure until it has a
    picture or a new outcome, so that even a killed retry can't lose the fact that the site failed while its page was
    live.

    :param site: a site as ``list_sites`` gives it: ``name``, ``url`` and capture options. (templated)
    :param settings: default: the settings of the environment and ``.env`` where the task runs.
    :param store_conn_id: the Airflow connection of a store in S3. (templated)
    """

    template_fields: Sequence[str] = ("site", "store_conn_id")
    operator_extra_links: Collection[BaseOperatorLink] = (ScreenshotLink(), ResultLink(), S3ConsoleLink())
    ui_color = "#f7e6d5"
    overriding_arguments: ClassVar[Sequence[str]] = ()
    """Names of operator arguments; each, if given, replaces the setting with the same name."""
    source: Literal["live", "archive"] | None = None
    """Which page the step works on, as far as it knows; recorded with a failure."""
    site_and_time: tuple[str, datetime] | None = None
    """Site and run time, for the links."""
    missed_live: Outcome | None = None
    """The earlier live failure that stays the site's reason if this try fails too."""

    def __init__(
        self,
        *,
        site: dict[str, Any],
        settings: Settings | None = None,
        store_conn_id: str = S3_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.site = site
        self.settings = settings
        self.store_conn_id = store_conn_id

    @cached_property
    def effective_settings(self) -> Settings:
        """The settings, some replaced by the operator's own arguments."""
        settings = self.settings or Settings.load()
        return settings.replaced(**{name: getattr(self, name) for name in self.overriding_arguments})

    @cached_property
    def store(self) -> Store:
        from celeb_ops.hooks.s3 import open_store

        return open_store(self.effective_settings, self.store_conn_id)

    def before(self, step: Step) -> None:
        """Prepare: clear the outcome of an earlier try."""
        self._clear_outcome(step)

    @abstractmethod
    def run_step(self, step: Step) -> str:
        """Do the step and return the key of its record."""

    def execute(self, context: Context) -> str:
        step = self._step(context)
        try:
            self.before(step)
            with counters.timed(self.task_id.rpartition(".")[2], step.site.name):
                return self.run_step(step)
        except AirflowSkipException as skip:
            self._record_outcome(step, "skipped", str(skip), _code_of(skip))
            raise
        except AirflowTaskTimeout:
            limit = f"{self.execution_timeout.total_seconds():g} s" if self.execution_timeout else "its time"
            reason = f"The step was not done within {limit} (execution_timeout)."
            self._record_outcome(step, "failed", reason, ReasonCode.TIMEOUT)
            raise
        except Exception as error:
            self._record_outcome(step, "failed", str(error) or type(error).__name__, _code_of(error))
            if isinstance(error, CelebsError):
                self._drop_cause(error)
            raise

    def _drop_cause(self, error: CelebsError) -> None:
        """Log the cause in one line, without a traceback: the error itself says what to do."""
        if behind := error.__cause__ or error.__context__:
            # A driver's message ends with its own stack.
            first_line = (getattr(behind, "msg", None) or str(behind)).partition("\n")[0]
            self.log.info("Cause: %s: %s", type(behind).__name__, first_line)
        error.__cause__, error.__suppress_context__ = None, True

    def _step(self, context: Context) -> Step:
        from celeb_ops.core.sites import Site

        site = Site.model_validate(self.site)
        when = time_of(context)
        self.site_and_time = site.name, when
        options = RunOptions.of(context.get("params"))
        start = getattr(context.get("dag_run"), "start_date", None) or datetime.now(UTC)
        since = start if options.rerecognise else None
        return Step(site, when, keys.stem(site.name, when), self.effective_settings, self.store, options, since)

    def _clear_outcome(self, step: Step) -> bool:
        """Delete the recorded outcome; False where the store forbids it."""
        from celeb_ops.core.exceptions import NotPermittedError

        try:
            step.store.delete(keys.outcome(step.stem))
        except NotPermittedError as error:
            # The first version's user can't delete. `outcome_of` ignores an outcome that does not fit the task states.
            self.log.warning("The reason for an earlier failure, if any, stays: %s", error)
            return False
        return True

    def _record_outcome(
        self, step: Step, outcome: Literal["skipped", "failed"], reason: str, code: ReasonCode | None
    ) -> None:
        from celeb_ops.core.exceptions import RecordError, StoreError
        from celeb_ops.core.records import Outcome

        failed = outcome == "failed"
        missed = self.missed_live if failed else None
        record = Outcome(
            site=step.site.name,
            time=step.time,
            outcome=outcome,
            task=self.task_id.rpartition(".")[2],
            reason=reason,
            reason_code=missed.reason_code if missed else code,
            missed_live=missed.reason if missed else None,
            source=self.source if failed else None,
        )
        try:
            record.save(step.store, keys.outcome(step.stem))
        except (StoreError, RecordError) as error:
            # The step's own error matters more.
            self.log.warning("The outcome was not saved: %s", error)


def delete_others(step: Step, prefix: str, own: Collection[str], log: Logger) -> None:
    """Delete the files of an earlier try below a prefix; a warning where the store forbids it."""
    from celeb_ops.core.exceptions import NotPermittedError

    try:
        for key in list(step.store.list(prefix)):
            if key not in own and keys.stem_in(key) == step.stem:
                step.store.delete(key)
    except NotPermittedError as error:
        log.warning("Files of an earlier try, if there are any, stay: %s", error)


def _code_of(error: Exception) -> ReasonCode:
    return getattr(error, "reason_code", ReasonCode.OTHER)


def time_of(context: Context) -> datetime:
    """The run time of a task's context."""
    dag_run = context.get("dag_run")
    return keys.run_time(
        context.get("logical_date") or getattr(dag_run, "logical_date", None), getattr(dag_run, "run_after", None)
    )
