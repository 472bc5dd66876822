"""Proving an address: mail tells its owner everything and strangers nothing; a token is good once, here, in time."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from rustok.core.access import lockouts, registration, resets, sessions, tokens, verification
from rustok.core.access.models import EmailProof, PasswordReset
from rustok.core.mailing.models import Mail
from rustok.core.users import passwords
from rustok.core.users import service as users
from rustok.events.core import UserVerified
from rustok.kernel.context import Actor

PASSWORD = "correct horse battery"
NEW = "another horse battery"
EMAIL = "ada@example.com"


def token_in(mail: Mail) -> str:
    """The token that the mail's link holds."""
    found = re.fullmatch(r"/(?:verify|reset)\?token=([\w-]+)", mail.facts["path"])
    assert found is not None
    return found[1]


@pytest.fixture
def mails(open_context):
    """`await mails()`: what lies in the outbox, the oldest first: (template, recipient) and the rows."""

    async def found(of=None) -> list[Mail]:
        async with open_context(of) as context:
            return list(await context.session.scalars(select(Mail).order_by(Mail.id)))

    return found


@pytest.fixture
def register(open_context):
    """`await register()`: somebody fills the form."""

    async def filled(email: str = EMAIL, password: str = PASSWORD, address: str = "", of=None) -> None:
        async with open_context(of, actor=Actor()) as context:
            await registration.register_customer(context, email=email, password=password, client_address=address)

    return filled


@pytest.fixture
def account(open_context):
    """`await account()`: the account of the address as it is stored."""

    async def stored(email: str = EMAIL):
        async with open_context() as context:
            return await users.find(context, email)

    return stored


async def log_in(open_context, password: str, email: str = EMAIL):
    """Tokens, or None."""
    async with open_context() as context:
        return await sessions.start(context, email=email, password=password)


async def test_who_registers_gets_a_link_that_proves_the_address_once(register, mails, account, open_context) -> None:
    await register()
    (mail,) = await mails()
    assert (mail.template, mail.recipient, mail.locale) == ("email_verification", EMAIL, "en")
    assert (await account()).email_verified_at is None
    assert await log_in(open_context, PASSWORD) is not None

    async with open_context(actor=Actor()) as context:
        await verification.complete(context, token_in(mail))
        assert [type(event) for event in context.recorded].count(UserVerified) == 1

    assert (await account()).email_verified_at is not None
    with pytest.raises(verification.BadProof):
        async with open_context(actor=Actor()) as context:
            await verification.complete(context, token_in(mail))


async def test_a_token_is_refused_when_it_is_old_foreign_or_of_another_kind(
    register, mails, account, open_context, make_tenant
) -> None:
    await register()
    (mail,) = await mails()
    other = await make_tenant()
    async with open_context() as context:
        reset = await resets.request(context, EMAIL)

    for of, token, later in (
        (None, token_in(mail), timedelta(hours=25)),
        (other, token_in(mail), timedelta()),
        (None, tokens.generate(tokens.PROOF), timedelta()),
        (None, reset.token, timedelta()),
        (None, "", timedelta()),
        (None, "\x00", timedelta()),
    ):
        with pytest.raises(verification.BadProof):
            async with open_context(of, actor=Actor()) as context:
                context.now += later
                await verification.complete(context, token)
    with pytest.raises(resets.BadResetToken):
        async with open_context(actor=Actor()) as context:
            await resets.complete(context, token_in(mail), password=NEW)

    assert (await account()).email_verified_at is None


async def test_registering_an_address_that_has_an_account_changes_nothing_and_tells_its_owner(
    make_user, register, mails, account, open_context
) -> None:
    owner = await make_user(email=EMAIL, password=PASSWORD, name="Ada", email_verified=True, locale="ru")

    await register(password=NEW)

    (mail,) = await mails()
    assert (mail.template, mail.recipient, mail.locale) == ("account_exists", EMAIL, "ru")
    kept = await account()
    assert (kept.id, kept.name, kept.registered_again_at) == (owner.id, "Ada", None)
    assert await log_in(open_context, NEW) is None
    assert await log_in(open_context, PASSWORD) is not None


async def test_whoever_came_first_cannot_keep_an_address_that_is_not_theirs(
    register, mails, account, open_context
) -> None:
    """A stranger registers with the owner's address and waits; then the owner registers and follows the links."""
    await register(password="the stranger's own")
    stranger = await log_in(open_context, "the stranger's own")
    await register(password=NEW)
    first, second = await mails()
    assert second.template == "account_exists"

    with pytest.raises(verification.BadProof):
        async with open_context(actor=Actor()) as context:
            await verification.complete(context, token_in(first))
    async with open_context(actor=Actor()) as context:
        await verification.send_again(context, EMAIL)
    third = (await mails())[-1]
    assert third.template == "account_exists"
    async with open_context(actor=Actor()) as context:
        await resets.complete(context, token_in(third), password=NEW)

    assert (await account()).email_verified_at is not None
    assert (await account()).registered_again_at is None
    assert await log_in(open_context, "the stranger's own") is None
    async with open_context() as context:
        assert await sessions.refresh(context, stranger.refresh_token) is None
    assert await log_in(open_context, NEW) is not None


