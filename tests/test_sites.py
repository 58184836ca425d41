from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops import keys
from celeb_ops.exceptions import PermanentError, SitesError
from celeb_ops.settings import PROJECT, Settings
from celeb_ops.sites import CaptureOptions, Site, choose, load_sites, name_of, site_names
from celeb_ops.store import is_key
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TMZ = "https://www.tmz.com/"


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], list[Site]]:
    """Reads a text as the file ``sites.yaml``."""

    def read(text: str) -> list[Site]:
        path = tmp_path / "sites.yaml"
        path.write_text(text, encoding="utf-8")
        return load_sites(path)

    return read


class TestShippedFile:
    def test_has_the_nine_sites_and_an_optional_tenth(self) -> None:
        sites = load_sites(PROJECT / Settings().sites)
        assert {site.name: site.url for site in sites} == {
            "TMZ": "https://www.tmz.com/",
            "EONLINE": "https://www.eonline.com/",
            "PEOPLE": "https://people.com/",
            "PAGESIX": "https://pagesix.com/",
            "USMAGAZINE": "https://www.usmagazine.com/",
            "DLISTED": "https://dlisted.com/",
            "POPSUGAR": "https://www.popsugar.com/celebrity/",
            "OHNOTHEYDIDNT": "https://ohnotheydidnt.livejournal.com/",
            "VARIETY": "https://variety.com/",
            "PEREZHILTON": "https://perezhilton.com/",
        }
        assert [site.name for site in sites if site.optional] == ["PEREZHILTON"]

    def test_the_demo_s_file_is_right_too(self, read: Callable[[str], list[Site]]) -> None:
        text = (PROJECT / "include" / "demo" / "sites.yaml").read_text(encoding="utf-8")
        sites = read(Template(text).substitute(address="http://127.0.0.1:8000"))
        assert [site.name for site in sites] == ["DAILY-PLAIN", "LAZY-POST", "WALLED-TIMES"]


class TestGoodFile:
    def test_a_site_is_a_url_or_a_mapping(self, read: Callable[[str], list[Site]]) -> None:
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

    def test_a_site_s_own_options_come_before_the_defaults(self, read: Callable[[str], list[Site]]) -> None:
        sites = read(f"""
            defaults: {{load_time_s: 2, timeout_s: 30}}
            sites: [{TMZ}, {{url: https://people.com/, timeout_s: 90}}]
            """)
        assert [(site.load_time_s, site.timeout_s) for site in sites] == [(2, 30), (2, 90)]

    @pytest.mark.parametrize("defaults", ["", "defaults:", "defaults: {}"])
    def test_without_defaults_each_option_has_its_own(self, read: Callable[[str], list[Site]], defaults: str) -> None:
        (site,) = read(f"{defaults}\nsites: [{TMZ}]")
        options = site.model_dump(include=set(CaptureOptions.model_fields))
        assert options == CaptureOptions().model_dump()
        assert not site.optional

    def test_the_order_is_the_file_s(self, read: Callable[[str], list[Site]]) -> None:
        assert [site.name for site in read("sites: [https://b.com/, https://a.com/, https://c.com/]")] == [
            "B",
            "A",
            "C",
        ]

    def test_a_site_may_have_any_address_if_it_has_a_name(self, read: Callable[[str], list[Site]]) -> None:
        sites = read("""
            sites:
              - {url: "http://[::1]:8000/", name: V6}
              - {url: "https://bücher.example/", name: BUECHER}
              - https://xn--bcher-kva.example/
            """)
        assert [site.name for site in sites] == ["V6", "BUECHER", "XN--BCHER-KVA"]

    def test_anchors_may_say_things_once(self, read: Callable[[str], list[Site]]) -> None:
        sites = read("""
            sites:
              - &slow {url: https://a.com/, timeout_s: 90}
              - {<<: *slow, url: https://b.com/}
            """)
        assert [(site.name, site.timeout_s) for site in sites] == [("A", 90), ("B", 90)]

    def test_a_site_goes_through_airflow_s_json_unchanged(self) -> None:
        site = Site(url=TMZ, name="TMZ", viewport=(390, 844), timeout_s=90)
        assert Site.model_validate(site.model_dump(mode="json")) == site


