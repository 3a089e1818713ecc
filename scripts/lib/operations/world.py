"""The world of scripts/observe: the playground with the bot, Prometheus, Alertmanager and exporters, as child
processes, and what people do in it."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from sources import ROOT

ANN, OLGA = 1001, 1002
TOKEN = "123456:TEST-TOKEN"
# Debian names the programs after their packages; elsewhere they have the names of their projects.
PROGRAMS = {
    "prometheus": ["prometheus"],
    "alertmanager": ["prometheus-alertmanager", "alertmanager"],
    "postgres": ["prometheus-postgres-exporter", "postgres_exporter"],
    "redis": ["prometheus-redis-exporter", "redis_exporter"],
    "host": ["prometheus-node-exporter", "node_exporter"],
}


def find(name):
    for program in PROGRAMS[name]:
        for directory in os.environ["PATH"].split(":"):
            if os.access(f"{directory}/{program}", os.X_OK):
                return f"{directory}/{program}"
    return None


def free_ports(count):
    """Ports below the range from which the kernel picks outgoing ones, so that no connection takes one meanwhile."""
    free = []
    while len(free) < count:
        port = random.randrange(12000, 32000)
        with socket.socket() as sock:
            if port not in free and sock.connect_ex(("127.0.0.1", port)) != 0:
                free.append(port)
    return free


def until(what, holds, seconds=60, every=0.5):
    """Polls; returns the first true result."""
    end = time.monotonic() + seconds
    while True:
        try:
            result = holds()
        except (OSError, urllib.error.URLError, ValueError):
            result = None
        if result:
            return result
        if time.monotonic() > end:
            raise SystemExit(f"FAIL {what}: not within {seconds} s")
        time.sleep(every)


def request(url, body=None, kind="application/json"):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    call = urllib.request.Request(url, data=data, headers={"Content-Type": kind} if data else {})
    with urllib.request.urlopen(call, timeout=60) as answer:
        return answer.read()


class World:
    """Every child ends with this process."""

    def __init__(self, playground, starling, home):
        self.playground, self.starling, self.home = playground, starling, Path(home)
        self.children = {}
        names = ["page", "prometheus", "alertmanager", "postgres", "redis", "host"]
        self.ports = dict(zip(names, free_ports(len(names))))

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    def spawn(self, name, command, env=None):
        log = open(self.home / f"{name}.log", "ab")
        child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        self.children[name] = child
        return child

    def stop(self, name, limit=80):
        child = self.children.pop(name)
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(limit)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def end(self):
        for name in list(self.children):
            self.stop(name)

    def start_bot(self):
        """Starts the playground and tells Prometheus where the bot is. The bot takes another port at each start."""
        place = self.home / "playground"
        place.mkdir(exist_ok=True)
        (place / "starling.log").unlink(missing_ok=True)
        env = {"STARTER_BALANCE_USD": "5", "LOG_FORMAT": "json", "OVERDRAFT_LIMIT_USD": "5"}
        self.spawn(
            "page",
            [self.playground, "run", "--starling", self.starling, "--home", place, "--port", self.ports["page"]],
            env,
        )
        until("the bot is ready", lambda: b"Open http" in (self.home / "page.log").read_bytes(), 90)
        log = (place / "starling.log").read_text()
        found = re.search(
            r'"address":"([\d.:]+)"[^\n]*operators\' port|operators\' port is open[^\n]*"address":"([\d.:]+)"', log
        )
        self.operators = found[1] or found[2]
        (self.home / "page.log").write_bytes(b"")
        targets = [{"targets": [self.operators], "labels": {"job": "starling"}}]
        (self.home / "starling.json.new").write_text(json.dumps(targets))
        (self.home / "starling.json.new").rename(self.home / "starling.json")

    def start_watching(self):
        """Starts exporters, Alertmanager and Prometheus with the committed rules."""
        database, redis = os.environ["DATABASE_URL"], urllib.parse.urlparse(os.environ["REDIS_URL"])
        listen = lambda name: f"--web.listen-address=127.0.0.1:{self.ports[name]}"
        missing = [name for name in PROGRAMS if not find(name)]
        if missing:
            raise SystemExit(
                f"not installed: {', '.join(missing)} (apt-get install prometheus prometheus-alertmanager "
                "prometheus-postgres-exporter prometheus-redis-exporter prometheus-node-exporter)"
            )
        self.spawn(
            "postgres", [find("postgres"), listen("postgres")], {"DATA_SOURCE_NAME": f"{database}?sslmode=disable"}
        )
        self.spawn(
            "redis",
            [find("redis"), listen("redis")],
            {
                "REDIS_ADDR": f"redis://{redis.hostname}:{redis.port}",
                "REDIS_USER": redis.username or "",
                "REDIS_PASSWORD": redis.password or "",
            },
        )
        self.spawn("host", [find("host"), listen("host")])
        self.start_alertmanager(listen)
        jobs = "".join(
            f"  - {{job_name: {name}, static_configs: [{{targets: ['127.0.0.1:{self.ports[name]}']}}]}}\n"
            for name in ("postgres", "redis", "host", "prometheus", "alertmanager")
        )
        config, alertmanager = self.home / "prometheus.yml", f"127.0.0.1:{self.ports['alertmanager']}"
        config.write_text(
            "global: {scrape_interval: 5s, scrape_timeout: 4s, evaluation_interval: 15s}\n"
            f"rule_files: [{ROOT}/prometheus/rules/*.yml]\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\n"
            "scrape_configs:\n"
            f"  - {{job_name: starling, file_sd_configs: [{{files: ['{self.home}/starling.json']}}]}}\n" + jobs
        )
        self.spawn(
            "prometheus",
            [
                find("prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={self.home}/tsdb",
                listen("prometheus"),
            ],
        )
        for name in ("prometheus", "alertmanager"):
            until(f"{name} is ready", lambda name=name: request(self.url(name) + "/-/ready"), 60)

    def start_alertmanager(self, listen):
        secrets = self.home / "secrets"
        secrets.mkdir(exist_ok=True)
        (secrets / "telegram_bot_token").write_text(TOKEN + "\n")
        (secrets / "privileged_users").write_text(f"{ANN} # Ann is told\n")
        env = {
            "SECRETS_DIR": str(secrets),
            "ALERTMANAGER_CONFIG": str(self.home / "alertmanager.yml"),
            "TELEGRAM_API_URL": self.url("page"),
            "ALERTMANAGER": str(self.home / "run-alertmanager"),
            "ALERTMANAGER_DATA": str(self.home / "alertmanager-data"),
        }
        # The template has another place here than in the image.
        runner = self.home / "run-alertmanager"
        runner.write_text(
            f"#!/bin/sh\nsed -i 's#/etc/alertmanager/#{ROOT}/alertmanager/#' {self.home}/alertmanager.yml\n"
            f'exec {find("alertmanager")} "$@"\n'
        )
        runner.chmod(0o755)
        self.spawn("alertmanager", ["sh", ROOT / "alertmanager/start", listen("alertmanager")], env)

    # ---- what Prometheus knows --------------------------------------------------------------------------

    def query(self, expr):
        """The series of an expression now."""
        asked = urllib.parse.urlencode({"query": expr}).encode()
        answer = json.loads(
            request(self.url("prometheus") + "/api/v1/query", asked, "application/x-www-form-urlencoded")
        )
        return answer["data"]["result"] if answer["data"]["resultType"] == "vector" else [answer["data"]["result"]]

    def history(self, expr, seconds, step=5):
        now = time.time()
        asked = urllib.parse.urlencode({"query": expr, "start": now - seconds, "end": now, "step": step}).encode()
        url = self.url("prometheus") + "/api/v1/query_range"
        return json.loads(request(url, asked, "application/x-www-form-urlencoded"))["data"]["result"]

    def firing(self):
        return {series["metric"]["alertname"] for series in self.query('ALERTS{alertstate="firing"}')}

    def names(self):
        return set(json.loads(request(self.url("prometheus") + "/api/v1/label/__name__/values"))["data"])

    # ---- what people do ---------------------------------------------------------------------------------

    def act(self, what, **body):
        return json.loads(request(f"{self.url('page')}/play/{what}", body) or b"null")

    def say(self, person, text, chat=None):
        return self.act("say", chat=chat or person, **{"from": person}, text=text)

    def messages(self, chat):
        state = json.loads(request(self.url("page") + "/play/state"))
        return [message for found in state["chats"] if found["id"] == chat for message in found.get("messages", [])]

    def send_file(self, person, kind, name, mime, data, caption):
        edge = "----starling"
        fields = {"chat": person, "from": person, "kind": kind, "caption": caption}
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        head += f"Content-Type: {mime}\r\n\r\n"
        body = b"".join(parts) + head.encode() + data + f"\r\n--{edge}--\r\n".encode()
        return request(self.url("page") + "/play/file", body, f"multipart/form-data; boundary={edge}")

    def buy(self, person, stars):
        self.act("stars", user=person, stars=5000)
        before = {message["id"] for message in self.messages(person)}
        self.say(person, "/pay")
        new = lambda: [message for message in self.messages(person) if message["id"] not in before]
        offer = until(
            "packages are offered", lambda: [m for m in new() if f"buy:{stars}" in json.dumps(m["buttons"])], 30
        )[-1]
        self.act("press", chat=person, **{"from": person}, message_id=offer["id"], data=f"buy:{stars}")
        invoice = until("an invoice is sent", lambda: [m for m in new() if m["invoice"]], 30)[-1]
        return self.act("pay", chat=person, **{"from": person}, message_id=invoice["id"])

    def bot_name(self):
        return json.loads(request(self.url("page") + "/play/state"))["people"]["bot"]["username"]

    def groups(self):
        state = json.loads(request(self.url("page") + "/play/state"))
        return [chat["id"] for chat in state["chats"] if chat.get("private") is False]
