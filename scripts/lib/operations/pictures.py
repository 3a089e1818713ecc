"""Draws every dashboard with its data from Prometheus into a picture, roughly as Grafana lays it out."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from sources import dashboards, fill, panels  # noqa: E402

# The series that a legend names; more would cover the panel below.
NAMED = 10
COLORS = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2"}


def shown(value, unit, decimals=None):
    number = f"{value:.4g}" if decimals is None else f"{value:,.{decimals}f}"
    if unit == "percentunit":
        return f"{value * 100:.2f} %"
    if unit == "currencyUSD":
        return f"${number}"
    if unit == "bytes":
        return f"{value / 2**20:.1f} MiB"
    return f"{number}{' s' if unit == 's' else ''}"


def color(value, steps):
    chosen = steps[0]["color"]
    for step in steps[1:]:
        if value >= step["value"]:
            chosen = step["color"]
    return COLORS[chosen]


def name(metric, legend):
    for key, value in metric.items():
        legend = legend.replace("{{" + key + "}}", value)
    return legend or ", ".join(value for key, value in metric.items() if not key.startswith("__"))


def draw(world, seconds):
    for board in dashboards():
        found = [panel for panel in panels(board) if panel["targets"][0]["datasource"]["uid"] == "prometheus"]
        if not found:
            continue
        height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in found)
        figure = plt.figure(figsize=(20, height * 0.36))
        for panel in found:
            place = panel["gridPos"]
            margin = 0.12 if panel["type"] != "bargauge" else 0.3
            box = [
                (place["x"] + place["w"] * margin * 0.7) / 24,
                1 - (place["y"] + place["h"] * 0.86) / height,
                place["w"] * (0.93 - margin * 0.7) / 24,
                place["h"] * 0.66 / height,
            ]
            axes = figure.add_axes(box)
            axes.set_title(panel["title"], fontsize=9, loc="left")
            axes.tick_params(labelsize=7)
            draw_panel(world, axes, panel, seconds)
        path = world.home / f"{board['uid']}.png"
        figure.savefig(path, dpi=70)
        plt.close(figure)
        print(f"  picture {path}")


def draw_panel(world, axes, panel, seconds):
    defaults = panel["fieldConfig"]["defaults"]
    unit, decimals, steps = defaults["unit"], defaults.get("decimals"), defaults["thresholds"]["steps"]
    if panel["type"] in ("stat", "bargauge"):
        values = [
            (name(series["metric"], target.get("legendFormat", "")), float(series["value"][1]))
            for target in panel["targets"]
            for series in world.query(fill(target["expr"], **{"$__range": f"{seconds}s"}))
        ]
        if panel["type"] == "stat":
            axes.axis("off")
            value = values[0][1] if values else float("nan")
            text = panel["targets"][0]["expr"] and (shown(value, unit, decimals) if values else "no data")
            for mapping in defaults.get("mappings", []):
                text = mapping["options"].get(str(int(value)), {}).get("text", text) if values else text
            if unit == "none" and values and values[0][0]:
                text = values[0][0] if not defaults.get("mappings") else text
            axes.text(
                0.5,
                0.45,
                text,
                ha="center",
                va="center",
                fontsize=15,
                transform=axes.transAxes,
                bbox={"facecolor": color(value, steps), "pad": 10, "edgecolor": "none"},
            )
        else:
            axes.barh(
                [label for label, _ in values],
                [value for _, value in values],
                color=[color(value, steps) for _, value in values],
            )
            for place, (_, value) in enumerate(values):
                axes.text(0, place, " " + shown(value, unit, decimals), va="center", fontsize=7)
        return
    for target in panel["targets"]:
        for series in world.history(fill(target["expr"]), seconds):
            points = [(float(time), float(value)) for time, value in series["values"]]
            start = points[-1][0]
            axes.plot(
                [time - start for time, _ in points],
                [value for _, value in points],
                lw=1.2,
                label=name(series["metric"], target.get("legendFormat", "")),
            )
    axes.set_ylabel(unit, fontsize=7)
    axes.set_ylim(bottom=0)
    lines, labels = axes.get_legend_handles_labels()
    if labels:
        rest = f"and {len(labels) - NAMED} more" if len(labels) > NAMED else None
        legend = axes.legend(lines[:NAMED], labels[:NAMED], fontsize=6, loc="upper left")
        legend.set_title(rest, prop={"size": 6})