# Each error: the text of the file, where in it, and what would be right.
ERRORS = {
    "nothing in it": ("", "", "needs a list of sites: `sites:` and below it `- https://www.tmz.com/`."),
    "sites as a mapping": (f"sites: {{TMZ: '{TMZ}'}}", "", "needs a list of sites: `sites:` and below it"),
    "an empty list": ("sites: []", "", "lists no site: add one below `sites:`, like `- https://www.tmz.com/`."),
    "not YAML": ("sites: [a: b: c]", ", line 1, column 13", "is not YAML: did not find expected ',' or ']'."),
    "site for sites": (f"site: [{TMZ}]", "", "there is no option 'site'; did you mean 'sites'?"),
    "an option at the top": (f"jpeg: 1\nsites: [{TMZ}]", "", "there is no option 'jpeg'; known are defaults, sites."),
    "defaults as a list": (
        f"defaults: []\nsites: [{TMZ}]",
        ", defaults",
        "give options as a mapping, like {load",
    ),
    "unknown default": (
        f"defaults: {{timeout: 3}}\nsites: [{TMZ}]",
        ", defaults",
        "there is no option 'timeout'; did you mean 'timeout_s'?",
    ),
    "an entry left empty": (
        f"sites:\n  - {TMZ}\n  -",
        ", entry 2",
        "a site is a URL or a mapping with a `url`, not nothing.",
    ),
    "an entry that is a number": ("sites: [7]", ", entry 1", "a site is a URL or a mapping with a `url`, not 7."),
    "no url": ("sites: [{name: A}]", ", entry 1", "a site is a URL or a mapping with a `url`, not {'name': 'A'}."),
    "url misspelled": (f"sites: [{{ulr: {TMZ}}}]", ", entry 1", "there is no option 'ulr'; did you mean 'url'?"),
    "unknown option": (
        f"sites: [{{url: {TMZ}, load_time: 3}}]",
        ", entry 1",
        "there is no option 'load_time'; did you mean 'load_time_s'?",
    ),
    "ftp": ("sites: ['ftp://a.com/']", ", entry 1", "'ftp://a.com/' is not an http(s) address; write it like https://"),
    "no scheme": ("sites: [www.tmz.com]", ", entry 1", "'www.tmz.com' is not an http(s) address; write it like"),
    "a password": (
        "sites: ['https://me:secret@a.com/']",
        ", entry 1",
        "the address of a.com holds a user name or a password, which would be written into every file of the dataset; "
        "leave it out.",
    ),
    "a name doubled": (
        f"sites: [{TMZ}, {{url: https://b.com/, name: tmz}}]",
        ", entry 2",
        f"the name TMZ is taken by {TMZ}; give one of them another: {{url: https://b.com/, name: TMZ2}}.",
    ),
    "a name with a slash": (
        f"sites: [{{url: {TMZ}, name: a/b}}]",
        ", entry 1",
        "'a/b' can't be a site's name, which becomes part of file names; give it a text of letters A-Z, digits, '_', "
        f"'-' and single dots, 64 at the most: {{url: {TMZ}, name: \"MY_SITE\"}}.",
    ),
    "a long name": (f"sites: [{{url: {TMZ}, name: {'A' * 65}}}]", ", entry 1", "64 at the most"),
    "a number as name": (f"sites: [{{url: {TMZ}, name: 247}}]", ", entry 1", "247 can't be a site's name"),
    "an IPv6 host without a name": ("sites: ['http://[::1]:80/']", ", entry 1", "'::1' can't be a site's name"),
    "a foreign host without a name": ("sites: [https://bücher.example/]", ", entry 1", "'BÜCHER' can't be a site's"),
    "too patient": (
        f"sites: [{{url: {TMZ}, timeout_s: 121}}]",
        ", entry 1",
        "timeout_s: 121: input should be less than",
    ),
    "no time": (f"sites: [{{url: {TMZ}, timeout_s: 0}}]", ", entry 1", "timeout_s: 0: input should be greater than 0."),
    "a format": (
        f"sites: [{{url: {TMZ}, format: gif}}]",
        ", entry 1",
        "format: 'gif': input should be 'jpeg' or 'png'.",
    ),
    "a window": (
        f"sites: [{{url: {TMZ}, viewport: [1440, -1]}}]",
        ", entry 1",
        "viewport.1: -1: input should be greater",
    ),
    "a time zone": (
        f"sites: [{{url: {TMZ}, timezone: New York}}]",
        ", entry 1",
        "timezone: 'New York': there is no such time zone; write it like America/New_York.",
    ),
    "a locale": (
        f"sites: [{{url: {TMZ}, locale: 'en --no-sandbox'}}]",
        ", entry 1",
        "locale: 'en --no-sandbox': string",
    ),
    "not yes or no": (
        f"sites: [{{url: {TMZ}, optional: maybe}}]",
        ", entry 1",
        "optional: 'maybe': input should be a valid",
    ),
}


