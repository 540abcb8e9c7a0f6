"""Show the finished runs of the command line below a folder as models. The folder is only read.

A link in the folder of runs of the home leads to each run, so that forecasts, comparisons and reports find it there.
Such a model has no task. A user who deletes it hides it; the run and its row stay.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from apiflask import APIFlask
from omegaconf import OmegaConf
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from timevis.data.catalog import catalog, local_file, read_card
from timevis.errors import TimeVisError
from timevis.runs.folder import RunFolder
from timevis.runs.record import RunRecord
from timevis.runs.status import state_of
from timevis.service.api.datasets import upload_request
from timevis.service.context import Context
from timevis.service.db.tables import Dataset, Model, new_id
from timevis.service.problems import Problem
from timevis.service.tasks.reading import Reading
from timevis.service.tasks.summary import summarise_run

log = logging.getLogger(__name__)

SCAN_SECONDS = 30.0
TAG = "command line"
MAX_NAME_CHARACTERS = 200
SETTINGS_OF_A_RUN = frozenset(("path", "name", "season", "split", "split_by", "rows", "channels", "seed"))
"""Keys of the section `data` that belong to a run and not to its dataset."""


class CommandLineRuns:
    """Registers the finished runs below a folder, now and at intervals.

    Parameters
    ----------
    app : APIFlask
        The application whose database and home folder get the models.
    folder : Path
        For example ``outputs``.
    """

    def __init__(self, app: APIFlask, folder: Path) -> None:
        self.app, self.folder = app, folder.absolute()
        self.service: Context = app.extensions["timevis"]
        self._seen: dict[Path, float] = {}
        self._datasets: dict[str, str | None] = {}

    def start(self) -> None:
        """Register the runs in a thread that ends with the process."""
        threading.Thread(target=self._repeat, daemon=True, name="command line runs").start()

    def _repeat(self) -> None:
        while True:
            try:
                self.register()
            except (SQLAlchemyError, OSError):
                log.exception("the runs below %s could not be registered", self.folder)
            threading.Event().wait(SCAN_SECONDS)

    def register(self) -> int:
        """Add a model for each finished run that has none, and read changed results again; returns how many.

        A run that cannot be read is left out, with a warning.
        """
        count = 0
        for folder in finished_runs(self.folder):
            changed = (folder / "results.json").stat().st_mtime
            if self._seen.get(folder) == changed:
                continue
            try:
                self._register(folder, changed)
                count += 1
            except (TimeVisError, Problem, KeyError, TypeError) as error:
                log.warning("%s is not shown: %s", folder, error)
            self._seen[folder] = changed
        if count:
            log.info("%d runs below %s are models now", count, self.folder)
        return count

    def _register(self, folder: Path, changed: float) -> None:
        run_id = hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]
        record = RunRecord.load(folder)
        summary = summarise_run(record)
        with self.service.sessions.begin() as session:
            model = session.scalar(select(Model).where(Model.run_id == run_id))
            if model is not None:
                model.summary = summary
        self._link(run_id, folder)
        if model is None:
            name = str(folder.relative_to(self.folder))[-MAX_NAME_CHARACTERS:]
            dataset_id = self._dataset_of(folder, summary["data_hash"])
            values = {"name": name, "kind": record.results.run.model, "tags": [TAG], "created": changed}
            model = Model(id=new_id(), run_id=run_id, summary=summary, dataset_id=dataset_id, **values)
            with self.service.sessions.begin() as session:
                session.add(model)

    def _link(self, run_id: str, folder: Path) -> None:
        link = self.service.storage.run(run_id)
        if not link.is_symlink():
            link.symlink_to(folder, target_is_directory=True)
        self.service.storage.share(link)

    def _dataset_of(self, folder: Path, data_hash: str) -> str | None:
        """The dataset with the rows of a run: the dataset of another model, or a copy of the file of the run."""
        if data_hash not in self._datasets:
            with self.service.sessions() as session:
                is_same = (Model.summary["data_hash"].as_string() == data_hash, Dataset.deleted.is_(None))
                query = select(Dataset.id).join(Model, Model.dataset_id == Dataset.id).where(*is_same)
                known = session.scalar(query.order_by(Dataset.created).limit(1))
            self._datasets[data_hash] = known or self._stored_file(RunFolder(folder))
        return self._datasets[data_hash]

    def _stored_file(self, run: RunFolder) -> str | None:
        """A dataset of the file of a run; None if the file is gone or cannot be read."""
        data: Any = OmegaConf.to_container(run.config.data, resolve=True)
        path = local_file(data["name"], data.get("path"))
        if path is None:
            return None
        name = data["name"] if data["name"] in catalog() else None
        try:
            with self.app.app_context(), path.open("rb") as file:
                request = upload_request(file, path.name, name, _dataset_options(data))
            result, change = Reading(self.service).carry_out(request, None)
            with self.service.sessions.begin() as session:
                change(session)
            return str(result["dataset"])
        except (TimeVisError, Problem, OSError) as error:
            log.warning("the data of %s are not shown: %s", run.path, error)
            return None


def finished_runs(folder: Path) -> Iterator[Path]:
    """The folders below a folder that hold a completed run; links are not followed."""
    for parent, folders, files in os.walk(folder):
        if "config.yaml" in files:
            folders.clear()
            path = Path(parent)
            if "results.json" in files and state_of(path) in (None, "completed"):
                yield path
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def _dataset_options(data: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the section `data` of a run that say how its file is read and what its columns are."""
    options = {key: value for key, value in data.items() if key not in SETTINGS_OF_A_RUN}
    options = {key: value for key, value in options.items() if value not in (None, {}, [])}
    if data["name"] in catalog():
        card, _ = read_card(data["name"])
        about = {"domain": card.domain, "unit": card.units or card.unit, "description": card.description}
        options = {key: value for key, value in about.items() if value} | options
        if card.country and "holiday" in (options.get("covariates") or {}):
            options["covariates"] = {**options["covariates"], "holiday": card.country}
    if options.get("cleaning") == {"outliers": "report"}:
        del options["cleaning"]
    return options
