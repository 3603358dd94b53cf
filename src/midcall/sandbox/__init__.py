"""The sandbox: a pool of warm throwaway containers, its daemon, and the client that workers use."""
