"""Which language models of the Hugging Face hub are on this machine, without importing its library."""

from __future__ import annotations

import os
from pathlib import Path


def absent_backbones(hub_ids: dict[str, str]) -> dict[str, str]:
    """The backbones, by name, whose hub id is not in the cache of the hub; local folders are always present."""
    cache = _cache_folder()
    return {name: hub_id for name, hub_id in hub_ids.items() if "/" in hub_id and not _is_in(cache, hub_id)}


def _is_in(cache: Path, hub_id: str) -> bool:
    snapshots = (cache / f"models--{hub_id.replace('/', '--')}" / "snapshots").glob("*")
    return Path(hub_id).is_dir() or any((folder / "config.json").is_file() for folder in snapshots)


def _cache_folder() -> Path:
    """Where huggingface_hub keeps its downloads."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
