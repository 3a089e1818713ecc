"""Runs every query of every panel, rule and alert against a real Prometheus that reads the bot under load; then injects
faults and waits for exactly the alerts that should fire. See scripts/observe --help."""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import yaml

import hour
import pipeline
from sources import ROOT, fill, known_metrics, metric_names, queries, rule_groups
from world import ANN, OLGA, World, until

PEOPLE = range(5001, 5021)
QUESTIONS = [
    "hello",
    "Tell me a story",
    "show me code",
    "Think about birds",
    "show me markdown",
    "use a tool",
    "search the web for starlings",
    "read the page https://example.com",
    "draw a formula",
    "run python",
    "draw me a starling",
    "long answer",
    "!429 hello",
    "what do you remember",
]
FAILED = []


def fail(text):
    FAILED.append(text)
    print(f"FAIL {text}", flush=True)


class Load(threading.Thread):
    """People who write all the time, a few messages a second."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.running, self.number = world, threading.Event(), 0
        self.running.set()

    def run(self):
        for person in PEOPLE:
            self.world.act("user", id=person, first_name=f"Person {person}")
        groups, bot = self.world.groups(), self.world.bot_name()
        self.world.act("group", id=-1009999, title="Birds", forum=True, members=[ANN])
        while True:
            self.running.wait()
            self.number += 1
            person = PEOPLE[self.number % len(PEOPLE)]
            try:
                self.world.say(person, QUESTIONS[self.number % len(QUESTIONS)])
                if self.number % 10 == 0:
                    self.world.say(OLGA, "/start", chat=OLGA)
                if self.number % 15 == 0 and groups:
                    self.world.say(ANN, f"@{bot} hello", chat=groups[0])
                if self.number % 30 == 0:
                    self.world.act("topic", chat=-1009999, **{"from": ANN}, name=f"Topic {self.number}")
                if self.number % 20 == 0:
                    self.world.act("voice", chat=person, **{"from": person}, seconds=7)
                if self.number % 25 == 0:
                    self.world.send_file(
                        person, "document", "notes.txt", "text/plain", b"Starlings murmurate.\n" * 20, "What is it?"
                    )
            except OSError:
                pass  # The bot is being restarted.
            time.sleep(0.5)


def look_at_everything(world):
    """Runs every query, prints what each gives, and fails on queries without data that is not excused."""
    excused = yaml.safe_load((ROOT / "scripts/lib/operations/may_be_empty.yml").read_text())
    seen, counts = set(), {"with data": 0, "empty": 0}
    asked = [(f"{board}, {panel}", expr) for board, panel, expr in queries("prometheus")]
    asked = [(place, fill(expr)) for place, expr in asked]
    asked += [(f"rule {rule.get('alert') or rule['record']}", rule["expr"]) for _, _, rule in rule_groups()]
    for place, expr in asked:
        expr = expr.replace("[1h]", "[10m]") if not place.startswith("rule") else expr
        try:
            found = world.query(expr)
        except OSError as error:
            fail(f"{place}: {error}: {expr}")
            continue
        if any(series["value"][1] != "NaN" for series in found):
            counts["with data"] += 1
            print(f"  ok    {place}: {len(found)} series", flush=True)
            continue
        counts["empty"] += 1
        quiet = place.startswith("rule ") and all(world.query(name) for name in real(expr, world))
        if quiet:
            print(f"  quiet {place}: its metrics have data, nothing is wrong", flush=True)
        elif place in excused:
            seen.add(place)
            print(f"  empty {place}: {excused[place]}", flush=True)
        else:
            fail(f"{place} is empty: {expr}")
    for place in set(excused) - seen:
        fail(f"may_be_empty.yml excuses {place}, which has data or does not exist")
    print(f"{len(asked)} PromQL expressions: {counts}")


def real(expr, world):
    return [name for name in metric_names(expr) if name != "ALERTS"]


def foreign_metrics_exist(world):
    """Compares prometheus/foreign-metrics.txt with what the programs really tell."""
    there = world.names()
    for line in (ROOT / "prometheus/foreign-metrics.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, origin = line.split()
            if origin != "scripts/backup" and name not in there:
                fail(f"{origin} does not tell {name}")
    unknown = {name for name in there if name.startswith("bot_")} - known_metrics()
    if unknown:
        fail(f"docs/METRICS.md lacks {sorted(unknown)}")


def log_lines_get_labels(world):
    """Runs Promtail's pipeline on every line that the bot has really written."""
    stages = pipeline.stages(yaml.safe_load((ROOT / "promtail/promtail.yml").read_text()))
    levels = {}
    for line in (world.home / "playground/starling.log").read_text().splitlines():
        written = {
            "log": line + "\n",
            "stream": "stderr",
            "time": "2026-01-01T00:00:00.5Z",
            "attrs": {"com.docker.compose.service": "starling"},
        }
        labels, at, text = pipeline.run(stages, json.dumps(written))
        parsed = json.loads(line)
        expected = {"service": "starling", "level": parsed["level"].lower()}
        if labels != expected or at != parsed["timestamp"] or text.rstrip("\n") != line:
            fail(f"promtail makes {labels} of {line[:200]}")
        levels[labels["level"]] = levels.get(labels["level"], 0) + 1
    print(f"lines of the bot by label: {levels}")


