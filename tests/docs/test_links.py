"""Links of README and docs lead somewhere, and the tasks that CONTRIBUTING names are there."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, inline, links, name_of


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=name_of)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    lost = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        if re.match(r"\w+:", target):
            continue
        path = page.parent / target if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            lost.append(link)
    assert not lost


def test_tasks_are_in_the_justfile() -> None:
    tasks = set(re.findall(r"^(\w+)[^\n=]*:$", (ROOT / "justfile").read_text("utf-8"), re.M))
    named = {c.words[1] for page in PAGES for c in inline(page) if c.words[0] == "just"}
    assert len(named) > 3
    assert named <= {*tasks, "--list"}


def test_the_citation_tells_the_version_of_the_package() -> None:
    version = re.compile(r'^version\s*[:=]\s*"?([\w.]+)"?$', re.MULTILINE)
    cited = version.search((ROOT / "CITATION.cff").read_text("utf-8"))
    packaged = version.search((ROOT / "pyproject.toml").read_text("utf-8"))
    assert cited
    assert packaged
    assert cited[1] == packaged[1]


def test_the_readme_is_short_and_names_every_guide() -> None:
    readme = ROOT / "README.md"
    assert len(readme.read_text("utf-8").splitlines()) <= 150
    linked = set(links(readme))
    assert {name_of(guide) for guide in ROOT.glob("docs/guides/*.md")} <= linked
