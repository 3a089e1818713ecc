"""Building blocks of the dashboards: panels with a unit, thresholds, a link and a description, which none may lack."""

from grafana_foundation_sdk.builders import bargauge, common, dashboard, logs, loki, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models

PROMETHEUS = models.DataSourceRef(type_val="prometheus", uid="prometheus")
LOKI = models.DataSourceRef(type_val="loki", uid="loki")
RED, AMBER, GREEN, BLUE = "red", "orange", "green", "blue"


def lower_is_better(amber, red):
    """Thresholds: green below `amber`, red from `red` on."""
    return [(None, GREEN), (amber, AMBER), (red, RED)]


def higher_is_better(amber, green):
    """Thresholds: red below `amber`, green from `green` on."""
    return [(None, RED), (amber, AMBER), (green, GREEN)]


# Figures that are neither good nor bad.
NEUTRAL = [(None, BLUE)]


def _thresholds(steps):
    steps = [models.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _link(link):
    title, url = link
    return dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).keep_time(True)


def to(dashboard_name, title=None):
    """A link to another dashboard of this folder, with the same time range."""
    return (title or dashboard_name.capitalize(), f"/d/starling-{dashboard_name}")


def _finish(panel, title, description, unit, thresholds, link, width, height):
    panel.title(title).description(description).unit(unit).thresholds(_thresholds(thresholds))
    return panel.links([_link(link)]).span(width).height(height)


def _query(number, expr, legend, instant):
    query = prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(chr(ord("A") + number))
    query = query.datasource(PROMETHEUS)
    return query.instant() if instant else query.range()


def number(title, description, expr, unit, thresholds, link, width=4, mappings=None, decimals=None):
    """One figure of now (or of the range), colored by its thresholds."""
    panel = stat.Panel().datasource(PROMETHEUS).with_target(_query(0, expr, "", instant=True))
    panel.graph_mode(kinds.BigValueGraphMode.NONE).color_mode(kinds.BigValueColorMode.BACKGROUND_SOLID)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if mappings:
        options = {str(value): models.ValueMappingResult(text=text) for value, text in mappings.items()}
        panel.mappings([models.ValueMap(options=options)])
    if decimals is not None:
        panel.decimals(decimals)
    return _finish(panel, title, description, unit, thresholds, link, width, 4)


def bars(title, description, queries, unit, thresholds, link, width=12, height=8, most=None):
    """One bar for each series."""
    panel = bargauge.Panel().datasource(PROMETHEUS).orientation(kinds.VizOrientation.HORIZONTAL)
    panel.display_mode(kinds.BarGaugeDisplayMode.BASIC).min(0)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if most is not None:
        panel.max(most)
    for place, (expr, legend) in enumerate(queries):
        panel.with_target(_query(place, expr, legend, instant=True))
    return _finish(panel, title, description, unit, thresholds, link, width, height)


def lines(title, description, queries, unit, thresholds, link, width=12, height=8, stacked=False):
    """Lines over time. Thresholds that mean something are drawn as dashed lines."""
    panel = timeseries.Panel().datasource(PROMETHEUS).min(0).line_width(2).fill_opacity(30 if stacked else 8)
    panel.show_points(kinds.VisibilityMode.NEVER)
    legend = common.VizLegendOptions().display_mode(kinds.LegendDisplayMode.TABLE).show_legend(True)
    panel.legend(legend.placement(kinds.LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"]))
    tooltip = common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI)
    panel.tooltip(tooltip.sort(kinds.SortOrder.DESCENDING))
    if stacked:
        panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A"))
    if len(thresholds) > 1:
        style = common.GraphThresholdsStyleConfig().mode(kinds.GraphTresholdsStyleMode.DASHED)
        panel.thresholds_style(style)
    for place, (expr, legend) in enumerate(queries):
        panel.with_target(_query(place, expr, legend, instant=False))
    return _finish(panel, title, description, unit, thresholds, link, width, height)


def log_lines(title, description, expr, link, height=18, newest_first=True):
    """Lines of the log."""
    query = loki.Dataquery().expr(expr).ref_id("A").datasource(LOKI).max_lines(1000)
    order = kinds.LogsSortOrder.DESCENDING if newest_first else kinds.LogsSortOrder.ASCENDING
    panel = logs.Panel().datasource(LOKI).with_target(query).show_time(True).wrap_log_message(True)
    panel.enable_log_details(True).sort_order(order).dedup_strategy(kinds.LogsDedupStrategy.NONE)
    return _finish(panel, title, description, "none", NEUTRAL, link, 24, height)


def log_counts(title, description, queries, link, width=24, height=7):
    """Numbers of lines of the log over time."""
    panel = timeseries.Panel().datasource(LOKI).min(0).draw_style(kinds.GraphDrawStyle.BARS).fill_opacity(60)
    panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A"))
    for place, (expr, legend) in enumerate(queries):
        query = loki.Dataquery().expr(expr).legend_format(legend).ref_id(chr(ord("A") + place))
        panel.with_target(query.datasource(LOKI).range(True))
    return _finish(panel, title, description, "short", NEUTRAL, link, width, height)


def page(name, title, description, rows, variables=(), since="now-6h"):
    """A dashboard: rows of panels, each a pair of a title and a list."""
    board = dashboard.Dashboard(title).uid(f"starling-{name}").tags(["starling"]).description(description)
    board.refresh("30s").time(since, "now").timezone("browser").tooltip(models.DashboardCursorSync.CROSSHAIR)
    board.readonly()
    menu = dashboard.DashboardLink("Starling").type(models.DashboardLinkType.DASHBOARDS).tags(["starling"])
    board.link(menu.keep_time(True).as_dropdown(False))
    for variable in variables:
        board.with_variable(variable)
    for row, panels in rows:
        board.with_row(dashboard.Row(row))
        # A lone half at the end of a row of panels takes the whole width.
        if sum(panel.build().grid_pos.w for panel in panels) % 24 == 12:
            panels[-1].span(24)
        for panel in panels:
            board.with_panel(panel)
    return board.build()
