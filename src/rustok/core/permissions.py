"""What people may be allowed to do with the core's things: `resource:action`; `manage` covers all of a resource."""

TENANTS_READ = "tenants:read"
TENANTS_WRITE = "tenants:write"
TENANTS_DELETE = "tenants:delete"
TENANTS_MANAGE = "tenants:manage"

USERS_READ = "users:read"
USERS_WRITE = "users:write"
USERS_DELETE = "users:delete"
USERS_MANAGE = "users:manage"

ROLES_READ = "roles:read"
ROLES_WRITE = "roles:write"
ROLES_DELETE = "roles:delete"
ROLES_MANAGE = "roles:manage"

API_KEYS_READ = "api_keys:read"
API_KEYS_WRITE = "api_keys:write"
API_KEYS_DELETE = "api_keys:delete"
API_KEYS_MANAGE = "api_keys:manage"

MODULES_READ = "modules:read"
MODULES_WRITE = "modules:write"
MODULES_MANAGE = "modules:manage"

CONTENT_READ = "content:read"
CONTENT_WRITE = "content:write"
CONTENT_PUBLISH = "content:publish"
CONTENT_DELETE = "content:delete"
CONTENT_MANAGE = "content:manage"

CATEGORIES_READ = "categories:read"
CATEGORIES_WRITE = "categories:write"
CATEGORIES_DELETE = "categories:delete"
CATEGORIES_MANAGE = "categories:manage"

TAGS_READ = "tags:read"
TAGS_WRITE = "tags:write"
TAGS_DELETE = "tags:delete"
TAGS_MANAGE = "tags:manage"

SEO_READ = "seo:read"
SEO_WRITE = "seo:write"
SEO_DELETE = "seo:delete"
SEO_MANAGE = "seo:manage"

MEDIA_READ = "media:read"
MEDIA_WRITE = "media:write"
MEDIA_DELETE = "media:delete"
MEDIA_MANAGE = "media:manage"

TRANSLATIONS_READ = "translations:read"
TRANSLATIONS_WRITE = "translations:write"
TRANSLATIONS_DELETE = "translations:delete"
TRANSLATIONS_MANAGE = "translations:manage"

MENUS_READ = "menus:read"
MENUS_WRITE = "menus:write"
MENUS_DELETE = "menus:delete"
MENUS_MANAGE = "menus:manage"

REDIRECTS_READ = "redirects:read"
REDIRECTS_WRITE = "redirects:write"
REDIRECTS_DELETE = "redirects:delete"
REDIRECTS_MANAGE = "redirects:manage"

MAILS_READ = "mails:read"
MAILS_WRITE = "mails:write"
MAILS_MANAGE = "mails:manage"

WEBHOOKS_READ = "webhooks:read"
WEBHOOKS_WRITE = "webhooks:write"
WEBHOOKS_MANAGE = "webhooks:manage"

INDEX_READ = "index:read"
INDEX_WRITE = "index:write"
INDEX_MANAGE = "index:manage"

EVENTS_READ = "events:read"
EVENTS_WRITE = "events:write"
EVENTS_MANAGE = "events:manage"

# Every constant above, in the order of this file.
ALL: tuple[str, ...] = tuple(
    value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str) and ":" in value
)
