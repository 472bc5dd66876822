"""The development mailbox at `/dev/mail`: what would have been sent if a mail server were set."""
