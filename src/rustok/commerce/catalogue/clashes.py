"""What PostgreSQL refused, said in our own errors: constraints decide races that no look beforehand can."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from rustok.kernel.errors import RustokError


@contextmanager
def told_as(**by_constraint: RustokError) -> Iterator[None]:
    """Raise the error given for the violated constraint; what is not named stays as it is."""
    try:
        yield
    except IntegrityError as error:
        refused = str(error.orig)
        for constraint, known in by_constraint.items():
            if f'"{constraint}"' in refused:
                raise known from None
        raise
