"""Values to answers: settings, transport, retries, and the HolySheep client."""
