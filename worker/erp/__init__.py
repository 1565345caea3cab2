"""One module per foreign billing system; see source.py for what each owes."""
