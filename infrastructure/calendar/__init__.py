"""When the exchanges trade, out of two files: `xbom.json` is generated, `overlay.json` is ours."""
