"""Who may ask: identity, tools, HTTP, the command line and the demo."""
