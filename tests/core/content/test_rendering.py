"""What people write becomes HTML that is safe on our pages."""

import re
import time

import pytest

from rustok.core.content import rendering
from rustok.core.rendering.limits import BodyTooDeep, BodyTooLarge

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.test/x.js></SCRIPT>",
    "<<script>script>alert(1)<</script>/script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:text/html;base64,PHNjcmlwdD4=)",
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href=" &#14; javascript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<img src=x onerror=alert(1)>",
    "<img src='x' ONERROR='alert(1)'>",
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    '<img srcset="javascript:alert(1) 1x">',
    "<svg onload=alert(1)><circle/></svg>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<iframe src=javascript:alert(1)></iframe>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<iframe src="https://www.youtube.com@evil.test/"></iframe>',
    '<iframe src="https://evil.test/https://www.youtube.com/"></iframe>',
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button formaction=javascript:alert(1)>x</button></form>",
    "<p style=\"background:url('javascript:alert(1)')\">x</p>",
    "<base href=//evil.test/><meta http-equiv=refresh content='0;url=//evil.test'><link rel=preload href=//e.test>",
    "<b><i><a href='x' onclick='alert(1)'><p><div onmouseover=alert(1)>unclosed",
    "<video><source onerror=alert(1)></video><video src=x onerror=alert(1) autoplay></video>",
    "<details open ontoggle=alert(1)>x</details>",
    '<h2 id="x&quot; onmouseover=&quot;alert(1)">title</h2>',
    '# title " onmouseover="alert(1)',
    "<template><script>alert(1)</script></template>",
    "<textarea><img src=x onerror=alert(1)></textarea><title><img src=x onerror=alert(1)></title>",
    "<!--><img src=x onerror=alert(1)>-->",
    "|a|\n|-|\n|<img src=x onerror=alert(1)>|",
    "[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
]


def assert_harmless(html: str) -> None:
    """No tag that runs, no attribute that runs, no address that runs."""
    for tag in re.findall(r"<[^>]*>", html):
        assert not re.match(
            r"</?(script|style|object|embed|form|base|meta|link|svg|math|template|textarea)\b", tag, re.I
        )
        assert not re.search(r"\s(on\w+|style|srcdoc|formaction)\s*=", re.sub(r'="[^"]*"', '=""', tag), re.I), tag
        for address in re.findall(r'(?:href|src|srcset|poster|cite)="([^"]*)"', tag):
            assert re.match(r"(https?://|/|#|mailto:|tel:|[^:]*$)", address), address
        if tag.startswith("<iframe"):
            assert 'src="https://www.youtube.com/' in tag
            assert "evil" not in tag


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_no_body_runs_anything_in_a_readers_browser(attack: str, format: str) -> None:
    assert_harmless(rendering.render(attack, format))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_comments_hold_no_pictures_frames_classes_or_ids_either(attack: str, format: str) -> None:
    html = rendering.render_comment(attack, format)

    assert_harmless(html)
    assert not re.search(r"<(img|iframe|video|audio|h\d|div|span|table)|<[^>]*\s(class|id)=", html)


@pytest.mark.parametrize("source", [*ATTACKS, "# A\n\n# A\n\n[b](#a)[^n]\n\n[^n]: note", '<a id="x" href="#x">y</a>'])
def test_sanitising_what_is_sanitised_changes_nothing(source: str) -> None:
    once = rendering.render(source)

    assert rendering.render(once, "html") == once


def test_markdown_has_tables_strikethrough_footnotes_and_links() -> None:
    html = rendering.render("|a|b|\n|:-|-:|\n|1|2|\n\n~~gone~~ <https://a.test> note[^1]\n\n[^1]: foot")

    assert '<td align="right">2</td>' in html
    assert "<s>gone</s>" in html
    assert '<a href="https://a.test" rel="noopener">https://a.test</a>' in html
    assert 'href="#s-fn1"' in html
    assert 'id="s-fn1"' in html


def test_headings_get_ids_of_their_own_that_no_page_element_has() -> None:
    html = rendering.render("# Привет, мир\n\n## Same\n\n## Same\n\n<h2 id='main'>Own</h2>")

    assert re.findall(r'id="([^"]*)"', html) == ["s-привет-мир", "s-same", "s-same-2", "s-main"]


def test_pictures_and_known_videos_survive() -> None:
    html = rendering.render(
        '<figure class="wp-block-image evil"><img src="/media/a.jpg" srcset="/media/a.jpg 1x, javascript:x 2x" alt="A"'
        ' width="10"></figure><iframe src="https://www.youtube.com/embed/x"></iframe>',
        "html",
    )

    assert '<figure class="wp-block-image">' in html
    assert 'srcset="/media/a.jpg 1x"' in html
    assert 'src="https://www.youtube.com/embed/x"' in html
    assert "sandbox=" in html


def test_links_of_comments_tell_search_engines_to_stay_away() -> None:
    assert 'rel="noopener nofollow ugc"' in rendering.render_comment("[x](https://a.test)")
    assert "&lt;b&gt;" in rendering.render_comment("<b>typed</b>")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("x" * 1_000_001, BodyTooLarge),
        ("я" * 500_001, BodyTooLarge),
        ("<div>" * 201, BodyTooDeep),
        (">" * 60 + " x", BodyTooDeep),
        ("[" * 10_001, BodyTooDeep),
    ],
)
def test_bodies_that_are_too_large_or_too_deep_are_refused_by_name(body: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        rendering.render(body)


@pytest.mark.parametrize("body", ["[" * 9_999, "*a **a " * 10_000, "`a``" * 10_000, "<b>" * 190 + "<p>x" * 20_000])
def test_no_body_keeps_the_renderer_busy_for_long(body: str) -> None:
    started = time.perf_counter()

    rendering.render(body)

    assert time.perf_counter() - started < 5


def test_plain_text_has_one_line_per_block_and_excerpts_end_between_words() -> None:
    text = rendering.plain_text("<h1>A &amp; B</h1><p>one<br>two</p><ul><li>x</li><li>y</li></ul>")

    assert text == "A & B\none\ntwo\nx\ny"
    assert rendering.excerpt_of("word " * 100).endswith("word…")
    assert len(rendering.excerpt_of("w" * 1000)) <= 281
    assert [rendering.reading_minutes(one) for one in ("", "word", "word " * 201)] == [0, 1, 2]
