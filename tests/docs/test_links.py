"""The links of the pages lead somewhere."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)")


def anchors(page: Path) -> set[str]:
    """Return what the headings of a page are called in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_to_a_page_and_a_heading(page: Path) -> None:
    for target, heading in LINK.findall(page.read_text("utf-8")):
        led_to = (page.parent / target).resolve() if target else page
        assert led_to.exists(), target
        assert not heading or heading in anchors(led_to), f"{target}#{heading}"
