"""Everything that speaks to Asterisk: ARI, call files, dialplan, safe text."""
