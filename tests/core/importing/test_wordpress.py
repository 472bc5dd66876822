"""WordPress exports: everything in them is read, and one broken item never takes the others along."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rustok.core.importing import wordpress
from rustok.core.importing.site import Entry, Site
from rustok.kernel.importing import NotImportable, Skipped

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "wordpress-theme-test.xml"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment with <item> in it -->
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/{version}/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/{version}/">
<channel>
<title>My &amp; Site</title>
<link>https://old.test</link>
<language>ru-RU</language>
<wp:wxr_version>{version}</wp:wxr_version>
"""
FOOT = "</channel>\n</rss>\n"


def item(number: int, title: str = "T", body: str = "Text", kind: str = "post", extra: str = "", **fields: str) -> str:
    values = {"status": "publish", "post_name": f"{kind}-{number}", "post_parent": "0", "menu_order": "0",
              "post_date_gmt": "2020-01-02 03:04:05", "post_password": "", "is_sticky": "0", **fields}  # fmt: skip
    return (
        f"<item>\n<title>{title}</title>\n<dc:creator>ann</dc:creator>\n"
        f"<content:encoded><![CDATA[{body}]]></content:encoded>\n"
        f"<wp:post_id>{number}</wp:post_id>\n<wp:post_type>{kind}</wp:post_type>\n"
        + "".join(f"<wp:{name}>{value}</wp:{name}>\n" for name, value in values.items())
        + f"{extra}</item>\n"
    )


def meta(key: str, value: object) -> str:
    return (
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value><![CDATA[{value}]]></wp:meta_value></wp:postmeta>"
    )


def comment(number: int, parent: int = 0, approved: str = "1", kind: str = "", body: str = "Hm") -> str:
    return (
        f"<wp:comment>\n<wp:comment_id>{number}</wp:comment_id><wp:comment_author>Bob</wp:comment_author>"
        f"<wp:comment_date_gmt>2020-02-03 00:00:00</wp:comment_date_gmt><wp:comment_content><![CDATA[{body}]]>"
        f"</wp:comment_content><wp:comment_approved>{approved}</wp:comment_approved>"
        f"<wp:comment_type>{kind}</wp:comment_type><wp:comment_parent>{parent}</wp:comment_parent></wp:comment>\n"
    )


def read(path: Path, *parts: str, version: str = "1.2", end: str = FOOT) -> tuple[Site, list[Entry], list[Skipped]]:
    path.write_text(HEAD.format(version=version) + "".join(parts) + end, encoding="utf-8")
    export = wordpress.read(path)
    found = list(export.entries)
    return (
        export.site,
        [one for one in found if isinstance(one, Entry)],
        [one for one in found if isinstance(one, Skipped)],
    )


