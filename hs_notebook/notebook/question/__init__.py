"""What a cell asks: its line, its prompt with the names filled in, and what it goes on with."""
