"""A stored config holds text that is never evaluated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from timevis.config.compose import literal_file_names
from timevis.config.stored import escape, has_reference, load_config, load_list, to_yaml, unescape
from timevis.errors import RunFolderError

texts = st.text(alphabet="\\${}ab:,.'\" \n\t?%[]()=é*&-#", max_size=30)


@given(texts, texts)
def test_every_text_is_read_as_it_was_stored(tmp_path_factory, before, after):
    text = f"{before}${{{after}"
    assert unescape(escape(text)) == text
    assert not has_reference(escape(text))
    path = tmp_path_factory.mktemp("stored") / "config.yaml"
    values = {"a": text, "b": [after, {"c": text, "n": 1.5e-7, "date": "2018-01-01", "yes": "yes"}]}
    path.write_text(to_yaml(values), encoding="utf-8")
    assert OmegaConf.to_container(load_config(path), resolve=True) == values
    path.write_text(to_yaml([text, after]), encoding="utf-8")
    assert load_list(path) == [text, after]


@pytest.mark.parametrize("number", ["1e-3", "-2E5", "1.5e3", "1_000e-1", ".5", "1e+22", ".inf"])
def test_a_number_of_a_stored_config_is_read_as_omegaconf_reads_it(tmp_path, number):
    (tmp_path / "config.yaml").write_text(f"a: {number}\nb: 2018-01-01\nc: 1e-3x")
    assert load_config(tmp_path / "config.yaml") == OmegaConf.load(tmp_path / "config.yaml")
    assert isinstance(load_config(tmp_path / "config.yaml").a, float)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: ${oc.env:HOME}", "a contains"),
        ("a: [{b: '\\\\${oc.env:HOME}'}]", r"a\.0\.b contains"),
        ("a: ${", "a contains"),
        ("", "empty"),
        ("- 1", "no mapping"),
        ("a: [", "damaged"),
        ("a: !!python/object/apply:os.getpid []", "damaged"),
        ("[" * 100_000, "damaged"),
        ("a: &x [1]\nb: *x", "alias"),
        ("a: 1\na: 2", "a key occurs twice"),
        ("a: \0", "damaged"),
        ("a: " + "1" * 2**21, "larger than"),
    ],
)
def test_a_config_that_timevis_did_not_write_is_refused(tmp_path, text, problem):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(RunFolderError, match=problem) as caught:
        load_config(tmp_path / "config.yaml")
    assert len(str(caught.value).splitlines()) == 2


def test_a_small_file_that_describes_a_huge_config_is_refused_at_once(tmp_path):
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    (tmp_path / "config.yaml").write_text("\n".join(lines))
    with pytest.raises(RunFolderError, match="alias"):
        load_config(tmp_path / "config.yaml")


def test_the_name_of_an_existing_file_is_text_on_the_command_line(tmp_path, monkeypatch, compose_config):
    monkeypatch.chdir(tmp_path)
    name = "load ${region}.csv"
    given = [f"data.path={name}", "data.name=${model.name}"]
    assert literal_file_names(given) == given
    (tmp_path / name).touch()
    first, second = literal_file_names(given)
    cfg = compose_config("data=file", first, second, "model=linear")
    assert (cfg.data.path, cfg.data.name) == (name, "linear")


def test_a_deleted_option_of_a_stored_run_is_left_out_where_it_did_nothing(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("model: {ordinal_loss_weight: 0.0, number_token_loss_weight: 0.5, horizon: 3}\nhorizon: 3\n")
    assert load_config(path) == {"model": {"number_token_loss_weight": 0.5, "horizon": 3}, "horizon": 3}
