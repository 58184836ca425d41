"""What the three operators share: a site, a run time, a store, and a word left behind when a step ends early."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from celeb_ops.capture.page_source import RunOptions
from celeb_ops.core import keys
from celeb_ops.core.exceptions import ReasonCode
from celeb_ops.core.settings import S3_CONNECTION, Settings
from celeb_ops.links.step_links import ResultLink, S3ConsoleLink, ScreenshotLink
from celeb_ops.metrics import counters

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context

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
    wishes: RunOptions
    """What the run was asked for."""
    anew_since: datetime | None
    """Answers of a recogniser from before do not count: the run's ``rerecognise`` is set. A second try keeps what the
    first was told."""


class SiteSkipped(AirflowSkipException):
    """There is nothing to do for the site."""

    def __init__(self, reason: str, code: ReasonCode) -> None:
        super().__init__(reason)
        self.reason_code = code


class SiteOperator(BaseOperator):
    """
    Base of the steps of one site.

    A step that skips or fails leaves the reason in the store (``Outcomes/<stem>.json``): ``merge`` reads it
    there, because only survivors hand on an XCom. The next try of a step removes it, so that a reason is always
    that of the latest try; where the store forbids that, the next reason takes its place. That a site failed while its
    page could be seen is the one thing that no try may lose, a killed one neither: the screenshot's step keeps that
    reason until it has another, or a picture.

    :param site: a site as ``list_sites`` gives it: ``name``, ``url`` and capture options. (templated)
    :param settings: what is set. Default: what the environment and ``.env`` say where the task runs.
    :param store_conn_id: the Airflow connection of a store in S3. (templated)
    """

    template_fields: Sequence[str] = ("site", "store_conn_id")
    operator_extra_links: Collection[BaseOperatorLink] = (ScreenshotLink(), ResultLink(), S3ConsoleLink())
    ui_color = "#f7e6d5"
    own_settings: ClassVar[Sequence[str]] = ()
    """Arguments that stand in place of the setting of their name."""
    read_from: ClassVar[str] = ""
    """The argument with the key that the step before has handed on."""
    seen_by: Literal["live", "archive"] | None = None
    """How the page is seen, as far as the step knows: a failure leaves it beside its reason."""
    missed_live: Outcome | None = None
    """The live failure that stays the site's, whatever comes of this try."""

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
    def set_here(self) -> Settings:
        """The settings, with the operator's own arguments in place of some."""
        settings = self.settings or Settings.load()
        return settings.having(**{name: getattr(self, name) for name in self.own_settings})

    @cached_property
    def store(self) -> Store:
        """The store of the settings, opened."""
        from celeb_ops.hooks.s3 import open_store

        return open_store(self.set_here, self.store_conn_id)

    def before(self, step: Step) -> None:
        """What comes before the step: the reason of the try before is removed."""
        self._forget_word(step)

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
            self._leave_word(step, "skipped", str(skip), _code_of(skip))
            raise
        except AirflowTaskTimeout:
            limit = f"{self.execution_timeout.total_seconds():g} s" if self.execution_timeout else "its time"
            self._leave_word(
                step, "failed", f"The step was not done within {limit} (execution_timeout).", ReasonCode.TIMEOUT
            )
            raise
        except Exception as error:
            self._leave_word(step, "failed", str(error) or type(error).__name__, _code_of(error))
            raise

    def _step(self, context: Context) -> Step:
        from celeb_ops.core.sites import Site

        site = Site.model_validate(self.site)
        when = time_of(context)
        wishes = RunOptions.of(context.get("params"))
        begun = getattr(context.get("dag_run"), "start_date", None) or datetime.now(UTC)
        since = begun if wishes.rerecognise else None
        return Step(site, when, keys.stem(site.name, when), self.set_here, self.store, wishes, since)

    def _forget_word(self, step: Step) -> bool:
        """Remove the reason that is in the store; False where that is forbidden."""
        from celeb_ops.core.exceptions import NotPermittedError

        try:
            step.store.delete(keys.outcome(step.stem))
        except NotPermittedError as error:
            # The first version's user may read and write only. What stays is read of a site without a result alone,
            # and only where it is of the task that ended it (see `outcome_of`).
            self.log.warning("The reason of an earlier try, if there is one, stays: %s", error)
            return False
        return True

    def _leave_word(self, step: Step, outcome: str, reason: str, code: ReasonCode | None) -> None:
        from celeb_ops.core.exceptions import RecordError, StoreError
        from celeb_ops.core.records import Outcome

        missed = self.missed_live if outcome == "failed" else None
        word = Outcome.model_validate(
            {
                "site": step.site.name,
                "time": step.time,
                "outcome": outcome,
                "task": self.task_id.rpartition(".")[2],
                "reason": reason,
                "reason_code": missed.reason_code if missed else code,
                "missed_live": missed.reason if missed else None,
                "source": self.seen_by if outcome == "failed" else None,
            }
        )
        try:
            word.save(step.store, keys.outcome(step.stem))
        except (StoreError, RecordError) as error:
            # The step's own error is what matters; this one must not hide it.
            self.log.warning("The reason could not be kept: %s", error)


def _code_of(error: Exception) -> ReasonCode:
    return getattr(error, "reason_code", ReasonCode.OTHER)


def time_of(context: Context) -> datetime:
    """The run time of a task's context."""
    dag_run = context.get("dag_run")
    return keys.run_time(
        context.get("logical_date") or getattr(dag_run, "logical_date", None), getattr(dag_run, "run_after", None)
    )
