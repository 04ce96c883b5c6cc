"""Orders: asked for, judged, confirmed, sent once, watched until they end."""
