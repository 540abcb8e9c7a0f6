"""An option of reading is declared once, and every interface has it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import yaml

from timevis.data.options import DataOptions
from timevis.data.read_options import DEFAULT_READ_OPTIONS, ReadOptions

ROOT = Path(__file__).resolve().parents[2]
SYNTHETIC_KEYS = {"rows", "channels", "seed"}

TOY_OPTION = '''
"""One more option of reading; in TimeVis it would be a field of ReadOptions."""

from dataclasses import dataclass
from typing import Literal

from timevis.data import read_options


@dataclass(frozen=True)
class ToyReadOptions(read_options.ReadOptions):
    """
    Attributes
    ----------
    comment_mark : {"hash", "semicolon"}, optional
        Character before a comment; null finds it.
    """

    comment_mark: Literal["hash", "semicolon"] | None = None


read_options.ReadOptions = ToyReadOptions
'''

INTERFACES = """
import json
import sys
from pathlib import Path

import toy_option

from timevis.config.compose import compose
from timevis.config.validate import check
from timevis.data.options import DataOptions
from timevis.data import new_files
from timevis.errors import ConfigError

facts = {}
Path("load.csv").write_text("time,load\\n" + "".join(f"2024-01-{day:02},{day}\\n" for day in range(1, 29)))

cfg = compose(["data=toy", "data.path=load.csv", "data.comment_mark=hash"])
check(cfg)
options = DataOptions.from_config(cfg.data)
facts["command line"] = options.comment_mark
try:
    DataOptions.from_config(compose(["data=toy", "data.comment_mark=hsah"]).data)
except ConfigError as error:
    facts["wrong choice"] = f"{error.message}; {error.advice}"

passed = []
read = new_files.read_table
new_files.read_table = lambda path, given, *rest: passed.append(given.comment_mark) or read(path, given, *rest)
new_files.load_files(["load.csv"], options, ("load",))
facts["predict"] = passed

from timevis.service.api.datasets import list_read_options
from timevis.service.api.datasets import data_options
from timevis.service.schemas.datasets import DatasetChange, UploadRequest
from timevis.service.schemas.training import train_request
from timevis.service.training import config_of
from timevis.service.specification import specification

specified = specification()
paths, schemas = specified["paths"], specified["components"]["schemas"]
form = paths["/api/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
change = paths["/api/datasets/{dataset_id}"]["patch"]["requestBody"]["content"]["application/json"]["schema"]
resolve = lambda schema: schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
facts["upload"] = resolve(form)["properties"]["comment_mark"]
facts["correction"] = resolve(change)["properties"]["comment_mark"]
of_training = {"split_by", "dry_run"}
trainings = {name: schema for name, schema in schemas.items() if of_training <= set(schema.get("properties", ()))}
facts["trainings"] = sorted(trainings)
facts["trainings with the option"] = sorted(n for n in trainings if "comment_mark" in trainings[n]["properties"])
request = train_request().model_validate({"model": "linear", "dataset": "0" * 32, "comment_mark": "hash"}).root
facts["training"] = config_of(request, Path("load.csv"), "load", {}).data.comment_mark
changed = DatasetChange(comment_mark="hash").model_dump(exclude_unset=True)
facts["changed options"] = data_options({"comment_mark": "semicolon", "decimal": "comma"}, changed)
json.dump(facts, sys.stdout)
"""


def test_an_option_that_is_declared_in_one_file_is_in_every_interface(tmp_path: Path) -> None:
    (tmp_path / "toy_option.py").write_text(TOY_OPTION)
    (tmp_path / "interfaces.py").write_text(INTERFACES)
    (tmp_path / "conf/data").mkdir(parents=True)
    (tmp_path / "conf/data/toy.yaml").write_text("defaults: [file, _self_]\n\ncomment_mark: null\n")
    done = subprocess.run(
        [sys.executable, "interfaces.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    facts = yaml.safe_load(done.stdout)
    assert facts["command line"] == facts["training"] == "hash"
    assert facts["wrong choice"].startswith("data.comment_mark='hsah' is not a choice; did you mean 'hash'?")
    assert facts["predict"] == ["hash"]
    for place in ("upload", "correction"):
        assert facts[place]["description"] == "Character before a comment; null finds it."
        assert {"enum": ["hash", "semicolon"], "type": "string"} in facts[place]["anyOf"]
    assert facts["trainings"] == facts["trainings with the option"] != []
    assert facts["changed options"] == {"comment_mark": "hash", "decimal": "comma"}


def test_the_data_config_of_a_file_lists_every_key_with_its_default() -> None:
    written = yaml.safe_load((ROOT / "conf/data/file.yaml").read_text(encoding="utf-8"))
    assert set(written) == {field.name for field in fields(DataOptions)} - SYNTHETIC_KEYS
    names = [field.name for field in fields(ReadOptions)]
    options = DataOptions.from_config({name: written[name] for name in names})
    assert [getattr(options, name) for name in names] == [getattr(DEFAULT_READ_OPTIONS, name) for name in names]
