"""The champion of a monitor, and the history of champions.

The web process imports this module, thus it must not import PyTorch.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.db.monitor_tables import COVERAGE, DRIFT, NEW_CHAMPION, WORSE, Challenger, Champion, Monitor
from timevis.service.db.tables import Dataset, Model, Sessions, rows_changed
from timevis.service.monitoring.alerts import raise_alert, resolve_alerts


def champion_without_request() -> ConfigError:
    """The error that a champion was trained on the command line, so that there is no request to repeat."""
    return ConfigError(
        Text("the champion was not trained by this service"),
        Text("name a training in the field training of retraining, or set no retraining"),
    )


def promote(
    sessions: Sessions,
    monitor_id: str,
    former_id: str,
    model: Model,
    reason: str,
    comparison: dict[str, Any] | None = None,
    challenger_id: str | None = None,
) -> bool:
    """Make a model the champion of a monitor, unless its champion has changed; the former one stays in the history.

    Parameters
    ----------
    sessions : sessionmaker
    monitor_id, former_id : str
        The monitor, and the model that is its champion.
    model : Model
    reason : {"test", "hand"}
    comparison : dict, optional
        See `timevis.service.monitoring.challengers.compare_with_champion`.
    challenger_id : str, optional
    """
    with sessions.begin() as session:
        own = (Monitor.id == monitor_id, Monitor.model_id == former_id)
        statement = update(Monitor).where(*own).values(model_id=model.id)
        if not rows_changed(session, statement.execution_options(synchronize_session=False)):
            return False
        monitor = session.get_one(Monitor, monitor_id)
        champion = Champion(monitor_id=monitor.id, model_id=model.id, reason=reason, comparison=comparison)
        session.add(champion)
        session.flush()
        is_champion_of_data = (Dataset.id == monitor.dataset_id, Dataset.champion_id == former_id)
        session.execute(update(Dataset).where(*is_champion_of_data).values(champion_id=model.id))
        if challenger_id is not None:
            challenger = session.get_one(Challenger, challenger_id)
            challenger.state, challenger.model_id, challenger.comparison = "promoted", model.id, comparison
        for kind in (WORSE, COVERAGE, DRIFT):  # they were about the former champion
            resolve_alerts(session, monitor, kind)
        text = Text("the model {name!r} is the new champion", name=model.name)
        if comparison is not None:
            text = Text(
                "the model {name!r} is the new champion: on {windows} windows its error is {percent:.1f} % lower "
                "than the error of the former one (p = {p:.2g})",
                name=model.name,
                windows=comparison["windows"],
                percent=-comparison["percent"],
                p=comparison["p"],
            )
        raise_alert(session, monitor, NEW_CHAMPION, champion.id, text, comparison=comparison)
    return True
