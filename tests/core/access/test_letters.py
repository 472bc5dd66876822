"""What accounts are written: in every language, with a link to the tenant's own host, whatever the request said."""

import pytest

from rustok.core.access import letters
from rustok.core.mailing import composing, rendering
from rustok.core.mailing.models import Mail
from rustok.core.mailing.post import Post
from rustok.kernel.ids import generate_id
from rustok.kernel.settings import Settings
from rustok.server import modules, tenancy

NAMES = [*letters._PAGES, "email_changed", "email_taken"]


@pytest.fixture
def post() -> Post:
    """How a production server sends mail."""
    folders = [module.mail_templates for module in modules.load().modules if module.mail_templates]
    settings = Settings(environment="production", secret_key="only for tests")
    return Post(rendering.Templates(folders), "shop@example.com", tenancy.origins(settings))


@pytest.mark.parametrize("locale", ["en", "de", "ru"])
@pytest.mark.parametrize("name", NAMES)
async def test_every_letter_exists_in_every_language(post, make_tenant, name, locale) -> None:
    tenant = await make_tenant(locales=("en", "de", "ru"))
    facts = {"name": "Ada <b>", "email": "ada@example.com"}
    if name in letters._PAGES:
        facts |= {"path": f"{letters._PAGES[name][0]}?token=rkx_abc", "hours": 24}

    mail = Mail(id=generate_id(), tenant_id=tenant.id, template=name, recipient="ada@example.com", locale=locale)
    mail.facts = facts
    letter = composing.letter(post, tenant, mail)

    prefix = "" if locale == "en" else f"/{locale}"
    assert letter.locale == locale
    assert letter.subject
    assert letter.html is not None
    assert "<b>" not in letter.html
    if name in letters._PAGES:
        link = f"https://{tenant.hosts[0]}{prefix}{facts['path']}"
        assert link in letter.text
        assert f'href="{link}"' in letter.html
