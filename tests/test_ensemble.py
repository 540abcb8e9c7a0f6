"""An ensemble averages its members with weights from validation, goes on without a lost one, and can be resumed."""

import numpy as np
import pytest
import torch

from timevis.config.members import member_config, parse_members
from timevis.config.validate import check
from timevis.errors import Cancelled, ConfigError, RunFolderError
from timevis.evaluation.verdict import verdict_of
from timevis.inference.combine import combine, combine_sweep
from timevis.inference.predict import predict
from timevis.inference.rescore import rescore
from timevis.messages import Text
from timevis.models.ensemble_weights import combined, greedy_weights, prior_weights, shrunk_weights
from timevis.report.page import write_report
from timevis.runs.folder import RunFolder
from timevis.runs.status import state_of
from timevis.sweep.leaderboard import read_jobs
from timevis.training import stages
from timevis.training.run import run
from timevis.utils.formatting import format_number
from timevis.utils.levels import QUANTILE_COLUMNS
from timevis.utils.phrases import format_duration

LSTM = "lstm hidden_size=8 segment_length=6 fit.max_epochs=1 fit.steps_per_epoch=2"


@pytest.fixture(scope="module")
def ensemble(compose_config, tmp_path_factory):
    """A run of three members, of which the last one diverges."""
    folder = tmp_path_factory.mktemp("ensemble") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("timevis.training.stages.write_report", lambda folder: None)
        members = f'["seasonal_naive","linear","{LSTM} learning_rate=1.0e+30 name=broken"]'
        cfg = compose_config("model=ensemble", f"model.members={members}", "conformal=none")
        check(cfg)
        run(cfg, folder)
    return folder


def test_the_forecast_is_the_weighted_mean_of_the_quantiles_of_the_members(ensemble):
    members = RunFolder(ensemble).results.run.members
    weights = {member.name: member.weight for member in members}
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights["seasonal_naive"], weights["linear"]) > 0
    table, columns = predict(ensemble), list(QUANTILE_COLUMNS)
    parts = [w * predict(ensemble / "members" / name)[columns] for name, w in weights.items() if w]
    np.testing.assert_allclose(table[columns], sum(parts), rtol=1e-5)
    assert predict(ensemble, refit=True)["point"].notna().all()


def test_a_member_that_fails_is_named_and_has_no_weight(ensemble):
    results = RunFolder(ensemble).results
    broken = next(member for member in results.run.members if member.name == "broken")
    assert (broken.state, broken.weight) == ("failed", 0.0)
    text = next(finding.text for finding in verdict_of(results).findings if finding.code == "member-failed")
    assert "broken" in text
    assert "diverged" in text
    assert state_of(ensemble / "members" / "broken") == "failed"


def test_the_report_lists_weight_scores_and_cost_of_each_member_and_why_one_has_none(ensemble):
    page = write_report(ensemble).read_text(encoding="utf-8")
    section = page[page.index('<section id="members">') :].split("</section>")[0]
    for member in RunFolder(ensemble).results.run.members:
        (row,) = [row for row in section.split("<tr") if f">{member.name}" in row]
        assert format_number(member.weight, percent=True) in row
        assert format_duration(member.seconds) in row
        assert format_number(member.validation) in row
        assert ("failed: " in row) == (member.name == "broken")


def test_the_cost_is_the_sum_of_the_members(ensemble):
    results = RunFolder(ensemble).results
    members = results.run.members
    assert results.cost.trainable_parameters == sum(m.trainable_parameters for m in members) > 0
    assert results.cost.fit_seconds == pytest.approx(sum(m.fit_seconds for m in members), abs=0.05)


@pytest.mark.usefixtures("no_report")
def test_rescoring_the_test_part_gives_the_scores_of_the_run(ensemble, tmp_path):
    (rescored,) = rescore(ensemble, tmp_path / "again").values()
    results = RunFolder(ensemble).results
    assert rescored.metrics["wql"].value == pytest.approx(results.metrics["wql"].value, rel=1e-6)
    assert [m.weight for m in rescored.run.members] == [m.weight for m in results.run.members]


