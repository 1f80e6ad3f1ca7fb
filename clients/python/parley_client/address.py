"""Where a client finds its server."""

from __future__ import annotations


def moved_to(url: str, server: str) -> str:
    """The address of another server; `url` itself if that would give up encryption, or is not an address."""
    if not server.startswith(("ws://", "wss://")) or (url.startswith("wss:") and not server.startswith("wss:")):
        return url
    return server.rstrip("/")
