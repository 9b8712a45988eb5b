"""Step-by-step guides to e-services, sent by whoever talks with the citizen (R21)."""