@pytest.mark.usefixtures("no_report")
def test_a_cancelled_run_can_forecast_and_goes_on_with_the_member_that_is_not_finished(
    compose_config, tmp_path, monkeypatch
):
    calls = []

    def cancelled_in_the_second(context):
        calls.append(context)
        if len(calls) == 2:
            raise Cancelled(Text("cancelled by {signal}", signal="SIGTERM"))
        stages.fit(context)

    monkeypatch.setattr(stages, "MEMBER", (stages.prepare, cancelled_in_the_second, stages.calibrate))
    folder = tmp_path / "run"
    with pytest.raises(Cancelled):
        run(compose_config("model=ensemble", "model.members=[seasonal_naive,linear]"), folder)
    assert len(predict(folder)) == 12
    written = (folder / "members/seasonal_naive/model/model.safetensors").stat().st_mtime_ns
    run(compose_config(f"resume={folder}"), tmp_path / "unused", [f"resume={folder}"])
    assert len(calls) == 3
    assert (folder / "members/seasonal_naive/model/model.safetensors").stat().st_mtime_ns == written
    assert {m.name for m in RunFolder(folder).results.run.members} == {"seasonal_naive", "linear"}


@pytest.mark.usefixtures("no_report")
def test_seasonal_naive_replaces_members_that_are_worse_and_the_verdict_says_so(compose_config, tmp_path):
    cfg = compose_config(
        "model=ensemble", f'model.members=["{LSTM}",seasonal_naive]', "model.rounds=1", "conformal=none"
    )
    run(cfg, tmp_path / "run")
    results = RunFolder(tmp_path / "run").results
    assert {m.name: m.weight for m in results.run.members} == {"seasonal_naive": 1.0, "lstm": 0.0}
    assert results.metrics["wql"].value == pytest.approx(results.seasonal_naive["wql"].value)
    assert verdict_of(results).code == "no-member-beats-seasonal-naive"


@pytest.mark.usefixtures("no_report")
def test_finished_runs_are_combined_without_being_fitted_again(compose_config, tmp_path, monkeypatch):
    runs = [tmp_path / "sweep" / name for name in ("0", "1")]
    for folder, model in zip(runs, ("seasonal_naive", "linear"), strict=True):
        run(compose_config(f"model={model}", "sweep.ensemble=true"), folder, [f"model={model}"], group="sweep")
    monkeypatch.setattr(stages, "MEMBER", None)
    (folder,) = combine_sweep(tmp_path / "sweep")
    results = RunFolder(folder).results
    assert results.window_set.hash == RunFolder(runs[0]).results.window_set.hash
    assert [member.source for member in results.run.members] != [None, None]
    jobs = read_jobs(tmp_path / "sweep")
    assert sorted(jobs["run"]) == ["0", "1", folder.name]
    assert set(jobs.loc[jobs["run"] == folder.name, "model"]) == {"ensemble"}

    other = tmp_path / "other"
    run(compose_config("model=linear", "horizon=4"), other)
    with pytest.raises(RunFolderError, match="horizon"):
        combine([*runs, other], tmp_path / "none")
    with pytest.raises(RunFolderError, match="ensemble itself"):
        combine([folder, runs[0]], tmp_path / "none")


class Windows:
    """Windows whose targets are known, in place of `ScoredWindows`."""

    def relative_wql(self, quantiles: torch.Tensor) -> float:
        return float((quantiles - 1).abs().mean())


def test_weights_are_those_of_the_best_combination():
    above, below, useless = torch.full((2, 9, 3), 1.5), torch.full((2, 9, 3), 0.75), torch.full((2, 9, 3), 40.0)
    weights = greedy_weights(Windows(), [above, below, useless], rounds=30)
    torch.testing.assert_close(weights, torch.tensor([1 / 3, 2 / 3, 0.0], dtype=torch.float64))
    assert Windows().relative_wql(combined([above, below, useless], weights)) == pytest.approx(0, abs=1e-6)


def test_shrunk_weights_are_half_selected_and_half_by_the_inverse_square_of_the_errors_of_members_that_did_not_fail():
    weights = shrunk_weights(torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64), [0.5, 1.0, 1.01, 30.0])
    torch.testing.assert_close(weights, torch.tensor([0.5 + 0.4, 0.1, 0.0, 0.0], dtype=torch.float64))
    kept = shrunk_weights(torch.tensor([0.0, 1.0], dtype=torch.float64), [0.4, 2.0])
    torch.testing.assert_close(kept, torch.tensor([0.5, 0.5], dtype=torch.float64))