# ---- faults -------------------------------------------------------------------------------------------


def sql(statement):
    return subprocess.run(
        ["psql", "-qAtX", os.environ["DATABASE_URL"], "-c", statement], check=True, capture_output=True, text=True
    ).stdout


class Fault:
    """A fault, the alerts that it must fire within `limit` seconds, and those that it may fire beside them."""

    def __init__(self, name, must, may=(), limit=240):
        self.name, self.must, self.may, self.limit = name, set(must), set(may), limit


def expect_alerts(world, fault, keep=lambda: None):
    """Waits for the alerts of a fault; `keep` renews it."""
    began, seen, renewed = time.monotonic(), set(), 0.0
    while time.monotonic() - began < fault.limit and not fault.must <= seen:
        if time.monotonic() - renewed > 5:
            keep()
            renewed = time.monotonic()
        now = world.firing()
        for name in now - seen:
            print(f"  {fault.name}: {name} fires after {time.monotonic() - began:.0f} s", flush=True)
        seen |= now
        time.sleep(1)
    if fault.must - seen:
        fail(f"{fault.name}: {sorted(fault.must - seen)} did not fire within {fault.limit} s")
    more = seen - fault.must - fault.may - MACHINE
    if more:
        fail(f"{fault.name}: {sorted(more)} fired, too")


LEVELS = {"LevelBurnsFast", "LevelBurnsSlowly"}
# What the machine of this run decides, not the bot: a disk that others fill, processors that others keep busy.
MACHINE = {"DiskRunsOut", "DiskFills", "RedisAway"}


def calm(world, lasting=()):
    """Waits until no alert fires any more, apart from those that look back for long."""
    until("the alerts end", lambda: not world.firing() - LEVELS - MACHINE - set(lasting), 900, 2)


