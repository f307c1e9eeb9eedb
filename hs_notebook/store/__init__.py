"""What is kept on disk: the usage ledger."""
