"""Runs the pipeline stages of promtail/promtail.yml on lines, as far as that file uses them. Stages and functions that
are not known here fail loudly instead of passing."""

import json
import re

import jmespath

TO_LOWER = re.compile(r'\(eq \(ToLower \.Value\) "(\w+)"\)')


class Dropped(Exception):
    """A line that Promtail does not send."""


def stages(config):
    [scrape] = config["scrape_configs"]
    return scrape["pipeline_stages"]


def run(pipeline, line):
    """Returns (labels, time, line) of a line, or None if it is dropped."""
    entry = {"line": line, "labels": {"job": "containers", "filename": "x"}, "time": None, "found": {}}
    try:
        _apply(pipeline, entry)
    except Dropped:
        return None
    return entry["labels"], entry["time"], entry["line"]


def _apply(pipeline, entry):
    for stage in pipeline:
        [(name, options)] = stage.items()
        STAGES[name](options, entry)


def _json(options, entry):
    try:
        value = json.loads(entry["line"])
    except ValueError:
        return
    for name, path in options["expressions"].items():
        found = jmespath.search(path, value)
        if found is not None:
            entry["found"][name] = found if isinstance(found, str) else json.dumps(found)


def _regex(options, entry):
    found = re.search(options["expression"], entry["line"])
    if found:
        entry["found"].update({name: text for name, text in found.groupdict().items() if text is not None})


def _labels(options, entry):
    for name, source in options.items():
        if source or name in entry["found"]:
            entry["labels"][name] = entry["found"][source or name]


def _labeldrop(options, entry):
    for name in options:
        entry["labels"].pop(name, None)


def _timestamp(options, entry):
    assert options["format"] == "RFC3339Nano", options
    value = entry["found"].get(options["source"], "")
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value):
        entry["time"] = value


def _output(options, entry):
    entry["line"] = entry["found"].get(options["source"], entry["line"])


def _match(options, entry):
    matcher = r'(\w+)(=|!=)"([^"]*)"'
    assert re.fullmatch(rf"\{{{matcher}(, {matcher})*\}}", options["selector"]), options
    for label, operator, value in re.findall(matcher, options["selector"]):
        if (entry["labels"].get(label, "") == value) != (operator == "="):
            return
    if options.get("action") == "drop":
        raise Dropped
    _apply(options["stages"], entry)


def _template(options, entry):
    """Chains of `if not .Value`, `else if or (eq (ToLower .Value) "x") ...` and `else`, each with a plain text."""
    value = entry["found"].get(options["source"], "")
    parts = re.findall(r"\{\{ (.*?) \}\}([^{]*)", options["template"])
    assert parts[0][0] == "if not .Value" and parts[-1] == ("end", ""), options
    for condition, text in parts:
        if condition == "if not .Value":
            holds = not value
        elif condition == "else":
            holds = True
        else:
            words = TO_LOWER.findall(condition)
            assert condition == "else if or " + " ".join(f'(eq (ToLower .Value) "{w}")' for w in words), condition
            holds = value.lower() in words
        if holds:
            entry["found"][options["source"]] = text
            return
    raise AssertionError("the template has no else")


STAGES = {
    "json": _json,
    "regex": _regex,
    "labels": _labels,
    "labeldrop": _labeldrop,
    "timestamp": _timestamp,
    "output": _output,
    "match": _match,
    "template": _template,
}
