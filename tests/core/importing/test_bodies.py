"""WordPress bodies of every age: classic text, shortcodes and blocks become HTML that says the same."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.core.importing import bodies, markup
from rustok.core.importing.shortcodes import Picture, Surroundings

PICTURES = {1: Picture("https://x.test/1.jpg", "One", "First"), 2: Picture("https://x.test/2.jpg", "Two")}


def html_of(text: str) -> str:
    return bodies.to_html(
        text, Surroundings(PICTURES, (2,), {9: "<!-- wp:paragraph --><p>Again</p><!-- /wp:paragraph -->"})
    ).html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One\n\nTwo", "<p>One</p>\n<p>Two</p>"),
        ("One\r\nstill one\r\n\r\n\r\nTwo", "<p>One<br>\nstill one</p>\n<p>Two</p>"),
        ("<p>Has its own</p>", "<p>Has its own</p>"),
        ("Before\n<ul>\n<li>a</li>\n</ul>\nAfter", "<p>Before</p>\n<ul>\n<li>a</li>\n</ul><p>After</p>"),
        ("<pre>a\n\nb</pre>", "<pre>a\n\nb</pre>"),
        ("<h2>Head</h2>\nText", "<h2>Head</h2><p>Text</p>"),
        ("<blockquote>Said</blockquote>", "<blockquote><p>Said</p>\n</blockquote>"),
        ("<strong>Bold</strong> and\n<em>more</em>", "<p><strong>Bold</strong> and<br>\n<em>more</em></p>"),
        ('<img src="a"\nalt="b">', '<p><img src="a"\nalt="b"></p>'),
        (
            "https://youtu.be/x?a=1&amp;b=2",
            '<p><a href="https://youtu.be/x?a=1&amp;b=2">https://youtu.be/x?a=1&amp;b=2</a></p>',
        ),
        ("5 < 6\n\n7 > 2", "<p>5 < 6</p>\n<p>7 > 2</p>"),
        ("", ""),
        ("&nbsp;", "<p>&nbsp;</p>"),
        ("a<br />\nb", "<p>a<br />b</p>"),
        ("</div>stray", "</div><p>stray</p>"),
    ],
)
def test_classic_text_gets_its_paragraphs(text: str, expected: str) -> None:
    assert html_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[caption id="a1" align="left" width="9"]<a href="#"><img src="a.jpg"></a> The <em>words</em>[/caption]',
            '<figure><a href="#"><img src="a.jpg"></a><figcaption>The <em>words</em></figcaption></figure>',
        ),
        (
            '[gallery ids="1,2,77" columns="2"]',
            '<div class="gallery"><figure><img src="https://x.test/1.jpg" alt="One"><figcaption>First</figcaption>'
            '</figure><figure><img src="https://x.test/2.jpg" alt="Two"></figure></div>',
        ),
        ("[gallery]", '<div class="gallery"><figure><img src="https://x.test/2.jpg" alt="Two"></figure></div>'),
        ("[embed width=3]https://x.test/v[/embed]", '<p><a href="https://x.test/v">https://x.test/v</a></p>'),
        (
            '[audio mp3="https://x.test/a.mp3"][/audio]',
            '<figure><audio controls src="https://x.test/a.mp3"><a href="https://x.test/a.mp3">https://x.test/a.mp3</a>'
            "</audio></figure>",
        ),
        (
            "[code]if (a < b) [gallery]\n\n&lt;p&gt;[/code]",
            "<pre><code>if (a &lt; b) [gallery]\n\n&lt;p&gt;</code></pre>",
        ),
        ("A quote [sic] stays, [1] too", "<p>A quote [sic] stays, [1] too</p>"),
        ('a [button url="x"]Press[/button] b', "<p>a Press b</p>"),
        ('[contact-form-7 id="1" title="x"]', ""),
        ("Write [[gallery]] for one", "<p>Write [gallery] for one</p>"),
        ("<code>[gallery]</code>", "<p><code>[gallery]</code></p>"),
        ('<a href="/[x y=1]">t</a>', '<p><a href="/[x y=1]">t</a></p>'),
        ("[row][col]In[/col][/row]", "<p>In</p>"),
        ("[youtube abc]", "abc"),
        ("[embed]javascript:alert(1)[/embed]", "<p>javascript:alert(1)</p>"),
    ],
)
def test_shortcodes_become_what_they_stand_for(text: str, expected: str) -> None:
    if text == "[youtube abc]":
        expected = '<p><a href="https://www.youtube.com/watch?v=abc">https://www.youtube.com/watch?v=abc</a></p>'

    assert html_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<!-- wp:paragraph {"align":"left"} -->\n<p>One</p>\n<!-- /wp:paragraph -->', "<p>One</p>"),
        (
            '<!-- wp:columns --><div class="c"><!-- wp:column --><div><!-- wp:list --><ul><li>a</li></ul>'
            "<!-- /wp:list --></div><!-- /wp:column --></div><!-- /wp:columns -->",
            '<div class="c"><div><ul><li>a</li></ul></div></div>',
        ),
        ('<!-- wp:latest-posts {"postsToShow":5} /-->', ""),
        (
            '<!-- wp:core-embed/youtube {"url":"https://youtu.be/x"} -->\n<figure><div>\nhttps://youtu.be/x\n</div>'
            "<figcaption>See</figcaption></figure>\n<!-- /wp:core-embed/youtube -->",
            '<p><a href="https://youtu.be/x">https://youtu.be/x</a></p><p>See</p>',
        ),
        (
            "<!-- wp:shortcode -->\n[gallery ids=\"2\"]\n<!-- /wp:shortcode -->",
            '<div class="gallery"><figure><img src="https://x.test/2.jpg" alt="Two"></figure></div>',
        ),
        ('<!-- wp:block {"ref":9} /-->', "<p>Again</p>"),
        ("<!-- wp:html -->\n<b> x </b>\n<!-- /wp:html -->", "<b> x </b>"),
        (
            "<!-- wp:paragraph -->\n<p>A</p>\n<!-- /wp:paragraph -->\n\nLoose\n\ntext\n\n"
            "<!-- wp:code -->\n<pre><code>x\n\ny</code></pre>\n<!-- /wp:code -->",
            "<p>A</p>\n\n<p>Loose</p>\n<p>text</p>\n\n<pre><code>x\n\ny</code></pre>",
        ),
        ("<!-- wp:paragraph --><p>never closed</p>", "<p>never closed</p>"),
        ("<!-- /wp:paragraph --><p>never opened</p>", "<p>never opened</p>"),
        ('<!-- wp:cover {"url":"https://x.test/c.jpg"} --><div>Words</div><!-- /wp:cover -->',
         '<figure><img src="https://x.test/c.jpg" alt=""></figure><div>Words</div>'),
    ],
)  # fmt: skip
def test_blocks_lose_their_comments_and_keep_their_content(text: str, expected: str) -> None:
    assert [line for line in html_of(text).split("\n") if line] == [line for line in expected.split("\n") if line]


def test_what_stands_before_more_is_the_teaser_and_pages_are_joined() -> None:
    body = bodies.to_html("<p>First &amp; short</p><!--more Go on--><p>Second</p><!--nextpage--><p>Third</p>")

    assert body.teaser == "First & short"
    assert "more" not in body.html
    assert "nextpage" not in body.html
    assert markup.plain(body.html) == "First & short Second Third"


def test_what_could_not_be_kept_is_named() -> None:
    body = bodies.to_html('[slider id="3"] <!-- wp:acme/clock {"a":1} /-->')

    assert body.dropped == ("acme/clock",)
    assert bodies.to_html('[slider id="3"]').dropped == ("slider",)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<div>", "</div>", "<pre>", "</pre>", "\n", "\n\n", "word", "[a b=1]", "[/a]",
                         "[caption]", "[/caption]", "<img src=x>", "<!-- wp:group -->", "<!-- /wp:group -->", "<!--",
                         "-->", "[[x]]", "<b", '"', "<li>", "&amp;", "<!--more-->", "[code]", "[/code]"]),
        max_size=25,
    )
)  # fmt: skip
def test_no_word_is_lost_and_nothing_breaks(parts: list[str]) -> None:
    text = "".join(parts)

    result = bodies.to_html(text).html

    if not {"<!--", "<b", '"', "[caption]"} & set(parts):
        assert result.count("word") == text.count("word")


HOSTILE = ["[a ", "[a]", "<", "<a ", "<!--", "<!-- wp:a {", "[[", "<pre>", "[a][b]", "<div>", '"', "<!-- wp:a -->",
           "\n\n", '<a "', "[gallery", "[a b='", "<p>\n", " ", "\t\n", "<br>", "<!--more ", "<!-- wp:a /-->", "[/a]",
           "<div></p>", "&amp", "[caption]", "<!-- wp:embed --><figcaption>", "[b][/a]"]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_bodies_take_no_longer_than_long_ones(piece: str) -> None:
    started = time.perf_counter()

    bodies.to_html("a" + piece * (200_000 // len(piece)) + "b")

    assert time.perf_counter() - started < 10
