"""The house laws hold in the tree, and each of them is able to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from rvm_core.settings import BY_KEY
from tests.contract import laws
from tests.contract.tree import Module, parse, shipped_modules

Law = Callable[[Iterable[Module]], Iterator[str]]


def keys_in_schema(modules: Iterable[Module]) -> Iterator[str]:
    """The law of keys with the real schema."""
    return laws.keys_in_schema(modules, BY_KEY)


LAWS: tuple[Law, ...] = (
    laws.ranks,
    laws.meeting_place,
    laws.sole_importers,
    laws.one_writer,
    laws.no_print,
    laws.one_compiler,
    keys_in_schema,
    laws.exported_names,
    laws.docstrings,
    laws.installer_is_bare,
)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_tree_keeps_the_law(law: Law) -> None:
    broken = list(law(shipped_modules()))
    assert not broken, f"{law.__doc__}\n" + "\n".join(broken)


# law, module, is it a package, text that breaks the law, text beside it that keeps it
CASES: tuple[tuple[Law, str, bool, str, str], ...] = (
    (
        laws.ranks,
        "rvm_core.kernels.upscale",
        False,
        "from rvm_core.matting import Matte",
        "from rvm_core.errors import PictureError",
    ),
    (
        laws.ranks,
        "rvm_core.models.fetch",
        False,
        "def f():\n    from ..kernels import upscale",
        "from ..paths import models_dir\nfrom . import verify\nimport rvm_core.settings",
    ),
    (laws.ranks, "rvm_core.settings", False, "from rvm_core import models", "from rvm_core import paths"),
    (laws.ranks, "rvm_core.matting", True, "import rvm_core.cli", "from rvm_core import __version__"),
    (laws.ranks, "rvm_core.cellar.wine", False, "import os", ""),
    (
        laws.meeting_place,
        "rvm_core.libobs.native",
        False,
        "from rvm_core.kernels import upscale",
        "from rvm_core.errors import HostError\nfrom rvm_core.libobs import api",
    ),
    (laws.meeting_place, "rvm_core.pipeline", False, "from rvm_core.libobs import api", "import numpy"),
    (
        laws.sole_importers,
        "rvm_core.pipeline",
        False,
        "def f():\n    from onnxruntime.capi import _pybind_state",
        "import numpy",
    ),
    (laws.sole_importers, "rvm_core.libobs.api", False, "import obspython as obs", "import ctypes"),
    (laws.one_writer, "rvm_core.plates", False, "part.replace(path)", "text.replace('a', 'b')"),
    (laws.one_writer, "installer.demo", False, "import os\nos.replace(a, b)", "replace(stats, fps=30)"),
    (
        laws.one_writer,
        "rvm_core.presets",
        False,
        "tempfile.mkstemp()",
        "from rvm_core import atomic_write\natomic_write.write(path, b'')",
    ),
    (laws.no_print, "rvm_core.models.fetch", False, "print('fetching')", "report('fetching')"),
    (laws.no_print, "rvm_core.models.fetch", False, "say = print", "say = 'print'"),
    (
        laws.one_compiler,
        "rvm_core.kernels.upscale",
        False,
        "from numba import njit",
        "from numba import prange\nfrom rvm_core.kernels._jit import kernel",
    ),
    (
        laws.one_compiler,
        "rvm_core.matting",
        True,
        "import numba as nb\n@nb.njit\ndef f(): ...",
        "import numba",
    ),
    (keys_in_schema, "rvm_core.pipeline", False, "values['until_ready']", "settings.until_ready"),
    (keys_in_schema, "obs_rvm_filter", False, "key = 'blur_strength'", "key = 'blur'"),
    (
        laws.exported_names,
        "rvm_core.models",
        True,
        "from rvm_core.models.fetch import fetch\n__all__ = []",
        "from pathlib import Path\nfrom .fetch import fetch\n__all__ = ['fetch']",
    ),
    (laws.exported_names, "rvm_core.models", True, "__all__ = ['fetch']", "def _fetch(): ..."),
    (laws.exported_names, "rvm_core.models", True, "def fetch(): ...", "LIMIT = 3\n__all__ = ['LIMIT']"),
    (
        laws.docstrings,
        "rvm_core.errors",
        False,
        '"""Errors."""\nclass RvmError:\n    """One."""\n    def remedy(self): ...',
        '"""Errors."""\ndef _private(): ...\ndef public():\n    """Said."""',
    ),
    (laws.docstrings, "rvm_core.errors", False, "LIMIT = 3", '"""Errors."""'),
    (laws.installer_is_bare, "installer.plan", False, "def f():\n    import numpy", "import json"),
    (
        laws.installer_is_bare,
        "installer.plan",
        False,
        "from rvm_core import matting",
        "from rvm_core import paths",
    ),
    (
        laws.installer_is_bare,
        "rvm_core.desktop.obs",
        False,
        "from installer import plan",
        "from rvm_core.desktop import ini",
    ),
    (
        laws.installer_is_bare,
        "installer.steps",
        False,
        "def f():\n    from installer.demo_pictures import grid",
        "from installer import plan",
    ),
    (
        laws.installer_is_bare,
        "installer.sandbox",
        False,
        "import obsws_python",
        "from installer import plan\ndef f():\n    import obsws_python",
    ),
)


@pytest.mark.parametrize(("law", "name", "is_package", "bad", "good"), CASES)
def test_the_law_can_fail(law: Law, name: str, is_package: bool, bad: str, good: str) -> None:
    assert list(law([parse(name, bad, is_package=is_package)]))
    if good:
        assert not list(law([parse(name, good, is_package=is_package)]))


def test_every_law_has_a_case_in_which_it_fails() -> None:
    assert {law for law, *_ in CASES} == set(LAWS)


def test_the_homonyms_of_keys_are_still_needed() -> None:
    modules = {module.name: module for module in shipped_modules()}
    for name, keys in laws.KEY_HOMONYMS.items():
        for key in keys:
            assert any(laws.literals(modules[name], key)), f"{name} does not use {key!r} any more"
