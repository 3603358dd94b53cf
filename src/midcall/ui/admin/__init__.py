"""What the pages of administrators are made of: credentials, keys, the workspace, health."""
