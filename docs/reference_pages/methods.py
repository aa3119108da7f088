"""The pages of methods, of the interfaces that have them, and of values."""

import inspect
from collections.abc import Iterable

from partner_api import calls
from partner_api.calls import Faulted, IndexOutOfRange, Malformed, MalformedAnswer, Return
from reference_pages.names import INDEX, module_of, page_of, public
from reference_pages.source import (
    INTERFACE_OF_RECORDS,
    Described,
    Entry,
    members_of,
    read_class,
    read_member,
    read_method,
    record_text,
    records_of,
    rules_of,
)
from reference_pages.text import Links, cell, code_block, indented, table


def interface_page(name: str, links: Links) -> str:
    """Return the page of an interface: what it is, its methods, what holds for all of them."""
    kind, page = public(name), f"{name}.md"
    methods = [read_method(kind, method) for method in members_of(kind)]
    rows = ([f"[{m.name}]({page_of(name, m.name)})", cell(m.summary)] for m in methods)
    _, _, rules = (inspect.getdoc(module_of(name)) or "").partition("\n\n")
    body = [
        *_class_parts(read_class(kind), page, links),
        f"## Methods\n\n{table(['Method', 'What it does'], rows)}",
        f"## What holds for all of them\n\n{links.text(rules, page)}\n",
    ]
    return links.page("\n".join(body))


def value_page(name: str, links: Links) -> str:
    """Return the page of a class whose methods have no pages of their own."""
    kind, page = public(name), f"{name}.md"
    parts = _class_parts(read_class(kind), page, links)
    for member in members_of(kind):
        entry = read_member(kind, member)
        parts.append(f"## {entry.name}\n\n{code_block(entry.signature)}")
        parts += [f"{links.text(text, page)}\n" for text in (entry.summary, entry.text) if text]
        described = [part for part in entry.parameters if part.text]
        parts += [_listed(described, page, links)] if described else []
        parts += [f"It raises:\n\n{_listed(entry.raises, page, links)}"] if entry.raises else []
    return links.page("\n".join(parts))


def method_page(interface: str, method: str, links: Links) -> str:
    """Return the page of a method."""
    page = page_of(interface, method)
    entry = read_method(public(interface), method)
    rules = rules_of(module_of(interface))

    def ruled(*labels: str) -> str:
        held = [f"* **{label}.** {rules[label]}" for label in labels if label in rules]
        return links.text("\n".join(held), page) + "\n" if held else ""

    own = [
        f"{links.text(entry.summary, page)}\n",
        f"{links.text(entry.text, page)}\n" if entry.text else "",
        _listed(entry.parameters, page, links),
        f"{links.type(entry.result, page)}: {links.text(entry.returns, page)}\n",
        f"It raises:\n\n{_listed(entry.raises, page, links)}" if entry.raises else "",
    ]
    summary, text, parameters, returned, raised = own
    parts = [
        f"# {interface}.{method}\n\n[Reference]({INDEX}) / [{interface}]({interface}.md)\n",
        summary,
        code_block(entry.signature),
        "## Caller, moment and thread\n",
        text,
        ruled("Caller", "Thread", "At once", "Deadline"),
        "## Parameters\n" if entry.parameters else "",
        parameters,
        ruled("Values", "Result codes as arguments") if entry.parameters else "",
        f"## Result and errors\n\n{returned}",
        raised,
        ruled("Return", "Failure codes"),
        f"## Record\n\n{_record_part(interface, method, entry, page, links)}",
    ]
    return links.page("\n".join(part for part in parts if part), "\n".join(own))


def _class_parts(entry: Entry, page: str, links: Links) -> list[str]:
    parts = [
        f"# {entry.name}\n\n[Reference]({INDEX})\n",
        f"{links.text(entry.summary, page)}\n",
        code_block(entry.signature),
    ]
    parts += [f"{links.text(entry.text, page)}\n"] if entry.text else []
    sections = (
        ("Parameters", entry.parameters),
        ("Attributes", entry.attributes),
        ("Errors", entry.raises),
    )
    return parts + [f"## {title}\n\n{_listed(p, page, links)}" for title, p in sections if p]


def _listed(parts: Iterable[Described], page: str, links: Links) -> str:
    return "".join(f"{_item(part, page, links)}\n" for part in parts)


def _item(part: Described, page: str, links: Links) -> str:
    kind = f" ({links.type(part.type, page)})" if part.type else ""
    return f"- `{part.name}`{kind}: {indented(links.text(part.text, page))}"


def _record_part(interface: str, method: str, entry: Entry, page: str, links: Links) -> str:
    records = records_of(interface, method)
    if records is None:
        return _unrecorded(entry)
    call, success = records.call, records.success
    ends = {success: "how it succeeded", Return: "how it failed"}
    if success is Return:
        ends = {Return: "the result"}
    also = ""
    if INTERFACE_OF_RECORDS[interface] == "Partner":
        ends[Faulted] = "no proper answer came, and this stands for it"
    else:
        malformed = MalformedAnswer if call is calls.DownloadTrack else Malformed
        also = f"\nWith arguments that it cannot hold it is a\n`{record_text(malformed)}`.\n"
    words = links.text(inspect.getdoc(call) or "", page)
    listed = "".join(f"- `{record_text(record)}`: {what}.\n" for record, what in ends.items())
    return (
        "The call, as transcripts store it and the wire carries it (`partner_api.calls`):\n\n"
        f"{code_block(record_text(call))}\n{words}\n\nWhat ends it:\n\n{listed}{also}"
    )


def _unrecorded(entry: Entry) -> str:
    if any(part.name == "index" for part in entry.parameters):
        return f"None, but for a bad index: `{record_text(IndexOutOfRange)}`.\n"
    return "None: no call crosses to the Player.\n"
