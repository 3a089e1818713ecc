"""Checks that what operators see fits together: every name in rules, dashboards, runbook, compose and
pipelines exists."""

import json
import re
import sys

import yaml

import pipeline
from sources import (
    ROOT,
    alerts,
    dashboards,
    documented,
    known_metrics,
    matched_labels,
    metric_names,
    panels,
    queries,
    rule_groups,
)

PROBLEMS = []


def expect(holds, problem):
    if not holds:
        PROBLEMS.append(problem)


def read(path):
    return (ROOT / path).read_text()


def alerts_have_entries():
    names = [rule["alert"] for rule in alerts()]
    entries = re.findall(r"^## (\w+)$", read("docs/RUNBOOK.md"), re.M)
    expect(
        names == entries, f"docs/RUNBOOK.md must have the alerts in their order: {sorted(set(names) ^ set(entries))}"
    )
    expect(len(set(names)) == len(names), "two alerts have one name")
    for entry in re.split(r"^## ", read("docs/RUNBOOK.md"), flags=re.M)[1:]:
        for part in ("**Means.**", "**Look.**", "**Do.**"):
            expect(part in entry, f"runbook, {entry.split()[0]}: {part} is missing")
    for rule in alerts():
        name, notes = rule["alert"], rule.get("annotations", {})
        expect(rule.get("labels", {}).get("severity") in ("critical", "warning"), f"{name}: no severity")
        expect(notes.get("runbook") == f"docs/RUNBOOK.md#{name.lower()}", f"{name}: wrong link into the runbook")
        expect(notes.get("summary"), f"{name}: no summary")
    tested = set()
    for path in (ROOT / "prometheus/tests").glob("*.yml"):
        tested |= set(re.findall(r'\{alertname="(\w+)"\}', path.read_text()))
    expect(tested == set(names), f"alerts without a test, or tests of no alert: {sorted(set(names) ^ tested)}")
    inhibited = yaml.safe_load(read("alertmanager/alertmanager.yml"))["inhibit_rules"]
    for matcher in (m for rule in inhibited for part in ("source_matchers", "target_matchers") for m in rule[part]):
        for name in re.fullmatch(r'alertname=~?"([\w|]+)"', matcher)[1].split("|"):
            expect(name in names, f"alertmanager.yml names the unknown alert {name}")


def links_work():
    anchors = {name.lower() for name in re.findall(r"^## (.*)$", read("docs/RUNBOOK.md"), re.M)}
    for target in re.findall(r"\]\(#([\w-]+)\)", read("docs/RUNBOOK.md")):
        expect(target in anchors, f"docs/RUNBOOK.md links to #{target}, which does not exist")
    for target in re.findall(r"\]\(([\w/.-]+\.md)\)", read("docs/RUNBOOK.md")):
        expect((ROOT / "docs" / target).exists(), f"docs/RUNBOOK.md links to {target}, which does not exist")


def queries_name_what_exists():
    known, families = known_metrics(), documented()
    uses = [(f"rule {rule.get('alert') or rule['record']}", rule["expr"]) for _, _, rule in rule_groups()]
    uses += [(f"{board}, {panel}", expr) for board, panel, expr in queries("prometheus")]
    used = set()
    for place, expr in uses:
        names = metric_names(expr)
        expect(names or "vector" in expr, f"{place}: no metric was found in {expr}")
        used |= names
        for name in sorted(names - known):
            expect(False, f"{place}: there is no metric {name}")
        for name, label in matched_labels(expr):
            family = families.get(re.sub(r"_(bucket|sum|count)$", "", name)) or families.get(name)
            if family:
                expect(label in [*family[1], "le", "job", "instance"], f"{place}: {name} has no label {label}")
    outcomes = set(re.findall(r'"(\w+)"', re.search(r'"outcome": (.*?)\]', read("src/telemetry/metrics.rs"), re.S)[1]))
    for place, expr in uses:
        for value in (v for found in re.findall(r'outcome=~?"([\w|]+)"', expr) for v in found.split("|")):
            expect(value in outcomes, f"{place}: there is no outcome {value}")
    unseen = {
        name
        for name, (kind, _) in families.items()
        if not used & ({f"{name}_bucket", f"{name}_count"} if kind == "histogram" else {name})
    }
    expect(unseen <= NOT_SHOWN, f"no dashboard or rule shows {sorted(unseen - NOT_SHOWN)}")
    expect(not NOT_SHOWN - unseen, f"shown after all: {sorted(NOT_SHOWN - unseen)}")


# Metrics that need no panel: what they say is part of another.
NOT_SHOWN = {"bot_overdrawn_users", "bot_credited_usd", "bot_transcription_costs_nanousd_total"}


