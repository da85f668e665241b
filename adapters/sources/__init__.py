"""Where events come from: one file a source, each turning payloads into events."""