async def test_sending_the_form_twice_is_no_second_registration(register, mails, account, open_context) -> None:
    await asyncio.gather(register(), register())

    sent = await mails()
    assert [mail.template for mail in sent] == ["email_verification"] * 2
    async with open_context(actor=Actor()) as context:
        await verification.complete(context, token_in(sent[0]))
    assert (await account()).email_verified_at is not None


async def test_a_link_that_is_followed_many_times_at_once_proves_once(register, mails, open_context) -> None:
    await register()
    (mail,) = await mails()

    async def follow() -> bool:
        try:
            async with open_context(actor=Actor()) as context:
                await verification.complete(context, token_in(mail))
        except verification.BadProof:
            return False
        return True

    assert sorted(await asyncio.gather(*(follow() for _ in range(5)))) == [False] * 4 + [True]


async def test_registering_takes_the_same_work_whether_there_is_an_account(
    make_user, register, database, monkeypatch
) -> None:
    """Hashes take a hundred times what all statements take: their number must be the same, and that of mails."""
    await make_user(email="proven@example.com", password=PASSWORD, email_verified=True)
    await make_user(email="unproven@example.com", password=PASSWORD)
    done: list[str] = []
    for name in ("hash_password", "verify"):
        real = getattr(passwords, name)

        async def counted(*given, real=real, name=name):
            done.append(name)
            return await real(*given)

        monkeypatch.setattr(passwords, name, counted)
    statements: list[str] = []

    def heard(connection, cursor, statement, *_) -> None:
        statements.append(statement.split()[0] + statement.partition("INTO ")[2][:20])

    event.listen(database.app.sync_engine, "before_cursor_execute", heard)
    work = []
    try:
        for email in ("new@example.com", "proven@example.com", "unproven@example.com"):
            done.clear()
            statements.clear()
            await register(email=email, password=NEW)
            work.append((list(done), len(statements), sum(one.startswith("INSERTmails") for one in statements)))
    finally:
        event.remove(database.app.sync_engine, "before_cursor_execute", heard)

    assert [hashes for hashes, _, _ in work] == [["hash_password", "verify"]] * 3
    assert [mails for _, _, mails in work] == [1] * 3
    assert max(count for _, count, _ in work) - min(count for _, count, _ in work) <= 2


async def test_the_links_do_not_depend_on_the_limit_of_mails(register, mails, account, open_context) -> None:
    """A stranger who uses up the mails of an address must not thereby keep its account."""
    await register(password="the stranger's own")
    for _ in range(3):
        async with open_context(actor=Actor()) as context:
            await verification.send_again(context, EMAIL)
    sent = await mails()
    assert [mail.template for mail in sent] == ["email_verification"] * 3

    await register(password=NEW)

    assert len(await mails()) == 3
    for mail in sent:
        with pytest.raises(verification.BadProof):
            async with open_context(actor=Actor()) as context:
                await verification.complete(context, token_in(mail))
    assert (await account()).email_verified_at is None


async def test_a_link_is_sent_again_quietly_and_not_without_end(register, mails, make_user, open_context) -> None:
    await make_user(email="proven@example.com", email_verified=True)
    await register()

    for email in (EMAIL, "proven@example.com", "nobody@example.com", "no address", "\x00"):
        for _ in range(4):
            async with open_context(actor=Actor()) as context:
                await verification.send_again(context, email)

    assert [(mail.template, mail.recipient) for mail in await mails()] == [("email_verification", EMAIL)] * 3


async def test_one_network_address_cannot_send_mail_to_everybody(register, mails) -> None:
    for number in range(9):
        await register(email=f"c{number}@example.com", address="192.0.2.1")
    assert len(await mails()) == 9
    await register(email="c9@example.com", address="192.0.2.1")
    with pytest.raises(lockouts.TooManyAttempts):
        await register(email="c10@example.com", address="192.0.2.1")

    assert len(await mails()) == 10


async def ask_change(open_context, actor, *, email: str, password: str = PASSWORD) -> bool:
    """Ask for another address."""
    async with open_context(actor=actor) as context:
        return await verification.request_change(context, email=email, password=password)


async def test_an_address_is_changed_when_the_new_one_is_proven_and_the_old_one_is_told(
    make_user, actor_of, mails, account, open_context
) -> None:
    user = await make_user(email=EMAIL, password=PASSWORD, email_verified=True)
    async with open_context() as context:
        reset = await resets.request(context, EMAIL)

    assert await ask_change(open_context, await actor_of(user), email="New@Example.com") is True
    assert (await account()).id == user.id
    mail = (await mails())[-1]
    assert (mail.template, mail.recipient) == ("email_change", "new@example.com")
    async with open_context(actor=Actor()) as context:
        await verification.complete(context, token_in(mail))

    changed = await account("new@example.com")
    assert changed.id == user.id
    assert changed.email_verified_at is not None
    notice = (await mails())[-1]
    assert (notice.template, notice.recipient) == ("email_changed", EMAIL)
    assert "path" not in notice.facts
    with pytest.raises(resets.BadResetToken):
        async with open_context(actor=Actor()) as context:
            await resets.complete(context, reset.token, password=NEW)


