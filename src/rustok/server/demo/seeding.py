"""Fills an empty installation with the demo shop, through the same services that everybody uses. Can be interrupted."""

import asyncio
import multiprocessing
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
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


async def is_unfinished(host: Host, owner_url: str) -> bool:
    """Whether there is no tenant at all, or the demo's still waits for something."""
    async with host.database.session() as session:
        found = await lookup.by_slug(session, reading.load().slug)
    if found is not None:
        return bool(found.settings.get(FURNISHING))
    engine = migrating.owner_engine(owner_url)
    try:
        async with AsyncSession(engine) as owner:
            return not await tenants.list_all(owner)
    finally:
        await engine.dispose()


async def furnish(host: Host, owner_url: str, *, progress: Progress = lambda done, total: None) -> None:
    """Furnish the demo tenant if there is no tenant, or go on where the last start was interrupted.

    Every product, category and article gets its first picture; `hang_the_rest` brings the others while the shop is
    open. A new administrator's password is left in `password_file`.
    """
    demo = reading.load()
    tenant = await _open_tenant(host, owner_url, demo)
    if tenant is None:
        return
    await _admin(host, tenant)
    extra = {picture.name for product in demo.products for picture in product.pictures[1:]}
    first = [picture for picture in demo.pictures() if picture.name not in extra]
    media_ids = await _hang(host, tenant, first, lambda done: progress(done, len(first) + 3))
    await furnishing_shop.furnish(host, tenant, demo, media_ids)
    progress(len(first) + 1, len(first) + 3)
    await furnishing_magazine.furnish(host, tenant, demo, media_ids)
    progress(len(first) + 2, len(first) + 3)
    await modules.workers(host.registry, host.database).catch_up()
    progress(len(first) + 3, len(first) + 3)


async def hang_the_rest(host: Host) -> None:
    """Draw the other views of every product, product by product; each shows as soon as it hangs."""
    demo = reading.load()
    async with host.database.session() as session:
        tenant = await lookup.by_slug(session, demo.slug)
    if tenant is None or not tenant.settings.get(FURNISHING):
        return
    for product in demo.products:
        media_ids = await _hang(host, tenant, product.pictures, lambda done: None)
        await furnishing_shop.hang(host, tenant, product, media_ids)
    async with host.database.open(tenant) as context:
        stored = await tenants.get(context)
        kept = {key: value for key, value in stored.settings.items() if key != FURNISHING}
        await tenants.update(context, version=stored.version, settings=kept)


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
                    "seller": dict(demo.seller),
                },
            )
            await session.commit()
            return made
    finally:
        await engine.dispose()


async def _admin(host: Host, tenant: TenantInfo) -> None:
    """The administrator, once: their password is kept in a file that only the owner may read."""
    async with host.database.open(tenant) as context:
        if await users.find(context, ADMIN_EMAIL) is not None:
            return
        password = secrets.token_urlsafe(12)
        await users.register(
            context, email=ADMIN_EMAIL, password=password, name="Administrator", role="super_admin", email_verified=True
        )
    place = password_file(host.settings.home)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch(mode=0o600)
    place.write_text(password + "\n")


def _draw(picture: DemoPicture, limits: renditions.Limits) -> renditions.Prepared:
    return renditions.prepare(pictures.render(picture), limits)


async def _hang(
    host: Host, tenant: TenantInfo, drawn: Sequence[DemoPicture], tell: Callable[[int], None]
) -> dict[str, UUID]:
    """Draw what is not stored yet in two processes; returns the media ids of all by the pictures' names."""
    library: media.Library = host.database.resources[media.Library]
    async with host.database.open(tenant) as context:
        stored = await media.ids_by_name(context, [picture.filename for picture in drawn])
    found = {picture.name: stored[picture.filename] for picture in drawn if picture.filename in stored}
    missing = [picture for picture in drawn if picture.name not in found]
    if not missing:
        return found
    loop = asyncio.get_running_loop()
    work = [loop.run_in_executor(_pool(), _draw, picture, library.limits) for picture in missing]
    try:
        for place, (picture, prepared) in enumerate(zip(missing, work, strict=True)):
            ready = await prepared
            async with host.database.open(tenant) as context:
                alt = picture.alt[tenant.default_locale]
                found[picture.name] = (await media.add(context, ready, filename=picture.filename, alt_text=alt)).id
            tell(place + 1)
    finally:
        for one in work:
            one.cancel()
    return found


@cache
def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
