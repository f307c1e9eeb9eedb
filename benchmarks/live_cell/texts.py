"""What the far end of these measurements says: Markdown whose every token holds a word that tells its number.

A token is about five characters, as those of a model are. Words have four letters, so that half of one is
never taken for another; nothing else in these texts has four.
"""

import re
from itertools import count

MIXED = """\
## @ @ @ @

@ @ @ @ @ **@ @** @ @ @ `@` @ @ @ [@ @](https://x.org) @ @. @ @ @ @ @ *@ @* @ @ @ @ @ @ @ @ @ @, @ @ @ @ @ @.

- @ @ *@* @ @ @ @
- @ @ @ @ @

```python
def @(@):
    return @(@) + "@ @"  # @ @ @ @ @
```

@ @ @ @ @ @ @ @ @ @ @ @ @ @ @ @ @ @.

| @ | @ | @ |
|---|---|---|
| @ @ | @ @ | @ @ |
| @ @ | @ @ | @ @ |

"""
"""What answers are made of, again and again; @ stands for a word."""

KINDS = {
    "mixed": ("", MIXED),
    "paragraph": ("", "@ *@ @* @ `@` @ @ @, @ @ @ @. "),
    "list": ("", "- @ @ *@* @ @ `@` @ @ @\n"),
    "fence": ("```python\n", '@ = @(@ + 1, "@")  # @ @ @\n'),
    "table": ("| one | two |\n|---|---|\n", "| @ @ @ | @ *@* @ |\n"),
}
"""Of what a text is made: how it begins, and what comes again and again."""

_TOKEN = re.compile(r"[^@]*@[^@\s]*\s*(?:[^@]*\Z)?")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def tokens(kind):
    """The tokens of a text without end."""
    head, again = KINDS[kind]
    pieces = _TOKEN.findall(again)
    for number in count():
        piece = pieces[number % len(pieces)].replace("@", word(number))
        yield piece if number else head + piece


def word(number):
    """The word of a token."""
    letters = ""
    for _ in range(4):
        number, digit = divmod(number, 26)
        letters = _LETTERS[digit] + letters
    return letters


def number_of(word):
    """The number that a word tells."""
    told = 0
    for letter in word:
        told = told * 26 + _LETTERS.index(letter)
    return told
