"""Tables of strangers: whatever their encoding, delimiter, quoting and line ends, rows come out right."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.commerce.importing import tables
from rustok.commerce.importing.tables import Row
from rustok.kernel.importing import NotImportable

KNOWN = frozenset({"handle", "title", "price"})


def rows_of(path: Path) -> list[Row]:
    with tables.opened(path, known=KNOWN, required=("title",), kind="Shopify product export") as table:
        return list(table)


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251"])
def test_delimiter_line_end_and_encoding_are_found_out(
    tmp_path: Path, delimiter: str, ending: str, encoding: str
) -> None:
    lines = [["Handle", "Title", "Price"], ["shapka", "Тёплая шапка для зимы", "10"], ["b", "Шарф", "11"]]
    path = written(tmp_path / "a.csv", ending.join(delimiter.join(line) for line in lines) + ending, encoding)

    rows = rows_of(path)

    assert [(row.line, row.text("handle"), row.text("title"), row.text("price")) for row in rows] == [
        (2, "shapka", "Тёплая шапка для зимы", "10"),
        (3, "b", "Шарф", "11"),
    ]


def test_western_eight_bit_text_keeps_its_accents(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Handle,Title\nx,Crème brûlée à la façon d’été\n", "cp1252")

    assert rows_of(path)[0].text("title") == "Crème brûlée à la façon d’été"


def test_one_broken_letter_does_not_turn_utf8_into_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Handle,Title\nx,Ёлка и шар\n".encode() + b"y,bro\xffken\n")

    assert [row.text("title") for row in rows_of(path)] == ["Ёлка и шар", "bro\ufffdken"]


def test_headers_may_differ_in_case_and_space_and_a_sep_line_is_skipped(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'sep=;\n"  hANDLE ";TITLE ;Pri_ce;Unknown\nx;T;1;?\n')

    rows = rows_of(path)

    assert rows[0].line == 3
    assert rows[0].cells == {"handle": "x", "title": "T", "pri ce": "1", "unknown": "?"}


def test_lines_are_counted_where_rows_start(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'Handle,Title\na,"one\ntwo\n\nfour"\n\n\nb,B\n')

    rows = rows_of(path)

    assert [(row.line, row.text("title")) for row in rows] == [(2, "one\ntwo\n\nfour"), (8, "B")]


def test_zeros_are_dropped_and_cells_may_be_very_long(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Handle,Title\na\0,{}\n".format("x" * 3_000_000))

    rows = rows_of(path)

    assert rows[0].text("handle") == "a"
    assert len(rows[0].text("title")) == 3_000_000


def test_short_rows_are_filled_and_empty_cells_at_the_end_are_ignored(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Handle,Title,Price\na,A\nb,B,1,,,\n,,\nc,C,2\n")

    rows = rows_of(path)

    assert [(row.text("handle"), row.text("price"), row.problem) for row in rows] == [
        ("a", "", None),
        ("b", "1", None),
        ("c", "2", None),
    ]


def test_a_row_with_too_many_cells_is_marked_and_the_others_go_on(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Handle,Title,Price\na,A, with a comma,1\nb,B,2\n")

    rows = rows_of(path)

    assert [(row.line, row.text("handle"), row.problem) for row in rows] == [
        (2, "a", "the row has 4 cells where the header has 3"),
        (3, "b", None),
    ]


def test_a_quote_that_is_never_closed_costs_one_row_only(tmp_path: Path) -> None:
    body = "".join(f'h{n},"Title, {n}",{n}\n' for n in range(3, 200))
    path = written(tmp_path / "a.csv", 'Handle,Title,Price\nh1,One,1\nh2,"Two,2\n' + body)

    rows = rows_of(path)

    assert [row.text("handle") for row in rows if row.problem] == ["h2"]
    assert [row.text("handle") for row in rows if not row.problem] == ["h1", *(f"h{n}" for n in range(3, 200))]
    assert rows[2].line == 4


def test_a_file_cut_inside_a_quoted_cell_gives_what_was_complete(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'Handle,Title,Price\na,A,1\nb,"B is\nlong,\nand then')

    rows = rows_of(path)

    assert [(row.line, row.text("handle"), row.problem) for row in rows] == [
        (2, "a", None),
        (3, "b", "the file ends inside a quoted cell"),
    ]


def test_a_file_cut_in_the_middle_of_a_row_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Handle,Title,Price\na,A,1\nb,B")

    assert [(row.line, row.problem) for row in rows_of(path)] == [
        (2, None),
        (3, "the file ends in the middle of this row"),
    ]


def test_rows_that_a_spreadsheet_wrapped_in_quotes_are_unwrapped(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", '"Handle,Title,Price"\n"a,""A, really"",1"\n')

    assert [row.cells for row in rows_of(path)] == [{"handle": "a", "title": "A, really", "price": "1"}]


def test_quotes_may_be_escaped_by_backslashes(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'Handle,Title,Price\na,"<p class=\\"x\\">One, two</p>\nmore",1\nb,"B",2\n')

    rows = rows_of(path)

    assert [(row.text("handle"), row.text("title"), row.problem) for row in rows] == [
        ("a", '<p class="x">One, two</p>\nmore', None),
        ("b", "B", None),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "HTML or XML"),
        (b'<?xml version="1.0"?><rss></rss>', "HTML or XML"),
        (b"PK\x03\x04" + bytes(range(256)), "Excel"),
        (b"\x89PNG\r\n" + bytes(range(256)), "picture"),
        (bytes(range(256)) * 20, "binary"),
        (b"first,last\nAnn,Lee\n", "lacks the columns"),
        (b'{"products": []}', "lacks the columns"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    with pytest.raises(NotImportable, match=reason) as caught:
        rows_of(path)

    assert "\n" not in str(caught.value)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotImportable, match="folder"):
        rows_of(tmp_path)
    with pytest.raises(NotImportable, match="cannot be read"):
        rows_of(tmp_path / "missing.csv")


CELLS = st.text(
    st.characters(
        codec="utf-8", exclude_characters="\ufeff", exclude_categories=["Cs", "Cc"], include_characters="\n\t"
    ),
    max_size=20,
).map(str.strip)


@settings(max_examples=150, deadline=None)
@given(
    content=st.lists(st.tuples(CELLS, CELLS, CELLS).filter(any), max_size=8),
    delimiter=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_proper_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    content: list[tuple[str, str, str]],
    delimiter: str,
    quoting: int,
    encoding: str,
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerows([("Handle", "Title", "Price"), *content])
    path = written(tmp_path_factory.mktemp("round") / "a.csv", buffer.getvalue(), encoding)

    rows = rows_of(path)

    assert all(row.problem is None for row in rows)
    assert [(row.text("handle"), row.text("title"), row.text("price")) for row in rows] == content


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "a.csv"
    path.write_bytes(b"Handle,Title,Price\na,A,1\n" + tail)

    try:
        rows = rows_of(path)
    except NotImportable:
        return

    assert all(row.line >= 2 for row in rows)
