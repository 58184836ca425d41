import re
from collections.abc import Callable
from pathlib import Path
from string import Template

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

    def test_code_may_stand_in_files_beside_it(self, read: Read, tmp_path: Path) -> None:
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "tmz.js").write_text("await 0", encoding="utf-8")
        (tmp_path / "ours.css").write_text(".é { color: red }", encoding="utf-8")
        plain, own = read(f"""
            defaults: {{css: ours.css}}
            sites: [{TMZ}, {{url: https://people.com/, javascript: code/tmz.js, css: ""}}]
            """)
        assert (plain.css, plain.javascript) == (".é { color: red }", "")
        assert (own.css, own.javascript) == ("", "await 0")

    def test_a_phone_has_a_phone_s_window_unless_another_is_given(self, read: Read) -> None:
        phone, large = read(
            f"sites: [{{url: {TMZ}, mobile: true}}, {{url: https://b.com/, mobile: true, viewport: [500, 900]}}]"
        )
        assert (phone.viewport, phone.scale, large.viewport) == ((390, 844), 2, (500, 900))

    def test_what_the_sidecar_says_of_the_options(self, read: Read) -> None:
        (site,) = read(tmz(f"hide: .ad, headers: true, javascript: {'a' * 501}"))
        assert site.recorded == {"javascript": "a" * 500 + "…", "hide": (".ad",), "headers": True}
        assert site.connection == "celebs_site_tmz"

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
    "a selector": (tmz("hide: ['div[a']"), FIRST, "hide.0: 'div[a': this is no CSS selector; write it like '#banner'"),
    "XPath": (tmz("wait_for: //main"), FIRST, "wait_for: '//main': this is no CSS selector"),
    "a number to click": (tmz("click: 3"), FIRST, "click: 3: write a list of CSS selectors, ['#banner'"),
    "two rules as selector": (tmz("selector: 'a { b: c }'"), FIRST, "this is no CSS selector"),
    "no CSS": (tmz("css: red"), FIRST, "css: 'red': this is no CSS; write rules like '.banner { display: none }'"),
    "no such file": (tmz("javascript: gone.js"), FIRST, "gone.js can't be read: No such file or directory."),
    "a file elsewhere": (tmz("css: ../gone.css"), FIRST, "css: ../gone.css stands outside "),
    "long code": (tmz(f"javascript: {'a' * 100_001}"), FIRST, "javascript: 'aaa"),
    "a header": (
        tmz("headers: {Authorization: secret}"),
        FIRST,
        "headers: don't write headers or cookies into the file: write `true`",
    ),
    "a cookie": (tmz("cookies: secret"), FIRST, "cookies: don't write headers or cookies into the file: write `true`"),
    "a proxy's address": (
        tmz("proxy: 'http://me:secret@a.com'"),
        FIRST,
        "proxy: this is the name of no Airflow connection: write it like celebs_proxy, never an address.",
    ),
    "a phone": (tmz("mobile: 1"), FIRST, "mobile: 1: input should be a valid boolean."),
    "an agent": (tmz("user_agent: é"), FIRST, "user_agent: 'é': this can be no User-Agent; write one line of"),
    "a contact": (tmz("contact: me"), FIRST, "contact: 'me': this is no contact address; give a mail address"),
    "robots": (tmz("respect_robots: maybe"), FIRST, "respect_robots: 'maybe': input should be a valid boolean"),
    "one connection for two": (
        "sites: [{url: 'https://a.com/', name: A-B, headers: true}, {url: 'https://b.com/', name: A.B, cookies: true}]",
        ", entry 2",
        "A.B and A-B would share the connection celebs_site_a_b; give one of them another name.",
    ),
    "a host to block": (tmz("block_hosts: ['a b']"), FIRST, "block_hosts.0: 'a b': this is no host; write it like ads"),
    "no such list": (tmz("block_hosts: gone.txt"), FIRST, "gone.txt can't be read: No such file or directory."),
    "a list elsewhere": (tmz("block_hosts: [../ads.txt]"), FIRST, "block_hosts: ../ads.txt stands outside "),
    "its own host": (tmz("block_hosts: tmz.com"), FIRST, "block_hosts names the host of https://www.tmz.com/ itself"),
    "a locale": (tmz("locale: 'en --no-sandbox'"), FIRST, "locale: 'en --no-sandbox': String"),
}


class TestBlockedHosts:
    def test_are_those_of_the_file_and_of_files_beside_it(self, read: Read, tmp_path: Path) -> None:
        (tmp_path / "ads.txt").write_text("0.0.0.0 ads.example.com\n", encoding="utf-8")
        one, two = read(f"""
            defaults: {{block_hosts: ads.txt}}
            sites: [{TMZ}, {{url: https://people.com/, block_hosts: [ads.txt, videos.example]}}]
            """)
        assert "x.ads.example.com" in one.blocked
        assert "videos.example" not in one.blocked
        assert all(host in two.blocked for host in ("ads.example.com", "videos.example"))
        # What Airflow hands on to each task holds the file's name alone.
        handed_on = one.model_dump_json()
        assert "ads.example.com" not in handed_on
        assert "ads.example.com" in Site.model_validate_json(handed_on).blocked

    def test_a_file_that_is_wrong_is_said_with_its_line_and_not_read_for_the_trigger_form(self, tmp_path: Path) -> None:
        (tmp_path / "ads.txt").write_text("||ads.example.com^\n", encoding="utf-8")
        path = tmp_path / "sites.yaml"
        path.write_text(f"sites: [{{url: {TMZ}, block_hosts: ads.txt}}]", encoding="utf-8")
        with pytest.raises(SitesError) as error:
            load_sites(path)
        assert str(error.value).startswith(f"{path}, entry 1: block_hosts: {tmp_path}/ads.txt, line 1: '||ads.example")
        assert site_names(path) == ["TMZ"]


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
