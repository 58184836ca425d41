import re

import pytest

from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.sites import Site
from celeb_ops.dataset.schema import with_columns

PAGES = sorted(
    path.relative_to(PROJECT).as_posix()
    for of in (".", "docs", "docs/decisions", "docs/homes")
    for path in (PROJECT / of).glob("*.md")
)


def read(page: str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("variable", Settings.variables())
def test_every_setting_is_explained_with_its_default(variable: str) -> None:
    row = re.search(rf"^\| `{variable}`.*\|$", read("docs/settings.md"), re.MULTILINE)
    assert row, f"docs/settings.md has no row for {variable}"
    default = Settings.model_fields[Settings.variables()[variable]].default
    if isinstance(default, bool):
        assert f"`{default}`".lower() in row[0]
    elif isinstance(default, int | float):
        assert f"{default:g}" in row[0]
    elif default:
        assert str(default) in row[0]


@pytest.mark.parametrize("option", Site.model_fields)
def test_every_site_option_is_explained(option: str) -> None:
    assert re.search(rf"^\| .*`{option}`.*\|$", read("docs/sites.md"), re.MULTILINE)


def test_the_columns_in_the_docs_are_those_of_the_schema() -> None:
    page = read("docs/dataset.md")
    assert with_columns(page) == page, "docs/dataset.md is stale: run make docs"


def test_every_place_of_the_store_is_explained() -> None:
    made = re.findall(r'f"([A-Z]\w+)/', (PROJECT / "plugins/celeb_ops/core/keys.py").read_text())
    assert {"Images", "Outcomes"} <= set(made)
    page = read("docs/dataset.md")
    assert [place for place in (*made, ".locks") if f"`{place}/" not in page] == []
    assert f"`{keys.CSV_V1}`" in page
    assert f"`{keys.DATAPACKAGE}`" in page


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", read(page)):
        if not target.startswith("http"):
            assert (PROJECT / page).parent.joinpath(target).exists(), f"{page} links to {target}"


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", read("README.md")))
    assert {"demo", "test", "run", "up"} <= named
    assert named <= targets


def test_every_param_of_the_dag_is_explained() -> None:
    params = re.findall(r'^        "(\w+)": Param\(', read("dags/trending_celebrities.py"), re.MULTILINE)
    assert params == re.findall(r"^\| `(\w+)` \|", read("docs/backfill.md"), re.MULTILINE)[: len(params)]


def test_the_layout_table_names_what_is_there() -> None:
    table = read("CONTRIBUTING.md").split("## Where things are")[1]
    for place in re.findall(r"^\| `([a-z_/.-]+)`", table, re.MULTILINE):
        assert (PROJECT / place).exists(), place
