"""Everything but the call itself: sync, decisions, dialling, storage, reports."""
