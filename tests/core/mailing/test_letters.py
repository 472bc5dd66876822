"""What a letter says: in the right language, escaped, from whom the tenant wants."""

import dataclasses

import pytest
from jinja2 import UndefinedError

from rustok.core.mailing import composing, delivering, rendering, service
from rustok.server import modules


async def test_a_letter_is_written_in_the_language_or_the_nearest_one(set_post, mail_server, write, units, make_tenant):
    set_post(mail_server)
    await write(locale="ru", once="1")
    await write(locale="fr", once="2")  # the tenant has it not: its own language
    await delivering.deliver(units)

    subjects = sorted(letter["Subject"] for _, _, letter in mail_server.letters)
    assert subjects == ["Hello, Ann", "Здравствуйте, Ann"]
    russian = next(letter for _, _, letter in mail_server.letters if letter["Content-Language"] == "ru")
    assert "/ru/x" in russian.get_body(("plain",)).get_content()


async def test_values_are_escaped_in_pages_and_not_in_texts(set_post, mail_server, write, units):
    set_post(mail_server)
    await write(name="<b>Ann & Bob</b>")
    await delivering.deliver(units)

    [(_, _, letter)] = mail_server.letters
    assert "&lt;b&gt;Ann &amp; Bob&lt;/b&gt;" in letter.get_body(("html",)).get_content()
    assert "Hello <b>Ann & Bob</b>:" in letter.get_body(("plain",)).get_content()


async def test_a_value_that_is_missing_makes_no_half_letter(set_post, mail_server, units, open_context):
    set_post(mail_server)
    async with open_context() as context:
        mail_id = await service.queue(context, "greeting", to="a@b.example", locale="en", values={}, once="1")
    await delivering.deliver(units)

    assert mail_server.letters == []
    async with open_context() as context:
        mail = await service.get(context, mail_id)
        assert mail.state == "queued"
        assert "'name' is undefined" in mail.last_error


async def test_a_mail_that_nobody_has_written_is_not_queued(set_post, mail_server, open_context):
    set_post(mail_server)
    with pytest.raises(rendering.UnknownTemplate):
        async with open_context() as context:
            await service.queue(context, "no_such_mail", to="a@b.example", locale="en", values={}, once="1")


async def test_a_tenant_says_whom_its_mail_is_from(set_post, mail_server, tenant):
    post = set_post(mail_server)
    mail = {"from_name": "Anna\r\nBcc: x@y.example", "from_address": "Hi@Shop.Example", "reply_to": "help@shop.example"}
    sender = composing.sender_of(post, dataclasses.replace(tenant, settings={"mail": mail}), "en")
    assert sender == composing.Sender("Anna Bcc: x@y.example", "hi@shop.example", "help@shop.example")

    wrong = {"from_name": "", "from_address": "nobody", "reply_to": 7}
    sender = composing.sender_of(post, dataclasses.replace(tenant, settings={"mail": wrong}), "en")
    assert sender == composing.Sender(tenant.name, "shop@installation.example", None)


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Ann", "Ann"),
        ("Anna-Lena d'Arc", "Anna-Lena d'Arc"),
        ("win at evil.example", ""),
        ("https://e", ""),
        ("x" * 80, ""),
    ],
)
def test_a_link_is_nobodys_name(name, greeted):
    assert rendering.person(name) == greeted


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en", ["€1,234.50", "¥123,450", "KWD\u00a0123.450"]),
        ("de", ["1.234,50\u00a0€", "123.450\u00a0¥", "123,450\u00a0KWD"]),
        ("ru", ["1\u00a0234,50\u00a0€", "123\u00a0450\u00a0¥", "123,450\u00a0KWD"]),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(locale, written):
    assert [rendering.amount(123450, currency, locale) for currency in ("EUR", "JPY", "KWD")] == written


def test_every_mail_is_there_in_all_three_languages_and_parts():
    for module in modules.load().modules:
        if module.mail_templates is None:
            continue
        subjects = {path.stem for path in module.mail_templates.glob("*/*.subject")}
        for name in subjects:
            for locale in ("en", "de", "ru"):
                parts = {path.suffix for path in (module.mail_templates / locale).glob(f"{name}.*")}
                assert parts == {".subject", ".txt", ".html"}, (locale, name)


@pytest.mark.parametrize("locale", ["en", "de", "ru"])
@pytest.mark.parametrize("name", ["email_verification", "password_reset"])
def test_letters_with_links_show_them_in_both_parts(set_post, mail_server, locale, name):
    templates = set_post(mail_server).templates
    values = {
        "shop": {"name": "Corner & Co", "url": "https://shop.example/", "email": None, "accent": "#112233"},
        "link": lambda path: f"https://shop.example{path}",
        "path": "/account/x?token=abc",
    }
    letter = templates.render(name, values, locales=[locale])
    assert letter.locale == locale
    assert "https://shop.example/account/x?token=abc" in letter.text
    assert 'href="https://shop.example/account/x?token=abc"' in letter.html
    assert "Corner &amp; Co" in letter.html
    with pytest.raises(UndefinedError):
        templates.render(name, {key: value for key, value in values.items() if key != "path"}, locales=[locale])
