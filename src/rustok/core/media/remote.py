"""Pictures that are known by their address first and fetched later."""

from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import text

from rustok.core.media import naming
from rustok.events.core import MediaUpdated
from rustok.kernel import bus, fetching
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

LONGEST_ADDRESS = 2000  # also what an index entry can hold: the address is kept in ASCII

_REGISTER = text(
    """
    INSERT INTO media (tenant_id, id, uploaded_by, filename, original_name, alt_text, remote_url, status, next_fetch_at)
    SELECT :tenant_id, r.id, :uploaded_by, r.filename, r.filename, NULLIF(r.alt_text, ''), r.remote_url, 'remote', now()
      FROM unnest(CAST(:ids AS uuid[]), CAST(:filenames AS text[]), CAST(:alts AS text[]), CAST(:urls AS text[]))
           AS r(id, filename, alt_text, remote_url)
    ON CONFLICT (tenant_id, remote_url) WHERE remote_url IS NOT NULL DO UPDATE
       SET alt_text = excluded.alt_text, version = media.version + 1, updated_at = now()
     WHERE excluded.alt_text IS NOT NULL AND excluded.alt_text IS DISTINCT FROM media.alt_text
    RETURNING id, version
    """
)
_FIND = text(
    "SELECT id, remote_url FROM media WHERE tenant_id = :tenant_id AND remote_url = ANY(CAST(:urls AS text[]))"
)


def clean_address(url: str) -> str | None:
    """The address as it is kept, in ASCII; None where it is no http(s) address or too long to keep."""
    try:
        cleaned = fetching.clean_address(url)
    except fetching.AddressRefused:
        return None
    return cleaned if len(cleaned) <= LONGEST_ADDRESS else None


async def register_remote_many(
    context: Context, pictures: Mapping[str, str | None] | Iterable[tuple[str, str | None]]
) -> dict[str, UUID]:
    """Make sure that every address has a media row, and return the row's id by the address as it was given.

    Known addresses keep their row; a new alternative text replaces the old one, an empty one does not. Addresses that
    are no http(s) address, carry a password or are longer than 2,000 characters are absent from the answer.
    """
    pairs = pictures.items() if isinstance(pictures, Mapping) else pictures
    cleaned: dict[str, str] = {}
    alts: dict[str, str] = {}
    for url, alt in pairs:
        address = cleaned.get(url) or clean_address(url)
        if address is None:
            continue
        cleaned[url] = address
        alts[address] = alts.get(address) or naming.clean_alt_text(alt) or ""
    if not cleaned:
        return {}
    addresses = sorted(alts)  # one order for everybody: two imports at once wait for each other, and never in a circle
    ids = {address: generate_id() for address in addresses}
    touched = await context.session.execute(
        _REGISTER,
        {
            "tenant_id": context.tenant_id,
            "uploaded_by": context.actor.user_id,
            "ids": list(ids.values()),
            "filenames": [naming.clean_name(unquote(urlsplit(a).path)) for a in addresses],
            "alts": [alts[a] for a in addresses],
            "urls": addresses,
        },
    )
    bus.record_many(context, [MediaUpdated(media_id=row.id) for row in touched if row.version > 1])
    found = await context.session.execute(_FIND, {"tenant_id": context.tenant_id, "urls": addresses})
    known = {row.remote_url: row.id for row in found}
    return {url: known[address] for url, address in cleaned.items()}
