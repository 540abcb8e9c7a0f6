"""Texts of the errors of runs, tasks and configs, and of advice on them, by code."""

from __future__ import annotations

RUN_ERROR_MESSAGES = {
    "training-diverged": "training diverged: {reason}",
    "out-of-memory": "out of memory: {reason}",
    "system-error": "{cause} ({reason})",
    "file-not-written": "{file} could not be written: {cause} ({reason})",
    "unsafe-checkpoint": (
        "a checkpoint of the run holds objects other than weights, which could run code, so it was not loaded"
    ),
    "run-file-damaged": "{path} is damaged ({reason})",
    "run-in-use": "{path} is in use: another process is running or resuming this run",
    "unexpected-error": "{kind}: {reason}",
    "fit-without-a-step": "the fit ended before its first step",
    "process-ended-by-signal": "the training process was ended by {signal}",
    "process-ended-with-code": "the training process ended with exit code {exit_code}",
    "worker-lost": "the worker of the task was lost {count} times",
    "run-not-copied": "the training has ended, but its run cannot be copied to the artefact store ({reason})",
    "result-not-stored": "the database did not accept the result of the task ({reason})",
    "no-dataset": "there is no dataset {identifier}",
    "no-model": "there is no model {identifier}",
    "too-many-channels-for-nano": ("the data have {count} channels, more than {maximum} for nano without a training"),
    "no-such-covariate": "{source} has no covariate {column!r}, which the run was trained with",
    "backbone-not-set": "model.backbone.path is missing",
    "backbone-not-found": "model.backbone.path={path} does not exist",
    "backbone-not-a-model": "model.backbone.path={path} is not a model folder",
    "backbone-type": "model.backbone.path={path} has the model type {kind}",
    "backbone-file-damaged": "model.backbone.path={path}: its {file} cannot be read ({reason})",
    "backbone-lacks-weights": "model.backbone.path={path}: its files lack {count} weights, the first is {name}",
    "backbone-weight-sizes": (
        "model.backbone.path={path}: {name} has size {found}, but config.json requires {expected}"
    ),
    "backbone-layers": "model.backbone.layers={layers} is out of range",
    "backbone-changed": (
        "these weights were trained on a backbone with fingerprint {saved}, but {name} ({path}) has {found}"
    ),
    "quantization-without-gpu": "model.backbone.quantization=nf4 needs a CUDA GPU, and this machine has none",
    "hub-out-of-reach": "{identifier} is not in the local cache, and {url} cannot be reached{offline}",
    "hub-has-no-model": "the hub has no model {identifier}",
    "download-ended": "the download of {identifier} ended with exit code {exit_code}",
    "separator-not-one-token": "the backbone's tokenizer encodes {text!r} as {count} tokens, not one",
    "profile-too-long": "a profile of {rows} rows does not fit into context_length={context_length}",
    "prompt-too-long": "model.prompt.text has {count} characters",
    "not-a-choice-of-key": "{key}={value!r} is not a choice",
    "no-such-key": "there is no config key {key}",
    "value-not-of-kind": "{key}={value} must be {kind}",
    "value-not-a-list": "{key}={value} must be a list, such as [{value}]",
    "section-without-key": "{section} has no key {key!r}",
    "codec-cannot-encode": (
        "model.digits={digits} with model.codec={{bulk: {bulk}, knee: {knee}, limit: {limit}}} cannot encode values"
    ),
    "digits-unlike-backbone": "model.digits={digits}, but {name} was pretrained with {expected} digits",
    "not-a-split": "data.split={split} is not a split",
    "split-numbers": "data.split={split} has neither fractions that sum to at most 1 nor increasing row numbers",
    "split-time": "data.split={split}: {reason}",
    "not-a-time": "{text!r} is not a time",
    "not-a-frequency": "data.frequency={frequency!r} is not a frequency",
    "holiday-is-a-column": "data.covariates.holiday={country!r}, but {source} has a column of that name",
    "country-without-holidays": (
        "data.covariates.holiday={country!r} is not a country or subdivision with known holidays"
    ),
    "holiday-without-country": "data.covariates.holiday does not name a country",
    "column-named-twice": "the column {column!r} is named twice among data.time, id, target and covariates",
    "description-too-long": "data.description has {count} characters, more than {maximum}",
}
"""Code of an error of a run, a task or a config to its text."""

