"""Copies of files and folders in the artefact store, between two home folders."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from timevis.errors import ConfigError, DataError
from timevis.service.artefacts import ArtefactStore
from timevis.service.db.database import open_database
from timevis.service.db.tables import FolderCopy, Sessions
from timevis.service.storage import Storage

RUN = "a" * 32


@pytest.fixture
def hosts(tmp_path: Path, store_url: str) -> tuple[Storage, Storage, Sessions]:
    """Two home folders with one database and one store."""
    sessions = open_database(f"sqlite:///{tmp_path / 'timevis.db'}")
    homes = (tmp_path / "a", tmp_path / "b")
    first, second = (Storage(home, ArtefactStore(store_url, home, sessions)) for home in homes)
    for storage in (first, second):
        for folder in ("uploads", "runs"):
            (storage.home / folder).mkdir(parents=True)
    return first, second, sessions


def write_run(storage: Storage, **files: str) -> Path:
    folder = storage.run(RUN)
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", "/").replace("_", ".")).write_text(text)
    return folder


def files_of(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def store_of(storage: Storage) -> ArtefactStore:
    assert storage.store is not None
    return storage.store


def keys_of(store: ArtefactStore) -> list[str]:
    """Names of all files of a store, below its root."""
    return sorted(key.removeprefix(f"{store.root}/") for key in store.files.find(store.root))


def test_a_run_goes_from_host_to_host_and_names_the_upload_of_each(hosts: tuple[Storage, Storage, Sessions]) -> None:
    first, second, _ = hosts
    config = f"data: {{path: {first.home}/uploads/x.csv}}"
    folder = write_run(first, config_yaml=config, checkpoints__last_ckpt="epoch 1", checkpoints__old_ckpt="0")
    first.share(folder)
    there = second.fetched_run(RUN)
    assert files_of(there) == files_of(folder) | {"config.yaml": config.replace(str(first.home), str(second.home))}
    (there / "checkpoints/last.ckpt").write_text("epoch 2")
    (there / "checkpoints/old.ckpt").unlink()
    second.share(there)
    assert files_of(first.fetched_run(RUN)) == {"config.yaml": config, "checkpoints/last.ckpt": "epoch 2"}
    copies = [key.rpartition(".")[0] for key in keys_of(store_of(first))]
    assert copies == [f"runs/{RUN}/checkpoints/last.ckpt", f"runs/{RUN}/config.yaml"]


def test_what_a_host_has_changed_since_its_copy_is_kept(hosts: tuple[Storage, Storage, Sessions]) -> None:
    first, _, _ = hosts
    folder = write_run(first, checkpoints__last_ckpt="epoch 1")
    first.share(folder)
    write_run(first, checkpoints__last_ckpt="epoch 2")
    assert files_of(first.fetched_run(RUN)) == {"checkpoints/last.ckpt": "epoch 2"}


def test_a_copy_that_breaks_off_is_not_visible(
    hosts: tuple[Storage, Storage, Sessions], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = hosts
    first.share(write_run(first, a_txt="one", b_txt="one"))
    write_run(first, a_txt="two", b_txt="two")
    store = store_of(first)
    rename = store.files.mv

    def break_off(source: str, target: str) -> None:
        assert not store.files.exists(target)
        if "/b.txt" in target:
            raise OSError("the disk is full")
        rename(source, target)

    monkeypatch.setattr(store.files, "mv", break_off)
    with pytest.raises(OSError, match="the disk is full"):
        first.share(first.run(RUN))
    assert files_of(second.fetched_run(RUN)) == {"a.txt": "one", "b.txt": "one"}
    assert [key for key in keys_of(store) if key.startswith(".")] == []
    monkeypatch.undo()
    first.share(first.run(RUN))
    assert files_of(second.fetched_run(RUN)) == {"a.txt": "two", "b.txt": "two"}


def test_a_host_that_lost_its_task_does_not_replace_the_copy(hosts: tuple[Storage, Storage, Sessions]) -> None:
    first, second, _ = hosts
    first.share(write_run(first, a_txt="one"))
    there = second.fetched_run(RUN)
    write_run(first, a_txt="late")
    assert not store_of(first).copy_folder(first.run(RUN), lambda _: False)
    (there / "a.txt").unlink()
    shutil.rmtree(there)
    assert files_of(second.fetched_run(RUN)) == {"a.txt": "one"}


def test_a_folder_that_is_copied_all_the_time_is_fetched_whole(hosts: tuple[Storage, Storage, Sessions]) -> None:
    first, second, _ = hosts
    first.share(write_run(first, a_txt="0", b_txt="0"))
    stop = threading.Event()

    def copy() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            first.share(write_run(first, a_txt=str(number), b_txt=str(number)))

    writer = threading.Thread(target=copy)
    writer.start()
    try:
        for _ in range(20):
            try:
                found = files_of(second.fetched_run(RUN))
            except FileNotFoundError:  # replaced too often meanwhile; nothing is half there
                continue
            assert found["a.txt"] == found["b.txt"]
    finally:
        stop.set()
        writer.join()


def test_an_upload_is_fetched_once_and_a_damaged_copy_is_refused(hosts: tuple[Storage, Storage, Sessions]) -> None:
    first, second, _ = hosts
    source = first.temporary_upload(".csv")
    source.write_bytes(b"time,load\n")
    stored = first.store_file(source)
    path = second.fetched_upload(stored.content_hash, stored.suffix)
    assert path.read_bytes() == b"time,load\n"
    path.unlink()
    store = store_of(first)
    (copy,) = keys_of(store)
    store.files.pipe_file(f"{store.root}/{copy}", b"something else")
    with pytest.raises(DataError, match="is damaged"):
        second.fetched_upload(stored.content_hash, stored.suffix)
    assert list((second.home / "uploads").iterdir()) == []


def test_a_part_of_a_copied_file_is_read_without_its_folder(hosts: tuple[Storage, Storage, Sessions]) -> None:
    first, second, _ = hosts
    first.share(write_run(first, train_log="0123456789"))
    parts = [second.read_part(RUN, "train.log", start, 4) for start in (0, 8, 10, 20)]
    assert parts == [b"0123", b"89", b"", b""]
    assert second.read_part(RUN, "absent.log", 0, 4) == b""
    assert not second.run(RUN).exists()


def test_what_is_removed_is_removed_from_the_store(hosts: tuple[Storage, Storage, Sessions]) -> None:
    first, _, sessions = hosts
    folder = write_run(first, a_txt="one")
    first.share(folder)
    first.remove(folder)
    assert keys_of(store_of(first)) == []
    with sessions() as session:
        assert session.query(FolderCopy).count() == 0


@pytest.mark.parametrize("url", ["nonsense://x", "s3-of-no-package://bucket"])
def test_a_store_that_cannot_be_used_is_named(url: str, make_settings: Callable[..., object]) -> None:
    settings = make_settings(TIMEVIS_STORE=url)
    with pytest.raises(ConfigError, match="TIMEVIS_STORE"):
        Storage.open(settings, open_database("sqlite://"))