def faults(world, load, chosen):
    lasting = set(LEVELS)
    if "redis" in chosen:
        pid = int(Path(os.environ["REDIS_PID_FILE"]).read_text().split()[0])
        os.kill(pid, 19)
        expect_alerts(world, Fault("Redis hangs", ["RedisAway"], LEVELS | {"TargetDown"}))
        os.kill(pid, 18)
        calm(world)
    if "postgres" in chosen:
        lock = subprocess.Popen(
            [
                "psql",
                "-qAtX",
                os.environ["DATABASE_URL"],
                "-c",
                "BEGIN; LOCK TABLE dead_letters, users; SELECT pg_sleep(420)",
            ],
            stderr=subprocess.DEVNULL,
        )
        expect_alerts(
            world,
            Fault(
                "PostgreSQL hangs",
                ["StateUnknown", "DatabaseRetries"],
                lasting | {"InboxStuck", "BotNotReady", "ToolFails"},
                330,
            ),
        )
        sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE '%pg_sleep(420)%' AND pid <> pg_backend_pid()"
        )
        lock.wait()
        calm(world)
    if "model" in chosen:
        load.running.clear()
        ask = lambda: [world.say(person, "!529 hello") for person in PEOPLE]
        expect_alerts(world, Fault("the model is overloaded", ["ModelFails"], lasting), ask)
        load.running.set()
        calm(world)
    if "telegram" in chosen:
        plan = lambda: world.act("fault", method="sendMessageDraft", fault="flood", times=3, seconds=1)
        expect_alerts(world, Fault("Telegram answers 429", ["TelegramLimitsUs"], lasting), plan)
        lasting.add("TelegramLimitsUs")
        calm(world, lasting)
    if "outbox" in chosen:
        plan = lambda: world.act("fault", method="sendMessage", fault="drop", times=60)
        expect_alerts(
            world,
            Fault(
                "no message can be sent",
                ["OutboxStuck"],
                lasting | {"TelegramFails", "TelegramLimitsUs"},
                480,
            ),
            plan,
        )
    if "books" in chosen:
        sql(
            "SET session_replication_role = replica; "
            "UPDATE users SET balance = balance + 1 WHERE id = (SELECT min(id) FROM users)"
        )
        world.stop("page")
        expect_alerts(
            world, Fault("the bot is down", ["BotDown"], lasting | {"OutboxStuck", "TelegramFails", "TelegramLimitsUs"})
        )
        world.start_bot()
        expect_alerts(
            world,
            Fault(
                "somebody changed a balance",
                ["BooksWrong"],
                lasting | {"BotDown", "OutboxStuck", "TelegramFails", "TelegramLimitsUs", "InboxStuck"},
            ),
        )
        told = lambda: [m["text"] for m in world.messages(ANN) if m["from_bot"] and "BooksWrong" in (m["text"] or "")]
        text = until("Ann is told in Telegram", told, 120)[0]
        print("  Alertmanager told Ann:\n    " + text.replace("\n", "\n    "))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--playground", required=True)
    options.add_argument("--starling", required=True)
    options.add_argument("--home", required=True)
    options.add_argument("--seconds", type=int, default=150)
    options.add_argument("--faults", default="redis,postgres,model,telegram,outbox,books")
    options.add_argument("--pictures", action="store_true")
    options = options.parse_args()
    world = World(options.playground, options.starling, options.home)
    try:
        world.start_bot()
        world.start_watching()
        load = Load(world)
        load.start()
        print(f"load for {options.seconds} s", flush=True)
        until("people have written", lambda: load.number > 5, 60)
        end = time.monotonic() + options.seconds
        for number in range(100):
            if time.monotonic() > end:
                break
            payer = 6001 + number
            world.act("user", id=payer, first_name=f"Payer {number}")
            receipt = world.buy(payer, 100)
            if number % 3 == 0:
                world.say(payer, f"/refund {receipt['charge_id']}")
            time.sleep(6)
        if world.firing() - MACHINE:
            fail(f"a healthy bot fires {sorted(world.firing())}")
        wrong = hour.check(world, MACHINE)
        if wrong:
            fail(f"in a healthy hour an alert fires:\n{wrong}")
        look_at_everything(world)
        foreign_metrics_exist(world)
        log_lines_get_labels(world)
        if options.pictures:
            import pictures

            pictures.draw(world, options.seconds + 30)
        chosen = [name for name in options.faults.split(",") if name]
        if chosen:
            faults(world, load, chosen)
    finally:
        world.end()
    if FAILED:
        sys.exit(f"{len(FAILED)} failures:\n" + "\n".join(FAILED))
    print("everything has data, and the alerts that should fire did")


main()