def test_everything_of_the_real_file_is_there() -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL.name} is not beside the repository")
    root = ET.parse(REAL).getroot()  # noqa: S314  a known file
    wp = "{https://wordpress.org/export/1.2/}"
    items = [(one.findtext(f"{wp}post_type"), one) for one in root.iter("item")]
    kinds = Counter(kind for kind, _ in items)
    slugs = {
        "category": {one.findtext(f"{wp}category_nicename") for one in root.iter(f"{wp}category")},
        "post_tag": {one.findtext(f"{wp}tag_slug") for one in root.iter(f"{wp}tag")},
    }
    for one in root.iter("category"):
        if one.get("domain") in slugs:
            slugs[one.get("domain") or ""].add(one.get("nicename"))

    export = wordpress.read(REAL)
    found = list(export.entries)
    entries = [one for one in found if isinstance(one, Entry)]

    assert [one for one in found if isinstance(one, Skipped)] == []
    assert Counter(one.kind for one in entries) == {"post": kinds["post"], "page": kinds["page"]}
    assert set(export.site.categories) == slugs["category"]
    assert set(export.site.tags) == slugs["post_tag"]
    assert len(export.site.attachments) == kinds["attachment"]
    assert sum(len(one.comments) for one in entries) == sum(1 for _ in root.iter(f"{wp}comment"))
    assert export.site.comments == sum(len(one.comments) for one in entries)
    assert set(export.site.authors) >= {one.findtext(f"{wp}author_login") for one in root.iter(f"{wp}author")}
    count = [0]

    def walk(lines: object) -> None:
        for line in lines:  # type: ignore[attr-defined]  # menu items
            count[0] += 1
            walk(line.children)

    for menu in export.site.menus:
        walk(menu.items)
    assert count[0] == kinds["nav_menu_item"]
    assert len({(one.kind, one.slug) for one in entries}) == len(entries)
    assert not any("<!-- wp:" in one.body_html or "[caption" in one.body_html for one in entries)
    text = REAL.read_text(encoding="utf-8").split("\n")
    assert all(text[one.line - 1].strip() == "<item>" for one in entries if one.line)


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_an_entry_brings_all_it_has_whatever_the_version(tmp_path: Path, version: str) -> None:
    site, entries, skipped = read(
        tmp_path / "a.xml",
        "<wp:author><wp:author_login>ann</wp:author_login><wp:author_email>ann@x.test</wp:author_email>"
        "<wp:author_display_name><![CDATA[Ann Lee]]></wp:author_display_name></wp:author>\n",
        "<wp:category><wp:category_nicename>child</wp:category_nicename><wp:category_parent>root</wp:category_parent>"
        "<wp:cat_name><![CDATA[Child &amp; Co]]></wp:cat_name></wp:category>\n",
        "<wp:category><wp:category_nicename>root</wp:category_nicename><wp:category_parent></wp:category_parent>"
        "<wp:cat_name><![CDATA[Root]]></wp:cat_name></wp:category>\n",
        item(5, kind="attachment", title="Pic", extra=meta("_wp_attachment_image_alt", "Alt"),
             attachment_url="https://old.test/a.jpg", post_parent="7", status="inherit"),
        item(7, "Hello &#8211; <![CDATA[you]]>", "One<!--more-->\n\nTwo [gallery]", is_sticky="1", post_password="pw",
             post_name="%d0%bf%d1%80%d0%b8%d0%b2%d0%b5%d1%82",
             extra=meta("_thumbnail_id", 5) + meta("_yoast_wpseo_title", "Seen") + comment(2, 1) + comment(1)
             + '<category domain="category" nicename="child"><![CDATA[Child &amp; Co]]></category>'
             '<category domain="post_tag" nicename="new"><![CDATA[New]]></category>'
             '<category domain="post_format" nicename="post-format-quote"><![CDATA[Quote]]></category>'),
        version=version,
    )  # fmt: skip

    assert skipped == []
    assert (site.title, site.language, site.version) == ("My & Site", "ru-RU", version)
    assert site.authors["ann"].name == "Ann Lee"
    assert [(term.slug, term.name, term.parent) for term in site.categories.values()] == [
        ("root", "Root", ""),
        ("child", "Child & Co", "root"),
    ]
    [entry] = entries
    assert (entry.title, entry.slug, entry.kind) == ("Hello – you", "привет", "post")
    assert entry.body_html.startswith("<p>One</p>\n<p>Two</p>")
    assert '<img src="https://old.test/a.jpg" alt="Alt">' in entry.body_html
    assert (entry.excerpt, entry.password, entry.sticky, entry.format) == ("One", "pw", True, "quote")
    assert (entry.categories, entry.tags) == (("child",), ("new",))
    assert entry.published_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert entry.cover is not None
    assert entry.cover.alt == "Alt"
    assert entry.seo_title == "Seen"
    assert [(one.id, one.parent) for one in entry.comments] == [(1, 0), (2, 1)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("publish", "published"), ("draft", "draft"), ("pending", "draft"), ("private", "draft"), ("future", "published")],
)
def test_what_the_public_does_not_see_there_is_a_draft_here(tmp_path: Path, status: str, expected: str) -> None:
    _, [entry], _ = read(tmp_path / "a.xml", item(1, status=status))

    assert (entry.status, entry.original_status) == (expected, status)


def test_comments_keep_their_state_and_kind(tmp_path: Path) -> None:
    _, [entry], _ = read(
        tmp_path / "a.xml",
        item(1, extra=comment(1) + comment(2, approved="0") + comment(3, approved="spam") + comment(4, approved="trash")
             + comment(5, kind="pingback") + comment(6, parent=99) + comment(7, parent=8) + comment(8, parent=7)),
    )  # fmt: skip

    assert [one.status for one in entry.comments][:4] == ["approved", "pending", "spam", "trash"]
    by_id = {one.id: one for one in entry.comments}
    assert by_id[5].type == "pingback"
    assert by_id[6].parent == 0
    assert [one.parent for one in entry.comments if one.id in (7, 8)].count(0) == 1


def test_zero_dates_fall_back(tmp_path: Path) -> None:
    _, entries, _ = read(
        tmp_path / "a.xml",
        item(1, post_date_gmt="0000-00-00 00:00:00", post_date="2021-05-06 07:08:09"),
        item(2, post_date_gmt="0000-00-00 00:00:00", extra="<pubDate>Mon, 16 Jan 2023 07:08:31 +0000</pubDate>"),
        item(3, post_date_gmt="nonsense"),
    )

    assert [one.published_at for one in entries] == [
        datetime(2021, 5, 6, 7, 8, 9, tzinfo=UTC),
        datetime(2023, 1, 16, 7, 8, 31, tzinfo=UTC),
        None,
    ]


