"""Every mail is sent once, is tried again when it could not be, and says why it was not."""

import asyncio
from email.message import EmailMessage

import pytest
from sqlalchemy import text
from tests.core.mailing.conftest import MailServer

from rustok.core.mailing import delivering, service
from rustok.core.users import emails
from rustok.kernel import errors


async def _stored(open_context):
    async with open_context() as context:
        return (await context.session.scalars(service.every())).all()


async def test_a_mail_is_sent_once_with_its_change(mail_server, set_post, write, units, open_context, tenant):
    set_post(mail_server)
    assert await write() is not None
    assert await write() is None  # the same occasion

    await delivering.deliver(units)
    await delivering.deliver(units)

    [(sender, recipient, letter)] = mail_server.letters
    assert (sender, recipient) == ("shop@installation.example", "ann@example.com")
    assert letter["Subject"] == "Hello, Ann"
    assert letter["From"] == f"{tenant.name} <shop@installation.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_body(("plain",)).get_content() == f"Hello Ann: https://{tenant.hosts[0]}/x\n"
    assert letter.get_body(("html",)).get_content().strip() == '<p lang="en">Hello Ann</p>'
    [mail] = await _stored(open_context)
    assert (mail.state, mail.attempts, mail.subject) == ("sent", 1, "Hello, Ann")
    assert mail.provider_id == "taken as 1"
    assert mail.message_id == letter["Message-ID"]


async def test_what_it_said_is_not_kept_once_it_is_sent(mail_server, set_post, units, open_context):
    set_post(mail_server)
    async with open_context() as context:
        files = [service.Attachment("../in\r\nvoice.pdf", "application/pdf", b"%PDF-secret")]
        await service.queue(
            context, "greeting", to="a@b.example", locale="en", values={"name": "s3cret"}, once="1", attachments=files
        )

    await delivering.deliver(units)

    [(_, _, letter)] = mail_server.letters
    [sent] = letter.iter_attachments()
    assert (sent.get_filename(), sent.get_content()) == ("invoice.pdf", b"%PDF-secret")
    async with open_context() as context:
        [mail] = (await context.session.scalars(service.every())).all()
        assert mail.facts == {}
        assert [file.content for file in (await service.attachments(context, [mail.id]))[mail.id]] == [b""]


async def test_nothing_is_sent_when_the_change_is_undone(mail_server, set_post, units, open_context):
    set_post(mail_server)
    with pytest.raises(errors.Conflict):
        async with open_context() as context:
            await service.queue(context, "greeting", to="a@b.example", locale="en", values={"name": "A"}, once="1")
            raise errors.Conflict

    assert await delivering.deliver(units) == 0
    assert mail_server.letters == []


async def test_a_server_that_is_busy_is_asked_again_later(mail_server, set_post, write, units, open_context, hurry):
    set_post(mail_server)
    mail_server.answers["RCPT"] = ["451 come back later"]
    await write()

    await delivering.deliver(units)

    [mail] = await _stored(open_context)
    assert (mail.state, mail.attempts, mail.last_error) == ("queued", 1, "451 come back later")
    assert await delivering.deliver(units) == 0  # not before its time
    await hurry()
    await delivering.deliver(units)
    [mail] = await _stored(open_context)
    assert (mail.state, mail.attempts, mail.last_error) == ("sent", 2, None)
    assert len(mail_server.letters) == 1


async def test_a_refusal_for_good_is_final_until_somebody_tries_again(
    mail_server, set_post, write, units, open_context
):
    set_post(mail_server)
    mail_server.answers["RCPT"] = ["550 nobody of that name"]
    mail_id = await write()
    await delivering.deliver(units)

    [mail] = await _stored(open_context)
    assert (mail.state, mail.attempts, mail.last_error) == ("failed", 1, "550 nobody of that name")
    assert mail.next_attempt_at is None
    async with open_context() as context:
        await service.retry(context, mail_id)
    await delivering.deliver(units)
    [mail] = await _stored(open_context)
    assert mail.state == "sent"
    with pytest.raises(service.NotRetried):
        async with open_context() as context:
            await service.retry(context, mail_id)
    assert len(mail_server.letters) == 1


async def test_a_mail_that_is_never_taken_fails_in_the_end(mail_server, set_post, write, units, open_context, hurry):
    set_post(mail_server)
    mail_server.answers["MAIL"] = ["421 no"] * 20
    await write()

    for _ in range(len(delivering.WAITS) + 3):
        await delivering.deliver(units)
        await hurry()

    [mail] = await _stored(open_context)
    assert (mail.state, mail.attempts) == ("failed", len(delivering.WAITS) + 1)
    assert "421" in mail.last_error
    assert mail_server.letters == []


