"""A wheel in the Python package index.

Sources: PEP 691 (JSON simple API), PEP 503 (normalised names), PEP 427 (wheel file names).
"""

from __future__ import annotations

import os
import re
import urllib.parse

from rvm_core.models import web
from rvm_core.models.archives import Archive
from rvm_core.models.promise import Promise

DEFAULT_INDEX = "https://pypi.org/simple"
INDEX_VARIABLE = "PIP_INDEX_URL"
_SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def find_wheel(project: str, version: str) -> Archive:
    """The wheel of `project` at `version` in the index of ``PIP_INDEX_URL`` or pypi.org.

    Raises OSError or HTTPException (the network), ValueError (the index does not have it, or speaks no JSON).
    """
    base = os.environ.get(INDEX_VARIABLE) or DEFAULT_INDEX
    page_url = f"{base.rstrip('/')}/{re.sub(r'[-_.]+', '-', project).lower()}/"
    document = web.read_json(page_url, _SIMPLE_JSON)
    prefix = f"{re.sub(r'[-_.]+', '_', project).lower()}-{version}-"
    try:
        for file in document["files"]:
            if file["filename"].lower().startswith(prefix) and file["filename"].endswith(".whl"):
                sha256 = file.get("hashes", {}).get("sha256")
                if not sha256:
                    raise ValueError(f"the index gives no sha256 for {file['filename']}")
                # A relative address continues the page's own, credentials included.
                url = urllib.parse.urljoin(page_url, file["url"])
                return Archive(url, Promise(int(file.get("size") or 0), str(sha256).lower()))
    except (KeyError, TypeError, AttributeError):
        raise ValueError("the answer is not the index's JSON simple API") from None
    raise ValueError(f"the index has no wheel of {project} {version}")
