"""Taking up an answer that broke: what broke, what is held, what to do, and how the rest is joined on."""
