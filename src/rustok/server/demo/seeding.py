"""Fills an empty installation with the demo shop, through the same services that everybody uses. Can be interrupted."""

import asyncio
import multiprocessing
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rustok.core.media import renditions
from rustok.core.media import service as media
from rustok.core.tenants import lookup
from rustok.core.tenants import service as tenants
from rustok.core.users import service as users
from rustok.kernel import migrating
from rustok.kernel.context import TenantInfo
from rustok.server import modules
from rustok.server.demo import furnishing_magazine, furnishing_shop, pictures, reading
from rustok.server.demo.content import Demo, DemoPicture
from rustok.server.host import Host

ADMIN_EMAIL: Final = "admin@demo.example"
FURNISHING: Final = "furnishing"  # stands in the tenant's settings until everything is in its place
Progress = Callable[[int, int | None], None]


def password_file(home: Path) -> Path:
    """Where the generated password of the demo's administrator is kept, for the owner's eyes only."""
    return home / "demo-admin-password"


async def seed_if_empty(host: Host, owner_url: str, *, progress: Progress = lambda done, total: None) -> str | None:
    """Furnish the demo tenant if there is no tenant, or go on where the last start was interrupted.

    Returns the administrator's new password when one was made, else None.
    """
    demo = reading.load()
    tenant = await _open_tenant(host, owner_url, demo)
    if tenant is None:
        return None
    password = await _admin(host, tenant)
    drawn = demo.pictures()
    total = len(drawn) + 3
    media_ids = await _hang(host, tenant, drawn, lambda done: progress(done, total))
    await furnishing_shop.furnish(host, tenant, demo, media_ids)
    progress(len(drawn) + 1, total)
    await furnishing_magazine.furnish(host, tenant, demo, media_ids)
    progress(len(drawn) + 2, total)
    async with host.database.open(tenant) as context:
        settings = {key: value for key, value in tenant.settings.items() if key != FURNISHING}
        await tenants.update(context, version=(await tenants.get(context)).version, settings=settings)
    await modules.workers(host.registry, host.database).catch_up()
    progress(total, total)
    return password


async def _open_tenant(host: Host, owner_url: str, demo: Demo) -> TenantInfo | None:
    async with host.database.session() as session:
        found = await lookup.by_slug(session, demo.slug)
    if found is not None:
        return found if found.settings.get(FURNISHING) else None
    engine = migrating.owner_engine(owner_url)
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            if await tenants.list_all(session):
                return None
            made = await tenants.create(
                session,
                slug=demo.slug,
                name=demo.name["en"],
                hosts=[],
                locales=demo.locales,
                default_locale=demo.locales[0],
                currencies=demo.currencies,
                default_currency=demo.currencies[0],
                settings={
                    FURNISHING: True,
                    "tagline": {locale: demo.tagline[locale] for locale in demo.locales},
                    "description": {locale: demo.description[locale] for locale in demo.locales},
                    "names": {locale: demo.name[locale] for locale in demo.locales},
                    "magazine": {locale: demo.magazine[locale] for locale in demo.locales},
                    "email": demo.email,
                },
            )
            await session.commit()
            return made
    finally:
        await engine.dispose()


async def _admin(host: Host, tenant: TenantInfo) -> str | None:
    """The administrator, once: their password is printed and kept in a file that only the owner may read."""
    async with host.database.open(tenant) as context:
        if await users.find(context, ADMIN_EMAIL) is not None:
            return None
        password = secrets.token_urlsafe(12)
        await users.register(
            context, email=ADMIN_EMAIL, password=password, name="Administrator", role="super_admin", email_verified=True
        )
    place = password_file(host.settings.home)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch(mode=0o600)
    place.write_text(password + "\n")
    return password


def _draw(picture: DemoPicture, limits: renditions.Limits) -> renditions.Prepared:
    return renditions.prepare(pictures.render(picture), limits)


async def _hang(
    host: Host, tenant: TenantInfo, drawn: Sequence[DemoPicture], tell: Callable[[int], None]
) -> dict[str, UUID]:
    """Draw every picture in two processes and store it; the same bytes are stored once, whenever they come again."""
    library: media.Library = host.database.resources[media.Library]
    loop = asyncio.get_running_loop()
    found: dict[str, UUID] = {}
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = [loop.run_in_executor(pool, _draw, picture, library.limits) for picture in drawn]
        try:
            for place, (picture, prepared) in enumerate(zip(drawn, work, strict=True)):
                ready = await prepared
                async with host.database.open(tenant) as context:
                    stored = await media.add(
                        context, ready, filename=picture.filename, alt_text=picture.alt[tenant.default_locale]
                    )
                    found[picture.name] = stored.id
                tell(place + 1)
        finally:
            for one in work:
                one.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
    return found
