"""The methods by the name that the registry gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rvm_core.matting.mediapipe import MediaPipeNetwork
from rvm_core.matting.network import Network
from rvm_core.matting.plated import PlateNetwork
from rvm_core.matting.rvm import RvmNetwork

_NETWORKS: Mapping[str, Callable[[Path, str, int], Network]] = {
    "rvm": RvmNetwork,
    "mediapipe": MediaPipeNetwork,
    "bgmv2": PlateNetwork,
}


def open_network(method: str, file: Path, provider: str, threads: int) -> Network:
    """The network of the verified model `file`, for one stream of pictures.

    Raises ModelContract, ProviderError.
    """
    return _NETWORKS[method](file, provider, threads)