def panels_are_complete():
    boards = dashboards()
    uids = {board["uid"] for board in boards}
    expect(len(uids) == len(boards), "two dashboards have one uid")
    for board in boards:
        titles = [panel["title"] for panel in panels(board)]
        expect(len(set(titles)) == len(titles), f"{board['title']}: two panels have one title")
        for panel in panels(board):
            place, defaults = f"{board['title']}, {panel['title']}", panel["fieldConfig"]["defaults"]
            expect(len(panel.get("description", "")) > 20, f"{place}: no description")
            expect(defaults.get("unit"), f"{place}: no unit")
            expect(defaults.get("thresholds", {}).get("steps"), f"{place}: no thresholds")
            expect(panel.get("links"), f"{place}: no link")
            expect(panel["gridPos"]["w"] >= 4, f"{place}: too narrow to be read")
            for link in panel.get("links", []):
                uid = re.fullmatch(r"/d/([\w-]+)", link["url"])
                expect(
                    link["url"] == "/alerting/list" or (uid and uid[1] in uids), f"{place}: no dashboard {link['url']}"
                )


class Scaled(yaml.SafeLoader):
    """Reads what replaces a list of another compose file."""


Scaled.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


def services():
    compose = yaml.safe_load(read("compose.yaml"))
    all_services = compose["services"]
    images = re.findall(r"^\s+image: (?:&\w+ )?([^*\s]\S*)$", read("compose.yaml"), re.M)
    expect(len(images) == len(set(images)), "a version stands in compose.yaml twice")
    dockerfile = read("Dockerfile")
    for name, service in all_services.items():
        image = service["image"]
        pinned = re.search(r":v?\d+\.\d+", image) or image == "postgres:16-bookworm" or "build" in service
        expect(pinned, f"compose: the version of {name} is not pinned")
        expect(
            "healthcheck" in service or ("build" in service and "HEALTHCHECK" in dockerfile),
            f"compose: {name} has no health check",
        )
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        expect({"cpus", "memory", "pids"} <= set(limits), f"compose: {name} has no limits")
        expect(service.get("restart") == "unless-stopped", f"compose: {name} is not restarted")
        expect("no-new-privileges:true" in service.get("security_opt", []), f"compose: {name} may gain privileges")
        expect(
            service.get("logging", {}).get("options", {}).get("labels") == "com.docker.compose.service",
            f"compose: {name} has no label in its log",
        )
        expect(service.get("networks"), f"compose: {name} is in the default network")
        expect(
            "privileged" not in service and "docker.sock" not in json.dumps(service), f"compose: {name} owns the host"
        )
        for port in service.get("ports", []):
            expect(port.startswith("127.0.0.1:"), f"compose: {name} publishes {port} beyond the loopback")
            expect("outside" in service["networks"], f"compose: {name} cannot publish a port from an internal network")
        for needed in service.get("depends_on", {}):
            expect(needed in all_services, f"compose: {name} depends on the unknown service {needed}")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                exists = (ROOT / source).exists() or source in ("./secrets", "./backups")
                expect(exists, f"compose: {name} mounts {source}, which does not exist")
            elif not source.startswith("/"):
                expect(source in compose["volumes"], f"compose: {name} mounts the unknown volume {source}")
        for secret in service.get("secrets", []):
            expect(secret in compose["secrets"], f"compose: {name} needs the unknown secret {secret}")
        for key, value in service.get("environment", {}).items():
            secret = re.search("PASSWORD|TOKEN|SECRET|KEY", key)
            expect(not secret or str(value).startswith("/run/secrets/"), f"compose: {name} has a secret in {key}")
    for name, service in yaml.safe_load(read("compose.archive.yaml"))["services"].items():
        expect(name in all_services, f"compose.archive.yaml: there is no service {name}")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            expect(
                (ROOT / source).exists() or source == "./archive", f"compose.archive.yaml: {source} does not exist"
            )
    scaled = yaml.load(read("compose.scale.yaml"), Scaled)["services"]
    expect(set(scaled) == {"starling"}, "compose.scale.yaml changes more than the bot")
    starling, proxy = scaled["starling"], all_services["proxy"]
    expect(all(port.startswith("127.0.0.1:") for port in starling["ports"]), "compose.scale.yaml: a port is public")
    limits = {**all_services["starling"]["environment"], **starling["environment"]}
    seconds = sum(int(limits[f"SHUTDOWN_{name}_SECONDS"]) for name in ("NOTICE", "GRACE"))
    expect(int(starling["stop_grace_period"].rstrip("s")) > seconds, "compose.scale.yaml: stop_grace_period is too short")
    dealt = re.search(r"^ +server-template starling \S+ (\S+):(\d+) port (\d+) ", read("haproxy/haproxy.cfg"), re.M)
    expect(dealt and dealt[1] == "starling", "haproxy.cfg does not name the bot")
    expect(limits["WEBHOOK_ADDR"].endswith(f":{dealt[2]}"), "haproxy.cfg: the port is not that of the webhook")
    expect(limits["METRICS_ADDR"].endswith(f":{dealt[3]}"), "haproxy.cfg: /ready is at another port")
    shared = set(proxy["networks"]) & set(all_services["starling"]["networks"])
    expect(shared, "compose: the proxy cannot reach the bot")
    for name in ("data", "watch"):
        expect(compose["networks"][name].get("internal") is True, f"compose: the network {name} leads outside")
    for name in ("postgres", "redis"):
        expect(
            all_services[name]["networks"] == ["data"] and "ports" not in all_services[name],
            f"compose: {name} can be reached",
        )
    for secret, options in compose["secrets"].items():
        expect(options["file"] == f"./secrets/{secret}", f"compose: the secret {secret} has another file")
        expect(f"`{secret}`" in read("secrets/README.md"), f"secrets/README.md does not tell of {secret}")
    return all_services


