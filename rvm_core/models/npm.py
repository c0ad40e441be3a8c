"""A tarball in the npm registry.

Sources: npm's registry API (package metadata, ``dist``), W3C Subresource Integrity (``integrity``).
"""

from __future__ import annotations

import base64
import os
import urllib.parse

from rvm_core.models import web
from rvm_core.models.archives import Archive
from rvm_core.models.promise import Promise

DEFAULT_REGISTRY = "https://registry.npmjs.org"
REGISTRY_VARIABLES = ("npm_config_registry", "NPM_CONFIG_REGISTRY")


def find_tarball(package: str, version: str) -> Archive:
    """The tarball of `package` at `version` in npm's configured registry, or in registry.npmjs.org.

    Raises OSError or HTTPException (the network), ValueError (no JSON, or no sha512 in it).
    """
    named = (os.environ.get(variable) for variable in REGISTRY_VARIABLES)
    registry = next(filter(None, named), DEFAULT_REGISTRY).rstrip("/")
    document = web.read_json(f"{registry}/{urllib.parse.quote(package, safe='@')}/{version}")
    try:
        url, integrity = str(document["dist"]["tarball"]), str(document["dist"]["integrity"])
        encoded = next(word[7:] for word in integrity.split() if word.startswith("sha512-"))
        digest = base64.b64decode(encoded.partition("?")[0], validate=True).hex()
    except (KeyError, TypeError, StopIteration, ValueError):
        raise ValueError("the registry gives no address with a sha512") from None
    return Archive(_with_credentials(url, registry), Promise(0, digest, "sha512"))


def _with_credentials(url: str, registry: str) -> str:
    """`url` with the credentials of `registry`, for the same server only."""
    wanted, given = urllib.parse.urlsplit(url), urllib.parse.urlsplit(registry)
    credentials, at, server = given.netloc.rpartition("@")
    if at and (wanted.scheme, wanted.netloc.lower()) == (given.scheme, server.lower()):
        return urllib.parse.urlunsplit(wanted._replace(netloc=credentials + at + wanted.netloc))
    return url
