"""What is kept on disk: the usage ledger, and the journal of answers."""
