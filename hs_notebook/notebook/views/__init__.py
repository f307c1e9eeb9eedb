"""Where an answer shows while it comes: the live cell, a terminal, nowhere."""