class TestErrors:
    @pytest.mark.parametrize(("text", "where", "said"), ERRORS.values(), ids=ERRORS)
    def test_names_the_file_the_entry_and_what_would_be_right(
        self, read: Callable[[str], list[Site]], tmp_path: Path, text: str, where: str, said: str
    ) -> None:
        with pytest.raises(SitesError) as error:
            read(text)
        told = str(error.value)
        assert re.match(re.escape(f"{tmp_path}/sites.yaml{where}") + "[: ]", told)
        assert said in told
        assert told.endswith((".", "?"))
        assert "secret" not in told

    def test_no_file(self, tmp_path: Path) -> None:
        path = tmp_path / "none.yaml"
        with pytest.raises(SitesError) as error:
            load_sites(path)
        assert str(error.value) == f"There is no sites file {path}: create it, or set CELEBS_SITES to yours."

    def test_a_folder_in_its_place(self, tmp_path: Path) -> None:
        with pytest.raises(SitesError) as error:
            load_sites(tmp_path)
        assert str(error.value) == f"{tmp_path} can't be read: Is a directory."

    def test_a_second_try_would_meet_the_same(self) -> None:
        assert issubclass(SitesError, PermanentError)


class TestNames:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            (TMZ, "TMZ"),
            ("https://ohnotheydidnt.livejournal.com/", "OHNOTHEYDIDNT"),
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

    @pytest.mark.parametrize("names", [None, [], ()])
    def test_no_name_is_all_of_them(self, names: list[str] | None) -> None:
        assert choose(self.SITES, names) == list(self.SITES)

    @pytest.mark.parametrize("names", [["VARIETY", "TMZ"], [" variety ", "Tmz"], ["VARIETY", "TMZ", "variety"]])
    def test_any_case_each_once_in_the_order_asked_for(self, names: list[str]) -> None:
        assert [site.name for site in choose(self.SITES, names)] == ["VARIETY", "TMZ"]

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("PEOPEL", "There is no site PEOPEL: did you mean PEOPLE?"),
            ("XYZ", "There is no site XYZ: the file has TMZ, PEOPLE, VARIETY."),
        ],
    )
    def test_an_unknown_one_is_an_error_with_the_nearest(self, name: str, said: str) -> None:
        with pytest.raises(SitesError) as error:
            choose(self.SITES, ["TMZ", name])
        assert str(error.value) == said


class TestForm:
    def test_offers_the_names(self) -> None:
        assert "TMZ" in site_names(PROJECT / "include" / "sites.yaml")

    def test_offers_none_of_a_file_that_is_wrong(self, tmp_path: Path) -> None:
        assert site_names(tmp_path / "none.yaml") == []