def test_menus_are_trees_and_survive_circles(tmp_path: Path) -> None:
    def line(number: int, parent: int, order: int) -> str:
        return item(
            number, f"L{number}", kind="nav_menu_item", menu_order=str(order),
            extra='<category domain="nav_menu" nicename="main"><![CDATA[Main]]></category>'
            + meta("_menu_item_type", "post_type") + meta("_menu_item_object", "page")
            + meta("_menu_item_object_id", number * 10) + meta("_menu_item_menu_item_parent", parent),
        )  # fmt: skip

    site, entries, skipped = read(
        tmp_path / "a.xml", line(1, 0, 2), line(2, 1, 1), line(3, 0, 1), line(4, 5, 4), line(5, 4, 5), line(6, 77, 6)
    )

    assert entries == skipped == []
    [menu] = site.menus
    assert (menu.slug, menu.name) == ("main", "Main")
    assert [(one.title, [child.title for child in one.children]) for one in menu.items] == [
        ("L3", []),
        ("L1", ["L2"]),
        ("L4", []),
        ("L5", []),
        ("L6", []),
    ]
    assert menu.items[0].object_id == 30


def test_pages_of_one_slug_get_slugs_that_differ(tmp_path: Path) -> None:
    _, entries, _ = read(
        tmp_path / "a.xml",
        item(1, kind="page", post_name="team"),
        item(2, kind="page", post_name="team", post_parent="1"),
        item(3, post_name="team"),
        item(4, "Some Title", post_name=""),
        item(5, "", post_name=""),
    )

    assert [one.slug for one in entries] == ["team", "team-2", "team", "some-title", "post-5"]


def test_other_kinds_the_trash_and_repeated_items_are_reported_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    _, entries, skipped = read(path, item(1), item(2, "P", kind="product"), item(3, "Old", status="trash"), item(1))

    lines = path.read_text().split("\n")
    starts = [number for number, line in enumerate(lines, 1) if line == "<item>"]
    assert [one.line for one in entries] == starts[:1]
    assert [(one.line, one.reason, one.what) for one in skipped] == [
        (starts[1], "the post type “product” is not imported", "P"),
        (starts[2], "it is in the trash", "Old"),
        (starts[3], f"the post repeats line {starts[0]}", "T"),
    ]


def test_a_cut_file_gives_everything_that_was_complete(tmp_path: Path) -> None:
    whole = item(1) + item(2) + item(3, "Cut")
    for cut in (30, 200, len(item(3, "Cut")) - 3):
        path = tmp_path / "a.xml"
        _, entries, skipped = read(path, whole[: len(item(1) + item(2)) + cut], end="")

        assert [one.id for one in entries] == [1, 2]
        assert [one.reason for one in skipped] == ["the file ends in the middle of this item"]
        start = 1 + HEAD.count("\n") + (item(1) + item(2)).count("\n")
        assert skipped[0].line == start


def test_a_broken_item_is_left_out_and_mendable_ones_are_mended(tmp_path: Path) -> None:
    _, entries, skipped = read(
        tmp_path / "a.xml",
        item(1, "Fish & chips &nbsp; &copy; &unknown; \x0b&#x1;ok"),
        item(2, "<b>unclosed"),
        item(3, "Fine", "with \x08 bell and ]]]]><![CDATA[> end and <item> inside </item>"),
    )

    assert [(one.id, one.title) for one in entries] == [(1, "Fish & chips © &unknown; ok"), (3, "Fine")]
    assert "with  bell and ]]> end" in entries[1].body_html
    assert [one.reason.split(":")[0] for one in skipped] == ["the item is not well-formed XML"]


def test_bytes_that_are_no_utf8_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes((HEAD.format(version="1.2") + item(1, "caf@") + FOOT).encode().replace(b"caf@", b"caf\xe9"))

    [entry] = list(wordpress.read(path).entries)

    assert isinstance(entry, Entry)
    assert entry.title == "caf\ufffd"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ("Handle,Title\na,b\n", "not XML"),
        ("<!DOCTYPE html><html><body></body></html>", "web page"),
        ('<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"></feed>', "another kind of XML"),
        ('<?xml version="1.0"?><rss><channel><item><title>x</title></item></channel></rss>', "ordinary feed"),
        (
            '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
            + HEAD.format(version="1.2").split("?>", 1)[1] + item(1, "&b;") + FOOT,
            "declares XML entities",
        ),
        ("PK\x03\x04", "compressed"),
        ("\x00" * 500, "binary"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_such_export_is_refused_in_one_line(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(content)

    with pytest.raises(NotImportable, match=reason) as caught:
        wordpress.read(path)

    assert "\n" not in str(caught.value)


def test_an_outside_entity_is_never_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    path = tmp_path / "a.xml"
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]>'
        + re.sub(r"^.*\n", "", HEAD.format(version="1.2"), count=1) + item(1, "&x;") + FOOT
    )  # fmt: skip

    with pytest.raises(NotImportable, match="entities"):
        wordpress.read(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotImportable, match="cannot be read"):
        wordpress.read(tmp_path)
