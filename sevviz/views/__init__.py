"""Pictures and words for what the engine found."""
