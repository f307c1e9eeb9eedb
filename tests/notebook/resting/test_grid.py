"""The table of a comparison: Markdown reads as such, and nothing in it can act."""

from html.parser import HTMLParser

import pytest

from hs_notebook.notebook.resting.grid import Cell, rendered, table

HARMLESS = {
    *(
        "table",
        "tr",
        "th",
        "td",
        "thead",
        "tbody",
        "p",
        "small",
        "a",
        "strong",
        "em",
        "s",
        "code",
        "pre",
        "br",
        "hr",
    ),
    *("ul", "ol", "li", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"),
}
ATTRIBUTES = {"style", "scope", "dir", "href", "title", "rel", "target", "start", "class"}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://e.x/p.png)",
    "![x](data:image/svg+xml,a)",
    "[a](javascript:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](JAVASCRIPT:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](data:text/html,b)",
    "[a](//e.x/b)",
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
    '[a](https://e.x "\\"><img src=x>")',
    "[![x](https://e.x/p.png)](javascript:b)",
    "```<img src=x>\n<b>\n```",
    "$<img src=x onerror=a>$ and \\(<b>\\)",
    "a\x1b[2J\ud800",
    "<details open ontoggle=a>",
    "<a href='https://e.x' style='position:fixed'>a</a>",
    "</td></table><script>a</script>",
]


class Look(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.links = set(), set(), []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links += [value for name, value in attributes if name in ("href", "src")]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["markdown", "head", "figures"])
def test_hostile_text_can_do_nothing(text, place):
    cell = Cell(
        **{"head": "a", "markdown": "b", "figures": "c", place: text.encode("utf-8", "replace").decode()}
    )
    look = Look()
    look.feed(table([cell, cell]))
    assert look.tags <= HARMLESS
    assert look.attributes <= ATTRIBUTES
    assert all(link.startswith(("https://", "http://", "mailto:", "#")) for link in look.links)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**a**", "<strong>a</strong>"),
        ("| a |\n|---|\n| b |", "<td>b</td>"),
        ("\\(a_1 * b * c\\)", "$a_1 * b * c$"),
        ("$$\\{a\\}$$", "$$\\{a\\}$$"),
        ("costs $5 and *$6*", "costs $5 and <em>$6</em>"),
        ("~~a~~", "<s>a</s>"),
        ("![a *b*](https://e.x/p.png)", '<a href="https://e.x/p.png" rel='),
    ],
)
def test_markdown_reads_as_such(text, shown):
    assert shown in rendered(text)


def test_more_than_three_make_another_row():
    assert table([Cell("m", "t", "f")] * 4).count("<tr") == 6
