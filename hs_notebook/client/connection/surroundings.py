"""What the environment says about the way to a server: proxies and certificates."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from hs_notebook.client.config import is_loopback

__all__ = ["proxy_of", "surroundings"]

_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


def surroundings() -> tuple[str | None, ...]:
    """What of the environment a transport was built with; another one needs another transport."""
    return tuple(os.environ.get(name) for name in _NAMES + tuple(name.lower() for name in _NAMES[:4]))


def proxy_of(scheme: str, host: str) -> str | None:
    """Host and port of the proxy in between, without its user and password; None if there is none."""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or is_loopback(host) or proxy_bypass(host):
        return None
    return urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