def addresses_are_services(all_services):
    def reachable(who, address, where):
        host, _, port = address.removeprefix("http://").partition("/")[0].partition(":")
        if host == "localhost":
            return
        expect(host in all_services, f"{where}: there is no service {host}")
        shared = set(all_services.get(host, {}).get("networks", [])) & set(all_services[who]["networks"])
        expect(shared, f"{where}: {who} cannot reach {host}")
        expect(port.isdigit(), f"{where}: {address} has no port")

    config = yaml.safe_load(read("prometheus/prometheus.yml"))
    jobs = {scrape["job_name"] for scrape in config["scrape_configs"]}
    for scrape in config["scrape_configs"]:
        targets = [target for config in scrape.get("static_configs", []) for target in config["targets"]]
        for found in scrape.get("dns_sd_configs", []):
            targets += [f"{name}:{found['port']}" for name in found["names"]]
        expect(targets, f"prometheus.yml: {scrape['job_name']} has no targets")
        for target in targets:
            reachable("prometheus", target, "prometheus.yml")
    for target in config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]:
        reachable("prometheus", target, "prometheus.yml")
    for source in yaml.safe_load(read("grafana/provisioning/datasources/datasources.yml"))["datasources"]:
        reachable("grafana", source["url"], "datasources.yml")
    for who in ("promtail", "alloy"):
        file = "promtail/promtail.yml" if who == "promtail" else "promtail/config.alloy"
        reachable(who, re.search(r'url(?: =|:) "?(http://[^"\s]+)', read(file))[1], file)
    for _, _, rule in rule_groups():
        for job in re.findall(r'job[!=]?="(\w+)"', rule["expr"]):
            expect(job in jobs, f"{rule.get('alert')}: there is no job {job}")
    runbook = re.sub(r"\s+", " ", read("docs/RUNBOOK.md"))
    for name in re.findall(
        r"`compose (?:--profile \w+ )?(?:ps|up -d|restart|logs[-\w ]*?|exec) ([a-z][\w-]+)", runbook
    ):
        expect(name in all_services, f"docs/RUNBOOK.md names the unknown service {name}")
    commands = set(
        re.findall(r"`?starling ([a-z][a-z-]+)`?", " ".join(re.findall(r"`[^`]*exec starling [^`]*`", runbook)))
    )
    expect(commands <= {"doctor", "audit", "dead-letters", "config", "starling"}, f"docs/RUNBOOK.md names {commands}")


def pipeline_gives_labels():
    stages = pipeline.stages(yaml.safe_load(read("promtail/promtail.yml")))
    for line in read("promtail/tests/lines.jsonl").splitlines():
        case = json.loads(line)
        got = pipeline.run(stages, case["line"])
        expected = case["labels"]
        expect((got and got[0]) == expected, f"promtail: {case['line'][:120]} got {got and got[0]}, not {expected}")
        if got:
            expect(got[1], f"promtail: no time in {case['line'][:120]}")
    alloy = read("promtail/config.alloy")
    for wanted in re.findall(r"expression: '(.*)'|template: '(.*)'", read("promtail/promtail.yml")):
        expect(f"`{''.join(wanted)}`" in alloy, f"config.alloy lacks {''.join(wanted)[:60]}")
    order = [
        word.replace("labeldrop", "label_drop")
        for word in re.findall(
            r"- (json|labels|labeldrop|timestamp|output|match|regex|template)\b", read("promtail/promtail.yml")
        )
    ]
    expect(order == re.findall(r"stage\.(\w+) \{", alloy), "promtail.yml and config.alloy have other stages")


def logql_of_panels():
    """Prints the LogQL expressions for the check by Grafana's grammar."""
    print(json.dumps([{"place": f"{board}, {panel}", "expr": expr} for board, panel, expr in queries("loki")]))


def promql_of_panels():
    """Prints a rule file with the expressions of all panels, so that promtool parses them."""
    rules = [{"record": f"panel:{number}", "expr": expr} for number, (_, _, expr) in enumerate(queries("prometheus"))]
    print(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))


def main():
    if sys.argv[1:] == ["--logql"]:
        return logql_of_panels()
    if sys.argv[1:] == ["--promql"]:
        return promql_of_panels()
    alerts_have_entries()
    links_work()
    queries_name_what_exists()
    panels_are_complete()
    addresses_are_services(services())
    pipeline_gives_labels()
    for problem in PROBLEMS:
        print(f"FAIL {problem}")
    if PROBLEMS:
        sys.exit(1)
    count = sum(1 for board in dashboards() for _ in panels(board))
    print(
        f"{len(alerts())} alerts, {len(dashboards())} dashboards with {count} panels, "
        f"{len(list(queries('prometheus')))} PromQL and {len(list(queries('loki')))} LogQL queries: all names exist"
    )


main()