async def test_a_change_needs_the_password_and_wrong_ones_are_counted(make_user, actor_of, mails, open_context) -> None:
    user = await make_user(email=EMAIL, password=PASSWORD)
    actor = await actor_of(user)

    for _ in range(5):
        assert await ask_change(open_context, actor, email="new@example.com", password="wrong") is False
    with pytest.raises(lockouts.TooManyAttempts):
        await ask_change(open_context, actor, email="new@example.com")

    assert await mails() == []


async def test_an_address_of_another_account_is_not_told_to_who_wants_it(
    make_user, actor_of, mails, account, open_context
) -> None:
    user = await make_user(email=EMAIL, password=PASSWORD)
    await make_user(email="taken@example.com")

    assert await ask_change(open_context, await actor_of(user), email="taken@example.com") is True
    assert await ask_change(open_context, await actor_of(user), email="free@example.com") is True

    assert [(mail.template, mail.recipient) for mail in await mails()] == [
        ("email_taken", "taken@example.com"),
        ("email_change", "free@example.com"),
    ]
    assert (await account()).id == user.id


async def test_an_address_taken_in_between_is_refused(make_user, actor_of, mails, account, open_context) -> None:
    user = await make_user(email=EMAIL, password=PASSWORD)
    await ask_change(open_context, await actor_of(user), email="new@example.com")
    (mail,) = await mails()
    await make_user(email="new@example.com")

    with pytest.raises(users.EmailTaken):
        async with open_context(actor=Actor()) as context:
            await verification.complete(context, token_in(mail))

    assert (await account()).id == user.id


async def test_a_new_password_takes_away_a_change_that_somebody_has_begun(
    make_user, actor_of, mails, account, open_context
) -> None:
    user = await make_user(email=EMAIL, password=PASSWORD)
    actor = await actor_of(user)
    await ask_change(open_context, actor, email="thief@example.com")
    (mail,) = await mails()
    async with open_context(actor=actor) as context:
        assert await sessions.change_password(context, present=PASSWORD, password=NEW) is not None

    with pytest.raises(verification.BadProof):
        async with open_context(actor=Actor()) as context:
            await verification.complete(context, token_in(mail))

    assert (await account()).id == user.id


async def test_links_to_an_address_that_staff_replaced_prove_nothing(register, mails, account, open_context) -> None:
    await register()
    (mail,) = await mails()
    user = await account()
    async with open_context() as context:
        reset = await resets.request(context, EMAIL)
        await users.update(context, user.id, version=user.version, email="right@example.com")

    with pytest.raises(verification.BadProof):
        async with open_context(actor=Actor()) as context:
            await verification.complete(context, token_in(mail))
    with pytest.raises(resets.BadResetToken):
        async with open_context(actor=Actor()) as context:
            await resets.complete(context, reset.token, password=NEW)

    assert (await account("right@example.com")).email_verified_at is None


async def test_a_disabled_account_proves_nothing_and_gets_no_mail(register, mails, account, open_context) -> None:
    await register()
    (mail,) = await mails()
    async with open_context() as context:
        await users.disable_many(context, [(await users.find(context, EMAIL)).id])

    await register(password=NEW)
    with pytest.raises(verification.BadProof):
        async with open_context(actor=Actor()) as context:
            await verification.complete(context, token_in(mail))

    assert len(await mails()) == 1
    assert (await account()).email_verified_at is None


async def test_staff_invite_with_a_link_that_lasts_a_week(make_user, mails, account, open_context) -> None:
    user = await make_user(email=EMAIL, role="manager")
    async with open_context() as context:
        await resets.invite(context, user.id)
    (mail,) = await mails()
    assert (mail.template, mail.facts["hours"]) == ("invitation", 168)

    async with open_context(actor=Actor()) as context:
        context.now += timedelta(days=6)
        await resets.complete(context, token_in(mail), password=NEW)

    assert (await account()).email_verified_at is not None
    assert await log_in(open_context, NEW) is not None


async def test_secrets_are_stored_hashed_and_swept(register, mails, open_context) -> None:
    from rustok.core.access import sweeping

    await register()
    (mail,) = await mails()
    async with open_context() as context:
        await resets.request(context, EMAIL)
        proof = await context.session.scalar(select(EmailProof))
        assert proof.token_hash == tokens.digest(token_in(mail))
        context.now += timedelta(days=2)
        await sweeping.sweep(context)
        for table in (EmailProof, PasswordReset):
            assert await context.session.scalar(select(func.count()).select_from(table)) == 0
