"""Reads a page as a browser does in the end, and says whether anything foreign became markup."""

from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr", "wbr"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "nav", "section"),
    *("article", "h1", "h2", "h3", "p", "ul", "li", "a", "span", "strong", "code", "blockquote"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "div", "small", "wbr"),
    *("details", "summary", "pre", "dl", "dt", "dd"),
}


class Reader(HTMLParser):
    """Reads a page as a browser does in the end: tags, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.inside: dict[str, list[str]] = {}
        self.rows: list[tuple[str, list[str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append((dict(attrs).get("class") or "", []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.inside.setdefault(tag, []).append(data)
        if "tr" in self.open:
            self.rows[-1][1].append(data)

    def text(self, tag: str = "body") -> str:
        return "".join(self.inside.get(tag, []))

    def rows_of(self, kind: str) -> list[str]:
        """Return the text of the rows that have a class."""
        return ["".join(said) for names, said in self.rows if kind in names.split()]

    def values(self, attribute: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == attribute]


def assert_harmless(text: str) -> Reader:
    reader = Reader(text)
    assert set(reader.tags) <= TAGS
    assert reader.unbalanced == []
    assert reader.open == []
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    assert not reader.values("src")
    assert all(link.startswith("#") for link in reader.values("href"))
    text.encode("utf-8")
    return reader
