"""Who calls, what they may do, and the workspaces they do it in."""
