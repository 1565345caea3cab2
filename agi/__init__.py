"""The call side: what happens while somebody is on the line."""
