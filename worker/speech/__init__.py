"""Text to audio the PBX can play, rendered before anybody is called."""
