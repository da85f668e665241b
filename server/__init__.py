"""The processes: settings, the one composition root, the router, the faces to assistants and to people."""
