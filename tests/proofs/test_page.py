"""Which lines of a page are equations, and what is wrong with those that cannot be read."""

from __future__ import annotations

from sabcore.proofs.page import read_page, tagged_text

PAGE = """
Words with (Q.9) in them are none.
```
z_i = max_i y_i   (Q.1)   a remark
```

```text
anything = at all
```

```
dy = dz           (Q.2*) (Q.1*)
lost = 1
u = sum x         (Q.3)
```
"""


def test_a_page_is_read() -> None:
    page = read_page(PAGE)
    assert [(line.tags, line.text, line.symbols) for line in page.definitions] == [
        (("Q.1",), "z_i = max_i y_i", ("z",))
    ]
    assert [(line.tags, line.starred, line.symbols) for line in page.starred] == [(("Q.2", "Q.1"), True, ("dy",))]
    assert page.problems == ("'lost = 1' bears no number", "'u = sum x' has 'sum' where a name should be")


def test_a_line_without_a_number_at_its_end_is_no_equation() -> None:
    assert tagged_text("as in (L.1), z = x") is None
    assert tagged_text("    z   = x   (L.1)   gates") == ("z = x", ("L.1",), False)
