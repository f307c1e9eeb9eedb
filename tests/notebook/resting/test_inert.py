"""Hostile Markdown at rest: real renderers, and nothing in their output that acts."""

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import mistune
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from hs_notebook.notebook.resting.inert import inert

_plugins = ["strikethrough", "table", "url", "task_lists", "footnotes", "def_list"]
RENDERERS = {
    "CommonMark": MarkdownIt("commonmark").render,
    "markdown-it": MarkdownIt("js-default", {"html": True, "linkify": False}).render,
    "nbconvert": markdown2html_mistune,
    "mistune": mistune.create_markdown(escape=False, plugins=_plugins),
}
PROSE = (
    "p em strong code pre a ul ol li h1 h2 h3 h4 h5 h6 blockquote hr br table thead tbody tr th td del s"
    " div span input section sup dl dt dd"
)
HARMLESS = frozenset(re.findall(r"\w+", PROSE))
ACTS = re.compile(r"(?i)[\x00-\x20]*(javascript|data|vbscript):")


class Judge(HTMLParser):
    """Collects what acts: elements that are no prose, handlers, sources, bad links."""

    def __init__(self):
        super().__init__()
        self.acting = []

    def handle_starttag(self, tag, attrs):
        if tag not in HARMLESS:
            self.acting.append(tag)
        for name, value in attrs:
            leads = name not in ("id", "class", "title") and ACTS.match(value or "")
            if name.startswith("on") or name == "src" or leads:
                self.acting.append((tag, name, value))


def acting(markdown):
    """What acts in the page that each renderer makes of it."""
    found = {}
    for name, render in RENDERERS.items():
        judge = Judge()
        judge.feed(render(markdown))
        judge.close()
        if judge.acting:
            found[name] = judge.acting
    return found


def test_the_judge_sees_what_acts():
    """Without the neutraliser these act: a test of the test."""
    assert set(acting("<img src=x onerror=alert(1)>")) == set(RENDERERS)
    assert "CommonMark" in acting("![i](http://e.x/p.png)")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>x",
    "<!-- --><svg/onload=alert(1)>",
    "a <b onmouseover=alert(1)>b</b>",
    "\\<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](<javascript:alert(1)>)",
    "[a](&#106;avascript:alert(1))",
    "[a](&#x6A;avascript&colon;alert(1))",
    "[a](java\\script:alert(1))",
    "[a](\njavascript:alert(1))",
    "[a](vbscript:x) [b](data:text/html,x) [c](JaVaScRiPt:x)",
    "[a][r]\n\n[r]: javascript:alert(1)",
    "[a][r]\n\n[r]:\n  javascript:alert(1)",
    '[r]: /u "a\n```\n"\n<img src=x onerror=alert(1)>',
    "<javascript:alert(1)>",
    "![i](http://e.x/p.png?q=secret)",
    "![i][r]\n\n[r]: http://e.x/p.png",
    "[![i](http://e.x/p.png)](http://e.x)",
    "![![i](http://e.x/a.png)](http://e.x/b.png)",
    "`a\n- <img src=x onerror=alert(1)>`",
    "`\n\n<img src=x onerror=alert(1)>\n\n`",
    "> ```\n<img src=x onerror=alert(1)>\n```",
    "- ```\n  x\n  ```\n  <img src=x onerror=alert(1)>",
    "1. a\nb\n2. c\n   ```\n<img src=x onerror=alert(1)>",
    "a\n    ```\n<img src=x onerror=alert(1)>\n    ```",
    " ```\ncode\n ```\n<img src=x onerror=alert(1)>",
    "$$\n```\n$$\n<img src=x onerror=alert(1)>\n```",
    "\\begin{a}\n\n```\n\\end{a}\n<img src=x onerror=alert(1)>\n```",
    "$`$` `<img src=x onerror=alert(1)>`",
    "~~`a~~` `<img src=x onerror=alert(1)>`",
    "\\`a` `<img src=x onerror=alert(1)>`",
    "~`<img src=x onerror=alert(1)>`",
    "**``**`<img src=x onerror=alert(1)>``",
    "http://y`<img src=x onerror=alert(1)>`",
    "| `a | <img src=x onerror=alert(1)> ` |\n|--|--|\n| `a | <img src=x onerror=alert(1)> ` |",
    "```a`b\n<img src=x onerror=alert(1)>",
    "[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
    "# <img src=x onerror=alert(1)>\n=====",
    "\\href{javascript:alert(1)}{x}",
]


CORPUS = [
    payload["text"].encode("utf-8", "replace").decode()
    for payload in json.loads((Path(__file__).parents[2] / "hostile" / "payloads.json").read_text())
]
"""The hostile texts that the live cell is tested with, as they come out of the wire."""


@pytest.mark.parametrize("markdown", [*HOSTILE, *CORPUS, "~~~ &#109;ermaid\n<img src=x onerror=alert(1)>"])
def test_hostile_text_does_nothing(markdown):
    assert acting(inert(markdown)) == {}


