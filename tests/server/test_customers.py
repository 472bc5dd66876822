"""A customer's account over HTTP: from the registration to the end, with mails that no request can bend."""

from typing import Any

from sqlalchemy import select

from rustok.core.mailing import composing
from rustok.core.mailing.models import Mail
from rustok.core.mailing.post import Post
from rustok.core.users import service as users

PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"
REGISTER = """mutation($e: String!) { customerRegister(email: $e, password: "correct horse battery", name: "Ada")
  { accepted userErrors { code } } }"""
LOG_IN = """mutation { sessionCreate(email: "ada@example.com", password: "correct horse battery")
  { accessToken userErrors { code } } }"""
ERASE = "mutation($p: String!) { customerErase(password: $p) { erased userErrors { code } } }"
RESET = "mutation($e: String!) { passwordResetRequest(email: $e) { accepted } }"


async def mails(site) -> list[Mail]:
    """The tenant's outbox."""
    async with site.host.database.open(site.tenant) as context:
        return list(await context.session.scalars(select(Mail).order_by(Mail.id)))


async def asked(site, query: str, *, headers: dict[str, str] | None = None, token: str = "", **variables: Any) -> Any:
    """The answer of the storefront's only field."""
    answer = await site.client.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={**site.headers(token), **(headers or {})},
    )
    body = answer.json()
    if "errors" in body:
        return [error["extensions"]["code"] for error in body["errors"]]
    (data,) = body["data"].values()
    return data


async def test_links_in_mails_lead_to_the_tenants_own_host_whatever_a_request_says(site) -> None:
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http", "origin": "https://evil.example"}
    await asked(site, REGISTER, headers=forged, e=EMAIL)
    await asked(site, RESET, headers=forged, e=EMAIL)

    post = site.host.database.resources[Post]
    written = [composing.letter(post, site.tenant, mail) for mail in await mails(site)]

    assert [mail.template for mail in await mails(site)] == ["email_verification", "password_reset"]
    for letter in written:
        assert f"://{site.tenant.hosts[0]}" in letter.text
        assert "evil" not in letter.text
        assert "evil" not in (letter.html or "")
    elsewhere = await site.client.post(
        "/graphql", json={"query": RESET, "variables": {"e": EMAIL}}, headers={"host": "evil.example"}
    )
    assert elsewhere.status_code == 404
    assert len(await mails(site)) == 2


async def test_a_customer_registers_proves_exports_and_ends_their_account(site) -> None:
    assert await asked(site, REGISTER, e=EMAIL) == {"accepted": True, "userErrors": []}
    (mail,) = await mails(site)
    token = mail.facts["path"].partition("=")[2]
    proven = await asked(
        site, "mutation($proof: String!) { customerVerify(token: $proof) { verified email } }", proof=token
    )
    assert proven == {"verified": True, "email": EMAIL}
    session = (await asked(site, LOG_IN))["accessToken"]
    made = await asked(
        site,
        "mutation($a: AddressInput!) { addressCreate(input: {address: $a}) { address { id } userErrors { code } } }",
        token=session,
        a={"name": "Ada", "line1": "Mill Lane 4", "city": "Kiel", "country": "DE"},
    )
    assert made["userErrors"] == []

    told = await asked(site, "{ customerDataExport }", token=session)
    wrong = await asked(site, ERASE, token=session, p="wrong")
    right = await asked(site, ERASE, token=session, p=PASSWORD)

    assert (told["account"]["email"], told["customer"]["addresses"][0]["city"]) == (EMAIL, "Kiel")
    assert set(told) >= {"account", "comments", "mails", "carts", "orders", "customer"}
    assert wrong == {"erased": False, "userErrors": [{"code": "WRONG_CREDENTIALS"}]}
    assert right == {"erased": True, "userErrors": []}
    assert await asked(site, LOG_IN) == {"accessToken": None, "userErrors": [{"code": "WRONG_CREDENTIALS"}]}
    assert await asked(site, "{ customerDataExport }") == ["unauthenticated"]
    assert await mails(site) == []


async def test_staff_export_and_erase_with_their_permissions_only(site) -> None:
    async with site.host.database.open(site.tenant) as context:
        user = await users.register(context, email=EMAIL, password=PASSWORD)
    async with site.host.database.open(site.tenant) as context:
        await users.register(context, email="clerk@example.com", password=PASSWORD, role="manager")
    session = (await asked(site, LOG_IN))["accessToken"]
    erase = "mutation($id: ID!) { customerErase(id: $id) { erased userErrors { code } } }"
    export = "query($id: ID!) { customerDataExport(id: $id) }"

    for query in (erase, export):
        answer = await site.post("/admin/graphql", query, token=session, id=str(user.id))
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["forbidden"]
    told = await site.admin(export, id=str(user.id))
    done = await site.admin(erase, id=str(user.id))

    assert told["customerDataExport"]["account"]["email"] == EMAIL
    assert done["customerErase"] == {"erased": True, "userErrors": []}
    async with site.host.database.open(site.tenant) as context:
        assert await users.find(context, EMAIL) is None