async def test_a_server_that_is_not_there_costs_an_attempt_and_no_mail(
    set_post, write, units, open_context, mail_server
):
    away = MailServer(port=9)  # nobody listens there
    set_post(away)
    await write()

    await delivering.deliver(units)

    [mail] = await _stored(open_context)
    assert (mail.state, mail.attempts) == ("queued", 1)
    assert "Connect" in mail.last_error
    assert mail.facts == {"name": "Ann"}


async def test_a_second_letter_of_a_broken_conversation_is_known_as_the_first(
    mail_server, set_post, write, units, open_context, hurry
):
    """The server had taken it, and we could not know."""
    set_post(mail_server)
    mail_server.hang_up_after_data = 1
    await write()
    await delivering.deliver(units)
    await hurry()
    await delivering.deliver(units)

    first, second = (letter for _, _, letter in mail_server.letters)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    assert [mail.state for mail in await _stored(open_context)] == ["sent"]


async def test_workers_beside_each_other_send_every_mail_once(mail_server, set_post, write, units):
    set_post(mail_server)
    for number in range(60):
        await write(f"p{number}@example.com", once=str(number))

    async def work() -> None:
        while await delivering.deliver(units):
            pass

    await asyncio.gather(*(work() for _ in range(4)))

    sent = sorted(recipient for _, recipient, _ in mail_server.letters)
    assert sent == sorted(f"p{number}@example.com" for number in range(60))
    assert mail_server.conversations <= 4 * 60 / 4


async def test_what_a_dead_process_was_at_is_sent_after_its_lease(
    mail_server, set_post, write, units, open_context, hurry
):
    set_post(mail_server)
    await write()
    async with open_context() as context:  # it claimed the mail, and was killed
        await context.session.execute(
            text("UPDATE mails SET state = 'sending', attempts = 1, next_attempt_at = now() + interval '5 minutes'")
        )

    assert await delivering.deliver(units) == 0
    await hurry()
    assert await delivering.deliver(units) == 1
    assert [mail.state for mail in await _stored(open_context)] == ["sent"]
    assert len(mail_server.letters) == 1


async def test_without_a_server_mail_waits_and_says_so(set_post, write, units, open_context, hurry, mail_server):
    set_post(None)
    await write()
    await delivering.deliver(units)

    [mail] = await _stored(open_context)
    assert (mail.state, mail.attempts, mail.last_error) == ("queued", 0, delivering.NO_SERVER)
    set_post(mail_server)
    await hurry()
    await delivering.deliver(units)
    assert len(mail_server.letters) == 1


async def test_nothing_can_be_put_behind_a_header(mail_server, set_post, write, units):
    set_post(mail_server)
    await write(name="Ann\r\nBcc: everybody@example.com\r\n\r\nBody")

    await delivering.deliver(units)

    [(_, _, letter)] = mail_server.letters
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Hello, Ann Bcc: everybody@example.com Body"


@pytest.mark.parametrize("address", ["", "ann", "a b@example.com", "a@b.example\r\nBcc: c@d.example", "a@b@c.example"])
async def test_what_is_no_address_is_refused(address, open_context, set_post, mail_server):
    set_post(mail_server)
    with pytest.raises(emails.InvalidEmail):
        async with open_context() as context:
            await service.queue(context, "greeting", to=address, locale="en", values={}, once="1")

    assert await _stored(open_context) == []


async def test_an_address_beyond_ascii_is_written_as_it_is(mail_server, set_post, write, units):
    set_post(mail_server)
    await write("анна@пример.example")

    await delivering.deliver(units)

    [(_, recipient, letter)] = mail_server.letters
    assert recipient == "анна@xn--e1afmkfd.example"
    assert isinstance(letter, EmailMessage)


async def test_another_tenants_mail_is_neither_seen_nor_tried_again(write, open_context, make_tenant):
    mail_id = await write()
    stranger = await make_tenant()

    async with open_context(stranger) as context:
        assert await service.find(context, mail_id) is None
        assert await service.retry_many(context, [mail_id]) == 0
        assert await service.forget(context, "ann@example.com") == 0
    assert len(await _stored(open_context)) == 1


async def test_somebody_can_be_forgotten(write, open_context):
    await write("ann@example.com", once="1")
    await write("bob@example.com", once="2")

    async with open_context() as context:
        assert await service.forget(context, "Ann@Example.com") == 1
    assert [mail.recipient for mail in await _stored(open_context)] == ["bob@example.com"]
