"""What the checks and scripts/observe read: rules, dashboards and their queries, and the metrics that exist."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]

# Words of PromQL that are no metrics.
KEYWORDS = set("by without on ignoring group_left group_right and or unless bool offset inf nan".split())
# Variables of Grafana, with a value for a check.
VARIABLES = {
    "$__rate_interval": "1m",
    "$__range": "1h",
    "$__auto": "1m",
    "$__interval": "1m",
    "$service": ".+",
    "$level": ".*",
    "$text": "",
    "$kind": "turn",
    "${id}": "1",
}


def rule_groups():
    """Yields (file, group, rule)."""
    for path in sorted((ROOT / "prometheus/rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield path.name, group["name"], rule


def alerts():
    return [rule for _, _, rule in rule_groups() if "alert" in rule]


def dashboards():
    return [json.loads(path.read_text()) for path in sorted((ROOT / "grafana/dashboards").glob("*.json"))]


def panels(board):
    """All panels of a dashboard, without rows."""
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def fill(expr, **values):
    """Replaces Grafana's variables."""
    for name, value in {**VARIABLES, **values}.items():
        expr = expr.replace(name, value)
    return expr


def queries(datasource):
    """Yields (dashboard, panel, expression) of the queries of a data source, with variables filled in."""
    for board in dashboards():
        for panel in panels(board):
            for target in panel.get("targets", []):
                if target["datasource"]["uid"] == datasource:
                    yield board["title"], panel["title"], fill(target["expr"])


def metric_names(expr):
    """The metrics of a PromQL expression."""
    expr = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expr)
    expr = re.sub(r"\{[^}]*\}", "", expr)
    expr = re.sub(r"\[[^\]]*\]|\boffset \w+", "", expr)
    expr = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", expr)
    names = re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w)(?!\s*\()", expr)
    return {name for name in names if name.lower() not in KEYWORDS and not re.fullmatch(r"\d.*|e\d+", name)}


def documented():
    """Metrics of the bot: name -> (type, labels), from docs/METRICS.md."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", (ROOT / "docs/METRICS.md").read_text(), re.M)
    return {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}


def known_metrics():
    """All names that a query may use."""
    names = {rule["record"] for _, _, rule in rule_groups() if "record" in rule} | {"up", "ALERTS"}
    for name, (kind, _) in documented().items():
        names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    lines = (ROOT / "prometheus/foreign-metrics.txt").read_text().splitlines()
    return names | {line.split()[0] for line in lines if line and not line.startswith("#")}


def matched_labels(expr):
    """Yields (metric, label) of the matchers of a PromQL expression."""
    for name, inside in re.findall(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}", expr):
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"(?:[^"\\]|\\.)*"', "", inside)):
            yield name, label
