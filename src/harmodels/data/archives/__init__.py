"""Archives of recordings: download from an address or a mirror, and safe extraction."""
