"""What can be done with files, as verbs; each part lives in a file of its own beside this one."""

from rustok.core.media.editing import MediaNotFound, delete, delete_many, get, get_many, ids_by_name, listed, update
from rustok.core.media.fetching import Summary, fetch_all, fetch_remote
from rustok.core.media.glue import ADDRESS, image_of
from rustok.core.media.kinds import Unreadable, UnsupportedType
from rustok.core.media.models import Media, Status
from rustok.core.media.remote import register_remote_many
from rustok.core.media.renditions import Limits, TooManyPixels
from rustok.core.media.storing import Library, Storage, StorageFailed
from rustok.core.media.uploading import TooLarge, add, collect, upload

__all__ = [
    "ADDRESS",
    "Library",
    "Limits",
    "Media",
    "MediaNotFound",
    "Status",
    "Storage",
    "StorageFailed",
    "Summary",
    "TooLarge",
    "TooManyPixels",
    "Unreadable",
    "UnsupportedType",
    "add",
    "collect",
    "delete",
    "delete_many",
    "fetch_all",
    "fetch_remote",
    "get",
    "get_many",
    "ids_by_name",
    "image_of",
    "listed",
    "register_remote_many",
    "update",
    "upload",
]
