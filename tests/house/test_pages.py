"""The pages agree with the code: generated parts are up to date, and what a page or a comment cites exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.pages import __main__ as making
from tests.house import citing
from tests.house.citing import Tree

ROOT = Path(__file__).parents[2]

RELEASED = {
    f"migrations/versions/{name}.sql": "a revision that databases have run: its text is what they were made from"
    for name in (
        "0001/lease",
        "0001/tables",
        "0002/collect",
        "0002/lease",
        "0003/collect",
        "0004/lighten",
        "0004/version",
        "0008/lighten",
        "0009/lighten",
    )
}
"""Files that cite the document which docs/ replaces, and stay as they are."""


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree.of(ROOT)


def test_what_is_made_is_as_it_is_made() -> None:
    """Else: `python -m ops.pages`, and read what changed."""
    should = making.remade(ROOT, making.made("parts"), making.made("files"))
    assert not [str(path.relative_to(ROOT)) for path in making.differing(should)]


def test_what_pages_cite_exists(tree: Tree) -> None:
    found = [problem for page in citing.pages(tree) for problem in citing.in_page(tree, page)]
    assert not found, "\n".join(found)


def test_what_docstrings_and_comments_cite_exists(tree: Tree) -> None:
    found = [problem for file in citing.sources(tree) for problem in citing.in_source(tree, file)]
    assert not found, "\n".join(found)


def test_nothing_cites_a_document_that_is_not_here(tree: Tree) -> None:
    """Whoever has a clone has docs/, and no other design."""
    cites = {file for file in citing.texts(tree) if citing.cites_the_design(tree.text(file))}
    assert cites == set(RELEASED)


# -- the machinery itself ----------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Tree:
    """A tree of a page, a module and a test."""
    for name, text in {
        "docs/one.md": "# One page\n\n## It's a `part`, of two\n\n```python\n[no](link)\n```\n",
        "accompanist/log/__init__.py": "",
        "accompanist/log/group.py": '"""Doc."""\n\n\nclass Flusher:\n    async def commit(self) -> None: ...\n',
        "accompanist/worker/fence.sql": "CREATE OR REPLACE FUNCTION fence_enter(a text) RETURNS void;\n",
        "tests/log/test_group.py": "def test_it() -> None: ...\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    names = frozenset(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    return Tree(tmp_path, names)


@pytest.mark.parametrize(
    "text",
    [
        "`accompanist/log/group.py` and `accompanist/log`, `docs/`, and `tests/log/*.py`",
        "`accompanist/log/group.py::Flusher.commit`, `accompanist/worker/fence.sql::fence_enter`",
        "`tests/log/test_group.py::test_it`, `tests/log/test_group.py::test_it[a case]`",
        "[there](one.md), [further](one.md#its-a-part-of-two), [here](#two), [away](https://example.org/x)",
        "## Two",
        "```\n`accompanist/gone.py` [gone](gone.md)\n```",
        "one can read and/or write",
    ],
)
def test_what_exists_may_be_cited(small: Tree, text: str) -> None:
    assert citing.in_text(small, "docs/two.md", f"# Two\n\n{text}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "`accompanist/log/gone.py`",
        "`accompanist/log/gone.py::Flusher`",
        "`accompanist/log/group.py::Flusher.gone`",
        "`accompanist/worker/fence.sql::fence_gone`",
        "`tests/log/test_group.py::test_gone`",
        "`tests/gone/*.py`",
        "[gone](gone.md)",
        "[no such part](one.md#three)",
        "[no such part here](#three)",
        "[a `word`, broken over\nlines](gone.md)",
        "![gone](gone.svg)",
    ],
)
def test_what_does_not_exist_is_seen(small: Tree, text: str) -> None:
    assert len(citing.in_text(small, "docs/two.md", f"# Two\n\n{text}\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        '"""See docs/gone.md."""\n',
        "x = 1  # held by tests/log/test_group.py::test_gone\n",
        'class A:\n    x: int = 1\n    """As `docs/one.md#three` says."""\n',
        "x = 1  # as `log.gone.name` says\n",
    ],
)
def test_what_a_module_cites_is_seen(small: Tree, text: str) -> None:
    assert len(citing.in_python(small, "accompanist/x.py", text)) == 1


def test_what_a_module_says_in_a_string_is_no_citation(small: Tree) -> None:
    assert citing.in_python(small, "accompanist/x.py", 'x = "docs/gone.md"\n') == []


def test_what_an_sql_comment_cites_is_seen(small: Tree) -> None:
    assert (
        len(citing.in_sql(small, "accompanist/x.sql", "SELECT 1; -- see docs/gone.md\nSELECT 'docs/gone.md';\n")) == 1
    )


@pytest.mark.parametrize("text", ["(design 3.5)", "design.md 8", "design, 4", "(design\n    3.5)"])
def test_a_section_of_the_old_design_is_seen(text: str) -> None:
    assert citing.cites_the_design(text)


def test_a_part_is_replaced_and_its_page_kept() -> None:
    used: set[str] = set()
    page = "# A\n\n<!-- made: x -->\nold\n<!-- end: x -->\n\nafter\n"
    once = making.replaced("a", page, {"x": "| new |\n"}, used)
    assert once == "# A\n\n<!-- made: x -->\n\n| new |\n\n<!-- end: x -->\n\nafter\n"
    assert making.replaced("a", once, {"x": "| new |\n"}, used) == once
    assert used == {"x"}


@pytest.mark.parametrize(
    "page", ["<!-- made: y -->\n<!-- end: y -->\n", "<!-- made: x -->\n<!-- end: z -->\n", "<!-- end: x -->\n"]
)
def test_a_marker_that_means_nothing_is_an_error(page: str) -> None:
    with pytest.raises(making.Unmade):
        making.replaced("a", page, {"x": ""}, set())


def test_a_part_without_a_page_is_an_error(small: Tree) -> None:
    with pytest.raises(making.Unmade):
        making.remade(small.root, {"x": ""}, {})
