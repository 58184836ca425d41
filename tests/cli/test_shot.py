"""``make shot``: a page to look at, and no dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from celeb_ops.cli.main import main
from tests.capture.site import WORDS, served


@pytest.mark.browser
def test_a_page_is_shown_with_its_facts_and_no_dataset_is_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served() as site:
        picture = "<img src='/picture/0000ff/300x200.png' alt='{}'>"
        story = f"<article>{picture.format('Somebody')}<h2>The <b>ferry</b> came late again on Tuesday</h2></article>"
        url = site.page(
            f"<title>News</title>{story}<div class=ad-slot>{picture.format('Bought')}</div><p id=bar>{WORDS}"
        )
        assert main(["shot", "--options", "hide: '#bar'", "--out", str(tmp_path / "shot"), "--", url]) == 0
    said = capsys.readouterr().out
    assert "Loaded: 2 of 2 pictures.\nDismissed: hid 1 × #bar.\nMissing: nothing.\n" in said
    page = (tmp_path / "shot" / "index.html").read_text(encoding="utf-8")
    assert "The ferry came late again on Tuesday" in page
    assert page.count('class="box advert"') == 1
    assert (tmp_path / "shot" / "page.jpeg").stat().st_size > 1_000
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["PEOPEL"], "There is no site PEOPEL: did you mean"),
        (["--options", "hid: [.a]", "https://a.com/"], "URL and OPTIONS: there is no option hid; did you mean hide?"),
        (["--options", "[.a]", "https://a.com/"], "OPTIONS"),
        (["https://[a.com/"], "URL and OPTIONS: url: this is not an http(s) address"),
    ],
)
def test_bad_input_is_said_before_any_work(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shot", "--out", str(tmp_path / "shot"), *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "shot").exists()
