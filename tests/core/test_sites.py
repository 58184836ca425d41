from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.core import keys
from celeb_ops.core.exceptions import PermanentError, SitesError
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.sites import CaptureOptions, Site, choose, load_sites, name_of, site_names
from celeb_ops.core.store import is_key
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], list[Site]]

TMZ = "https://www.tmz.com/"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a text as the file ``sites.yaml``."""

    def read(text: str) -> list[Site]:
        path = tmp_path / "sites.yaml"
        path.write_text(text, encoding="utf-8")
        return load_sites(path)

    return read


class TestShippedFile:
    def test_has_the_nine_sites_and_an_optional_tenth(self) -> None:
        path = PROJECT / Settings().sites
        sites = load_sites(path)
        assert site_names(path) == [site.name for site in sites]
        assert [site.name for site in sites] == [
            *("TMZ", "EONLINE", "PEOPLE", "PAGESIX", "USMAGAZINE", "DLISTED", "POPSUGAR", "OHNOTHEYDIDNT", "VARIETY"),
            "PEREZHILTON",
        ]
        assert [site.name for site in sites if site.optional] == ["PEREZHILTON"]

    def test_the_demo_s_file_is_right_too(self, read: Read) -> None:
        text = (PROJECT / "include" / "demo" / "sites.yaml").read_text(encoding="utf-8")
        sites = read(Template(text).substitute(address="http://127.0.0.1:8000"))
        assert [site.name for site in sites] == ["DAILY-PLAIN", "LAZY-POST", "WALLED-TIMES"]


class TestGoodFile:
    def test_a_site_is_a_url_or_a_mapping(self, read: Read) -> None:
        plain, full = read(f"""
            sites:
              - {TMZ}
              - {{url: "http://127.0.0.1:8000/a?b=c#d", name: my-site_2, optional: true, timeout_s: 90.5, format: png,
                  viewport: [390, 844], max_height: 20000, load_time_s: 1, jpeg_quality: 40}}
            """)
        assert plain == Site(url=TMZ, name="TMZ")
        assert full == Site(
            url="http://127.0.0.1:8000/a?b=c#d",
            name="MY-SITE_2",
            optional=True,
            timeout_s=90.5,
            format="png",
            viewport=(390, 844),
            max_height=20_000,
            load_time_s=1,
            jpeg_quality=40,
        )

    def test_a_site_s_own_options_come_before_the_defaults(self, read: Read) -> None:
        sites = read(f"""
            defaults: {{load_time_s: 2, timeout_s: 30}}
            sites: [{TMZ}, {{url: https://people.com/, timeout_s: 90}}]
            """)
        assert [(site.load_time_s, site.timeout_s) for site in sites] == [(2, 30), (2, 90)]

    @pytest.mark.parametrize("defaults", ["", "defaults:", "defaults: {}"])
    def test_without_defaults_each_option_has_its_own(self, read: Read, defaults: str) -> None:
        (site,) = read(f"{defaults}\nsites: [{TMZ}]")
        options = site.model_dump(include=set(CaptureOptions.model_fields))
        assert options == CaptureOptions().model_dump()
        assert not site.optional

    def test_a_site_may_have_any_address_if_it_has_a_name(self, read: Read) -> None:
        addresses = "{url: 'http://[::1]:8000/', name: V6}, {url: 'https://bücher.example/', name: BUECHER}"
        sites = read(f"sites: [{addresses}, https://xn--bcher-kva.example/]")
        assert [site.name for site in sites] == ["V6", "BUECHER", "XN--BCHER-KVA"]

    def test_anchors_may_say_things_once(self, read: Read) -> None:
        sites = read("sites: [&slow {url: https://a.com/, timeout_s: 90}, {<<: *slow, url: https://b.com/}]")
        assert [(site.name, site.timeout_s) for site in sites] == [("A", 90), ("B", 90)]

    def test_a_site_goes_through_airflow_s_json_unchanged(self) -> None:
        site = Site(url=TMZ, name="TMZ", viewport=(390, 844), timeout_s=90)
        assert Site.model_validate(site.model_dump(mode="json")) == site


def tmz(option: str) -> str:
    return f"sites: [{{url: {TMZ}, {option}}}]"


# Each error: the text of the file, where in it, and what would be right.
FIRST = ", entry 1"
NOTHING = " needs a list of sites, `sites:` and below it `- https://www.tmz.com/`"
ERRORS = {
    "nothing in it": ("", NOTHING, "input should be a valid dictionary"),
    "sites as a mapping": (f"sites: {{TMZ: '{TMZ}'}}", NOTHING, "sites: input should be a valid list"),
    "an empty list": ("sites: []", NOTHING, "sites: List should have at least 1 item"),
    "not YAML": ("sites: [a: b: c]", ", line 1, column 13", "is not YAML: did not find expected ',' or ']'."),
    "site for sites": (f"site: [{TMZ}]", NOTHING, "there is no option site; did you mean sites?"),
    "an option at the top": (f"jpeg: 1\nsites: [{TMZ}]", NOTHING, "no option jpeg; known are defaults, sites."),
    "defaults as a list": (f"defaults: []\nsites: [{TMZ}]", NOTHING, "defaults: []: input should be a valid dict"),
    "unknown default": (f"defaults: {{timeout: 3}}\nsites: [{TMZ}]", ", defaults", "did you mean timeout_s?"),
    "an entry left empty": (f"sites:\n  - {TMZ}\n  -", ", entry 2", "a URL or a mapping with a `url`, not None."),
    "no url": ("sites: [{name: A}]", FIRST, "url: Field required."),
    "url misspelled": (f"sites: [{{ulr: {TMZ}}}]", FIRST, "there is no option ulr; did you mean url?"),
    "ftp": ("sites: ['ftp://a.com/']", FIRST, "url: this is not an http(s) address; write it like https://"),
    "no scheme": ("sites: [www.tmz.com]", FIRST, "url: this is not an http(s) address"),
    "a bracket": ("sites: ['https://[a.com/']", FIRST, "url: this is not an http(s) address"),
    "a password": ("sites: ['https://me:secret@a.com/']", FIRST, "url: it holds a user name or a password, which"),
    "a name doubled": (
        f"sites: [{TMZ}, {{url: https://b.com/, name: tmz}}]",
        ", entry 2",
        f"the name TMZ is taken by {TMZ}; give one of them another: {{url: https://b.com/, name: TMZ2}}.",
    ),
    "a name with a slash": (tmz("name: a/b"), FIRST, "name: 'a/b': it becomes part of file names; give a `name` of"),
    "a long name": (tmz(f"name: {'A' * 65}"), FIRST, "64 at most"),
    "a number as name": (tmz("name: 247"), FIRST, "name: 247: input should be a valid string."),
    "an IPv6 host without a name": ("sites: ['http://[::1]:80/']", FIRST, "name: '::1': it becomes part of file names"),
    "too patient": (tmz("timeout_s: 121"), FIRST, "timeout_s: 121: input should be less than"),
    "a format": (tmz("format: gif"), FIRST, "format: 'gif': input should be 'jpeg' or 'png'."),
    "a window": (tmz("viewport: [1440, -1]"), FIRST, "viewport.1: -1: input should be greater"),
    "a time zone": (
        tmz("timezone: New York"),
        FIRST,
        "timezone: 'New York': there is no such time zone; write it like",
    ),
    "a locale": (tmz("locale: 'en --no-sandbox'"), FIRST, "locale: 'en --no-sandbox': String"),
}


class TestErrors:
    @pytest.mark.parametrize(("text", "where", "said"), ERRORS.values(), ids=ERRORS)
    def test_names_the_file_the_entry_and_what_would_be_right(
        self, read: Read, tmp_path: Path, text: str, where: str, said: str
    ) -> None:
        with pytest.raises(SitesError) as error:
            read(text)
        told = str(error.value)
        assert re.match(re.escape(f"{tmp_path}/sites.yaml{where}") + "[: ]", told)
        assert said in told
        assert told.endswith((".", "?"))
        assert "secret" not in told

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("none.yaml", "There is no sites file {}: create it, or set CELEBS_SITES to yours."),
            ("", "{} can't be read: Is a directory."),
        ],
    )
    def test_no_file_and_a_folder_in_its_place(self, tmp_path: Path, name: str, said: str) -> None:
        with pytest.raises(SitesError) as error:
            load_sites(tmp_path / name)
        assert str(error.value) == said.format(tmp_path / name)
        assert isinstance(error.value, PermanentError)
        # The form of a run offers none then.
        assert site_names(tmp_path / name) == []


class TestNames:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            (TMZ, "TMZ"),
            ("http://WWW.People.COM:8080/a", "PEOPLE"),
            ("https://www2.a-b.com/", "WWW2"),
        ],
    )
    def test_come_from_the_host_as_the_first_version_s_did(self, url: str, name: str) -> None:
        assert name_of(url) == name

    @given(name=st.text("AB09_-./~\\ é", max_size=70))
    def test_those_that_are_taken_name_files_as_they_are(
        self, tmp_path_factory: pytest.TempPathFactory, name: str
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "named.yaml"
        path.write_text(yaml.safe_dump({"sites": [{"url": TMZ, "name": name}]}), encoding="utf-8")
        for taken in site_names(path):
            assert taken == keys.safe(taken) == name
            assert is_key(keys.plan(keys.stem(taken, RUN_TIME)))


class TestChoose:
    SITES = tuple(Site(url=TMZ, name=name) for name in ("TMZ", "PEOPLE", "VARIETY"))

    def test_no_name_is_all_of_them(self) -> None:
        assert choose(self.SITES, None) == choose(self.SITES, []) == list(self.SITES)

    def test_any_case_each_once_in_the_order_asked_for(self) -> None:
        assert [site.name for site in choose(self.SITES, [" variety ", "Tmz", "VARIETY"])] == ["VARIETY", "TMZ"]

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("PEOPEL", "There is no site PEOPEL: did you mean PEOPLE?"),
            ("XYZ", "There is no site XYZ: known are TMZ, PEOPLE, VARIETY."),
        ],
    )
    def test_an_unknown_one_is_an_error_with_the_nearest(self, name: str, said: str) -> None:
        with pytest.raises(SitesError) as error:
            choose(self.SITES, ["TMZ", name])
        assert str(error.value) == said
