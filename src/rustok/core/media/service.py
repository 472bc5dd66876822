"""What can be done with files, as verbs; the parts live beside this file."""

from rustok.core.media.glue import image_of
from rustok.core.media.remote import register_remote_many

__all__ = ["image_of", "register_remote_many"]
