"""An hour of a healthy bot in compressed time: every series that the rules read goes on for an hour as it went in the
last minute, and promtool evaluates the rules over that hour. No alert may fire."""

import json
import subprocess
import time

import yaml

from sources import ROOT, metric_names, rule_groups

MINUTES = 75
GROWS = ("_total", "_bucket", "_count", "_sum")
IS_A_TIME = ("timestamp_seconds", "start_time_seconds")


def names():
    """The metrics that rules read and that no rule records."""
    rules = [rule for _, _, rule in rule_groups()]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    return sorted({name for rule in rules for name in metric_names(rule["expr"])} - recorded - {"ALERTS"})


def course(name, values, now):
    """The course of a series in promtool's notation, in steps of a minute."""
    first, last = float(values[0][1]), float(values[-1][1])
    passed = max(values[-1][0] - values[0][0], 1)
    a_minute = (last - first) / passed * 60
    if any(part in name for part in IS_A_TIME):
        # promtool's clock begins at 0. A time that is renewed keeps pace with it, however the few samples fall.
        last, a_minute = last - now, 60 if last > first else 0
    elif not name.endswith(GROWS):
        a_minute = 0
    return f"{last:.9f}{max(a_minute, 0):+.9f}x{MINUTES}"


def series(world):
    now = time.time()
    for name in names():
        for found in world.history(name, 60, 15):
            labels = ",".join(f"{key}={json.dumps(value)}" for key, value in found["metric"].items() if key != "__name__")
            yield {"series": f"{name}{{{labels}}}", "values": course(name, found["values"], now)}


def check(world, ignored):
    """Returns what promtool finds wrong; empty if nothing fires within the hour."""
    quiet = [
        {"expr": f'ALERTS{{alertstate="firing",alertname!~"{"|".join(sorted(ignored))}"}}', "eval_time": f"{minute}m",
         "exp_samples": []}
        for minute in range(5, 61, 5)
    ]
    given = list(series(world))
    tests = [{"name": "a healthy hour", "interval": "1m", "input_series": given, "promql_expr_test": quiet}]
    path = world.home / "hour.yml"
    rules = [str(ROOT / "prometheus/rules" / name) for name in ("alerts.yml", "levels.yml")]
    path.write_text(yaml.safe_dump({"rule_files": rules, "evaluation_interval": "1m", "tests": tests}))
    run = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True)
    print(f"a healthy hour: {len(given)} series, {len(quiet)} moments", flush=True)
    return "" if run.returncode == 0 else run.stdout + run.stderr
