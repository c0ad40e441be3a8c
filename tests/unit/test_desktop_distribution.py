from __future__ import annotations

from rvm_core.desktop.distribution import families, os_release
from tests.recorded import RecordedMachine


def test_os_release_and_its_families() -> None:
    text = '# comment\nPRETTY_NAME="Some Mint 21"\nID=linuxmint\nID_LIKE="ubuntu debian"\n'
    machine = RecordedMachine("nothing", files={"/etc/os-release": text})
    assert os_release(machine)["PRETTY_NAME"] == "Some Mint 21"
    assert families(machine) == ["linuxmint", "ubuntu", "debian"]
    assert os_release(RecordedMachine("nothing", files={"/etc/os-release": None})) == {}
