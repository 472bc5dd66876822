"""`python -m rustok.server.cli`: the command line without its script."""

from rustok.server.cli import main

main()