RUN_ADVICE = {
    "lower-learning-rate": "lower model.learning_rate (a tenth is a good start) or model.fit.gradient_clip",
    "smaller-batch": "try model.fit.batch_size={batch_size} model.fit.eval_batch_size={eval_batch_size}",
    "free-space": ("free some space or choose another hydra.run.dir, then continue with resume=<run folder>"),
    "raise-file-size-limit": (
        "raise the limit on the size of files (ulimit -f), then continue with resume=<run folder>"
    ),
    "check-file-owner": ("check the attributes and the owner of the file, then continue with resume=<run folder>"),
    "check-folder-permissions": "check the permissions of the folder, then continue with resume=<run folder>",
    "other-run-folder": "choose another hydra.run.dir, then continue with resume=<run folder>",
    "check-disk": "check the disk, then continue with resume=<run folder>",
    "train-without-checkpoints": (
        "TimeVis does not write such checkpoints: delete checkpoints/ in the run folder and train again"
    ),
    "run-again-or-restore": "run it again, or restore the file from a backup",
    "start-again-or-restore": "delete it to start from the beginning, or restore it from a backup",
    "wait-for-run": "wait until it has ended, or stop it first",
    "see-traceback": "see the traceback in train.log of the run folder",
    "report-traceback": "this is probably a defect of TimeVis: report it with the traceback above",
    "see-worker-log": "see the log of the worker",
    "longer-time-limit": "increase trainer.max_time, or set it to null",
    "retry-from-checkpoint": (
        "retry the task to resume it from its last checkpoint; the memory may have been exhausted"
    ),
    "check-store": "it is copied when the store can be written again; check TIMEVIS_STORE",
    "retry-when-mended": "retry the task when the cause is mended",
    "restore-model": "it may have been deleted; restore it",
    "fewer-channels-for-nano": "name some of them in target, or ask seasonal_naive",
    "add-covariate": "add the column, with values for every series of the run",
    "folder-or-hub-id": "give a folder, or a hub id such as Qwen/Qwen2.5-0.5B",
    "files-of-a-model": (
        "it needs config.json, the tokenizer files and *.safetensors, as save_pretrained writes them"
    ),
    "a-qwen-model": "choose a Qwen2, Qwen2.5 or Qwen3 model",
    "copy-model-again": "the copy or download of the folder is incomplete; copy or download it again",
    "layers-of-backbone": "choose 1 to {maximum} for {path}",
    "restore-backbone": ("restore that backbone, or write its path into config.yaml and model/model.json of the run"),
    "without-quantization": "set it to none; to save memory, set model.backbone.layers to use fewer layers",
    "local-copy-or-mirror": (
        "set model.backbone.path to a local copy of the model folder, set HF_ENDPOINT to a mirror, or set "
        "HF_HOME to a cache that contains the model; model/backbone=nano needs no network"
    ),
    "check-hub-id": "check the id in model.backbone.path; private models need HF_TOKEN",
    "try-again": "try again",
    "other-separator": "choose another model.separator, such as a comma",
    "backbone-with-digit-tokens": "use a Qwen2.5 or Qwen3 backbone, whose digits are single tokens",
    "shorter-profiles": "use shorter profiles or a longer context",
    "shorter-prompt": "shorten it to {maximum} characters or fewer",
    "did-you-mean": "did you mean {guess!r}?",
    "choices": "choices: {choices}",
    "did-you-mean-of": "did you mean {guess!r}? choices: {choices}",
    "see-section": "see {section}",
    "advice-and-section": "{advice}; see {section}",
    "values-of-codec": "set model.digits within 1 to 6, bulk within (0, 1], and knee below limit",
    "leave-digits-null": "leave model.digits null",
    "forms-of-split": (
        "give three fractions such as [0.7,0.1,0.2], the three rows at which the parts end such as "
        "[8640,11520,14400], the last rows of each series such as {{val: 96, test: 48}}, or the first times of "
        "validation and test such as [2018-01-01,2018-04-01], with the end of the test as a third time if it is "
        "not the end of the data"
    ),
    "write-iso-time": "write it like 2024-01-31 or '2024-01-31 18:00'; 2024-01 is a whole month, 2024 a whole year",
    "examples-of-frequencies": "for example 15min, h, D, W-MON, MS",
    "use-or-rename-holiday": (
        "set it to known or observed to use the column, or rename the column to use the holidays of a country"
    ),
    "give-country-code": "give an ISO 3166 code such as DE, CN or US-MN",
    "name-country-of-holidays": "the table has no column holiday; give a country: data.covariates={{holiday:DE}}",
    "name-columns-once": (
        "name each column once; a model always reads the past of a target, so it need not be a covariate"
    ),
    "shorter-description": "it becomes part of every prompt; write one sentence",
}
"""Code of advice to its text."""

RUN_INNER_MESSAGES = {
    "loss_is": "the training loss is {loss} at step {step}",
    "forecast_not_finite": "the model forecast a NaN or an infinite value",
    "disk_full": "the disk is full",
    "quota_used_up": "the disk quota is used up",
    "file_too_large": "the file would be too large",
    "not_permitted": "the system does not permit it",
    "permission_denied": "permission is denied",
    "read_only": "the file system is read-only",
    "disk_error": "the disk reports an error",
    "offline_mode": " (offline mode is on)",
    "its_weights": "weights",
    "its_tokenizer": "tokenizer",
}
"""Code of a text within another one to its text."""

RUN_MESSAGES = {**RUN_ERROR_MESSAGES, **RUN_ADVICE, **RUN_INNER_MESSAGES}
