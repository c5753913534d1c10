"""Notification mails as a source of results: the mailbox, the senders, the fields."""
