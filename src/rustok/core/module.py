"""The core on one screen: what every tenant has. It cannot be switched off."""

from pathlib import Path

from rustok.core import permissions
from rustok.core.access import graphql as access
from rustok.core.access import personal as access_personal
from rustok.core.access import sweeping
from rustok.core.categories import graphql as categories
from rustok.core.categories.index_source import CategorySource
from rustok.core.content import graphql as content
from rustok.core.content import personal as content_personal
from rustok.core.content import scheduling
from rustok.core.content.index_source import ContentSource
from rustok.core.mailing import delivering
from rustok.core.mailing import exporting as exporting_mails
from rustok.core.mailing import graphql as mailing
from rustok.core.mailing import personal as mailing_personal
from rustok.core.mailing import sweeping as mail_sweeping
from rustok.core.media import graphql as media
from rustok.core.media import listeners as media_listeners
from rustok.core.menus import graphql as menus
from rustok.core.menus.index_source import MenuSource
from rustok.core.modules import graphql as modules
from rustok.core.privacy import graphql as privacy
from rustok.core.redirects import graphql as redirects
from rustok.core.roles import graphql as roles
from rustok.core.seo import graphql as seo
from rustok.core.tags import graphql as tags
from rustok.core.tags.index_source import TagSource
from rustok.core.tenants import graphql as tenants
from rustok.core.translations import graphql as translations
from rustok.core.users import graphql as users
from rustok.core.webhooks import deliveries as webhook_deliveries
from rustok.core.webhooks import delivering as webhook_delivering
from rustok.core.webhooks import exporting as exporting_deliveries
from rustok.core.webhooks import graphql as webhooks
from rustok.core.webhooks import personal as webhooks_personal
from rustok.events import content as content_events
from rustok.events import core as core_events
from rustok.kernel import idempotency
from rustok.kernel.module import Module

_SPEAKING = (
    *(access, tenants, modules, users, roles, media, mailing, webhooks, privacy),
    *(content, categories, tags, seo, translations, redirects, menus),
)

module = Module(
    name="core",
    migrations=Path(__file__).parent / "migrations",
    table_prefixes=(
        *("tenants", "tenant_", "users", "roles", "sessions", "refresh_tokens", "password_resets", "api_keys"),
        *("login_attempts", "email_proofs", "categories", "nodes", "node_", "bodies", "tags", "taggables", "meta"),
        *("media", "translations", "redirects", "menus", "menu_", "mails", "mail_", "webhook_"),
    ),
    permissions=permissions.ALL,
    events=(
        content_events.NodeCreated,
        content_events.NodeUpdated,
        content_events.NodePublished,
        content_events.NodeDeleted,
        content_events.CategoryCreated,
        content_events.CategoryUpdated,
        content_events.CategoryDeleted,
        content_events.CategoryCounted,
        content_events.MenuUpdated,
        content_events.MenuDeleted,
        content_events.RedirectCreated,
        content_events.RedirectDeleted,
        core_events.TenantCreated,
        core_events.TenantUpdated,
        core_events.ModuleToggled,
        core_events.UserRegistered,
        core_events.UserVerified,
        core_events.UserLoggedIn,
        core_events.UserUpdated,
        core_events.UserErased,
        core_events.UserDeleted,
        core_events.TagAttached,
        core_events.TagDetached,
        core_events.TagUpdated,
        core_events.TagDeleted,
        core_events.MetaUpdated,
        core_events.TranslationUpdated,
        core_events.MediaUploaded,
        core_events.MediaUpdated,
        core_events.MediaDeleted,
        core_events.ReindexRequested,
    ),
    event_listeners=media_listeners.LISTENERS,
    timers=(scheduling.timer, sweeping.TIMER, idempotency.SWEEP, mail_sweeping.TIMER, webhook_deliveries.TIMER),
    errands=(delivering.ERRAND, webhook_delivering.ERRAND),
    mail_templates=Path(mailing.__file__).parent / "templates",
    queries=[kind for part in _SPEAKING for kind in part.QUERIES],
    mutations=[kind for part in _SPEAKING for kind in part.MUTATIONS],
    admin_queries=[kind for part in _SPEAKING for kind in part.ADMIN_QUERIES],
    admin_mutations=[kind for part in _SPEAKING for kind in part.ADMIN_MUTATIONS],
    index_sources=(ContentSource(), CategorySource(), TagSource(), MenuSource()),
    gauges=(delivering.FAILED, *webhook_delivering.GAUGES),
    exports=(exporting_mails.MAILS, exporting_deliveries.DELIVERIES),
    offers=(access_personal.PART, content_personal.PART, mailing_personal.PART, webhooks_personal.PART),
    optional=False,
)
