import signal
from collections.abc import Iterator

import pytest

from celeb_ops.cli.interrupts import ENDS, interruptible


@pytest.fixture(params=ENDS)
def end(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal; it is heard as before when the test is over."""
    before = signal.getsignal(request.param)
    yield request.param
    signal.signal(request.param, before)


def test_ctrl_c_a_term_and_a_closed_terminal_are_one(end: signal.Signals) -> None:
    signal.signal(end, signal.SIG_DFL)
    with pytest.raises(KeyboardInterrupt, match=end.name), interruptible():
        signal.raise_signal(end)
    assert signal.getsignal(end) == signal.SIG_DFL


def test_what_was_ignored_at_the_start_stays_ignored(end: signal.Signals) -> None:
    """As SIGHUP is under nohup: it is to outlive its terminal."""
    signal.signal(end, signal.SIG_IGN)
    heard = []
    with interruptible():
        try:
            signal.raise_signal(end)
        except KeyboardInterrupt as interrupt:
            heard.append(interrupt)
    assert heard == []
    assert signal.getsignal(end) == signal.SIG_IGN