def test_most_of_the_hostile_texts_act_where_nothing_is_done():
    attached = "![x](attachment:x.png)"  # nbconvert wants the attachment
    assert sum(1 for markdown in CORPUS if markdown != attached and acting(markdown)) >= 350


PIECES = [
    *(
        "`",
        "`",
        "``",
        "```",
        "~~~",
        "\n",
        "\n",
        "\n\n",
        "\n```\n",
        "\n   ```\n",
        "\n  ```py\n",
        " ",
        "  ",
        "   ",
        "    ",
    ),
    *(
        "\t",
        "- ",
        "1. ",
        "2. ",
        "* ",
        "> ",
        "a",
        "b",
        "|",
        "**",
        "*",
        "_",
        "~~",
        "~",
        "#",
        "---",
        "|---|",
        "=",
        "{",
        "}",
    ),
    *(
        "<script>x</script>",
        "<img src=x onerror=a>",
        "</b>",
        "<!-- ",
        "-->",
        "<?x",
        "<javascript:x>",
        "<https://x.y>",
    ),
    *(
        "[a](javascript:x)",
        "[a](<javascript:x>)",
        "![a](http://e/x.png)",
        "[r]: javascript:x",
        "[a][r]",
        "![r]",
        "![",
        "![<img src=x onerror='a=b'>](http://e/x.png)",
        "[<b onclick=x>](http://e)",
    ),
    *(
        "\\",
        "\\`",
        "$",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "\\begin{a}",
        "\\end{a}",
        "[a](",
        "](",
        ")",
        "]:",
        "[",
        "]",
    ),
    *(
        '"',
        "'",
        "&#106;avascript:x",
        "data:text/html,x",
        "java\tscript:x",
        "[^1]:",
        "[^1]",
        "\r",
        "<b onclick=x>",
    ),
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example("- ```\n  x\n  ```\n  <b onclick=x>")
def test_no_mixture_of_hostile_pieces_acts(markdown):
    assert acting(inert(markdown)) == {}


PLAIN = """\
# Title

Some *text* with `<div>`, `std::vector<int>` and 1 < 2, a<1, x -> y, and $a$ too.

1. First:

   ```python
   x: list[int] = [i for i in y if i <z]
   ```
2. Second, [a link](https://example.org/a?b=c#d) and <https://example.org>, [here](#title).

- item
  - nested

    ```html
    <b>bold</b>
    ```

| a | b |
|---|---|
| 1 | `x` |

```cpp
#include <vector>
![not an image](http://e.x)
```

> quoted & "said"
"""


@pytest.mark.parametrize("mark", ["```", "~~~", "  ````"])
@pytest.mark.parametrize(
    "before", ["", "> ", "- ", "> 1. ", "- [ ] ", "a\n", "x ```\n", "- a\n\n  > ", "\t- "]
)
def test_what_stands_after_a_fence_is_a_plain_word_or_nothing(before, mark):
    """JupyterLab's renderer, which is in no package of Python, writes it into an attribute as it stands."""
    for info in ('" onmouseover="x', "x' onfocus='x", "mermaid", 'p" onclick=x'):
        assert not re.search("on[a-z]+=|mermaid", inert(f"{before}{mark}{info}\ncode\n"))


def test_plain_prose_and_code_stay_as_they_are():
    assert inert(PLAIN) == PLAIN


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a <b>c</b>", "a &lt;b>c&lt;/b>"),
        ("x <y and x < y", "x &lt;y and x < y"),
        ("$a <b$", "$a < b$"),
        ("![alt](http://e.x/p.png)", "[image: alt](http://e.x/p.png)"),
        ("![](http://e.x/p.png)", "[image](http://e.x/p.png)"),
        ("vec![1, 2]", "vec![1, 2]"),
        ("[a](javascript:x)", "[a]\\(javascript:x)"),
        ("[mail](mailto:a@b.c) [up](../x)", "[mail](mailto:a@b.c) [up](../x)"),
        ("```py\nx <y", "```py\nx <y\n```"),
        ("~~~\nx", "~~~\nx\n~~~"),
        ("a\r\nb", "a\nb"),
    ],
)
def test_what_is_changed(before, after):
    assert inert(before) == after


@pytest.mark.parametrize(
    "piece",
    [
        "<a",
        "![",
        "!",
        "!![a](b",
        "](",
        "`a`",
        "` `` ",
        "- ",
        "![a",
        "$<a",
        "```\n",
        "\\begin{a}\n",
        "](&Tab;",
        "$$\n",
        "\\",
    ],
)
def test_time_grows_with_the_text_and_no_faster(piece):
    def seconds(size):
        text = piece * (size // len(piece))
        start = time.process_time()
        inert(text)
        return time.process_time() - start

    seconds(1000)
    assert seconds(160_000) < 40 * max(
        seconds(20_000), 0.002
    )  # 8 in proportion; a square would be 64 and more