def test_a_member_without_any_error_on_validation_gets_weights_that_are_numbers():
    weights = shrunk_weights(torch.tensor([1.0, 0.0], dtype=torch.float64), [0.0, 0.5])
    torch.testing.assert_close(weights, torch.tensor([1.0, 0.0], dtype=torch.float64))


def test_prior_weights_are_those_that_models_declare_or_equal_if_all_members_are_trained():
    assert prior_weights([1.0, 0.0, 3.0]).tolist() == [0.25, 0.0, 0.75]
    assert prior_weights([0.0, 0.0]).tolist() == [0.5, 0.5]


@pytest.mark.usefixtures("no_report")
def test_trained_members_have_equal_weights_where_validation_is_too_short_and_no_other_is_listed(
    compose_config, tmp_path, monkeypatch
):
    monkeypatch.setattr("timevis.models.ensemble.FEW_ERRORS", 1e9)
    members = f'model.members=["{LSTM}",linear]'
    run(compose_config("model=ensemble", members, "conformal=none"), tmp_path / "run")
    results = RunFolder(tmp_path / "run").results
    assert {member.name: member.weight for member in results.run.members} == {"lstm": 0.5, "linear": 0.5}
    assert not results.run.description["combination"]["is_selected"]
    (rescored,) = rescore(tmp_path / "run", tmp_path / "again").values()
    assert not rescored.run.description["combination"]["is_selected"]


@pytest.mark.usefixtures("no_report")
def test_few_windows_of_validation_shrink_the_weights(compose_config, tmp_path, monkeypatch):
    weights, errors = {}, {}
    for name, minimum in (("many", 0), ("few", 1e9)):
        monkeypatch.setattr("timevis.models.ensemble.MIN_HORIZONS", minimum)
        members = "model.members=[seasonal_naive,linear]"
        run(compose_config("model=ensemble", members, "conformal=none"), tmp_path / name)
        found = RunFolder(tmp_path / name).results.run.members
        weights[name] = {member.name: member.weight for member in found}
        errors = {member.name: (member.tuning, member.validation) for member in found}
    shares = [1 / (1 + error**-2) for error in errors["linear"]]  # of seasonal naive, whose error is 1
    added = weights["few"]["seasonal_naive"] - weights["many"]["seasonal_naive"] / 2
    assert 0.5 * min(shares) <= added <= 0.5 * max(shares)
    assert sum(weights["few"].values()) == pytest.approx(1)
    assert len(predict(tmp_path / "few")) == 12


def test_members_have_options_of_their_own(compose_config):
    texts = ["lstm", "lstm hidden_size=16 fit.max_epochs=3", "qwen_patch tune=none name=untrained"]
    members = parse_members(texts)
    assert [member.name for member in members] == ["lstm", "lstm-2", "untrained"]
    cfg = member_config(compose_config("model=ensemble", "seed=7"), members[1])
    assert (cfg.model.hidden_size, cfg.trainer.max_epochs, cfg.seed, cfg.horizon) == (16, 3, 7, 6)
    assert member_config(compose_config("model=ensemble"), members[2]).context_length is None


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["lsmt"], "lstm"),
        (["ensemble"], "cannot be a member"),
        (["lstm name=../x"], "is not a name"),
        (["lstm name=a", "linear name=a"], "called a"),
        (["lstm hidden_size"], "option=value"),
        ([], "lists no member"),
    ],
)
def test_a_wrong_list_of_members_is_refused(texts, words):
    with pytest.raises(ConfigError, match=words):
        parse_members(texts)


def test_a_wrong_option_of_a_member_is_refused_before_data_are_read(compose_config, tmp_path):
    with pytest.raises(ConfigError, match="hiden_size"):
        run(compose_config("model=ensemble", 'model.members=["lstm hiden_size=8"]'), tmp_path / "run")
    assert not (tmp_path / "run" / "config.yaml").exists()
