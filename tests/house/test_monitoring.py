"""Alerts and dashboard of deploy/monitoring ask for figures that the programs really give."""

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics import GatewayMetrics
from manager.metrics import ManagerMetrics
from upload_service.metrics import Metrics

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
PAGE = (ROOT / "docs" / "monitoring.md").read_text()
(GROUP,) = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
ALERTS: dict[str, dict[str, Any]] = {each["alert"]: each for each in GROUP["rules"]}
PANELS = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
SCRAPED = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
EXPRESSIONS = {name: rule["expr"] for name, rule in ALERTS.items()} | {
    f"{panel['title']} {target['refId']}": target["expr"].replace("$__rate_interval", "5m")
    for panel in PANELS
    for target in panel["targets"]
}
OF_PROMETHEUS = {"up"}


def exported() -> dict[str, str]:
    """The names of all series that the programs give, with their types; not since when they count."""
    texts = (ManagerMetrics().render(), GatewayMetrics().render(), Metrics().exposition())
    families = [
        family for text in texts for family in text_string_to_metric_families(text.decode())
    ]
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family.type
        for family in families
        if not family.name.endswith("_created")
    }


def series_in(expression: str) -> set[str]:
    """The names of the series that an expression asks for."""
    found = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.add(node.name)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_series_exists(name: str):
    """Whatever is asked for is exported by a program, or by Prometheus itself."""
    asked = series_in(EXPRESSIONS[name])
    assert asked
    assert asked <= set(exported()) | OF_PROMETHEUS


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_counters_are_read_as_counters(name: str):
    """They fall to 0 when a program starts again: only their increase says anything."""
    text = re.sub(r"\b(?:rate|increase)\([^()]*\)", "", EXPRESSIONS[name])
    counters = {series for series, kind in exported().items() if kind == "counter"}
    assert not [each for each in counters if re.search(rf"\b{each}\b", text)]


def test_every_figure_is_shown_or_watched():
    """What a program counts is on the dashboard, or somebody is told of it."""
    shown = {series for text in EXPRESSIONS.values() for series in series_in(text)}
    assert set(exported()) <= shown


def test_every_alert_is_explained():
    """The page has a row for each, and none for others."""
    rows = re.findall(r"^\| `(\w+)` \| (critical|warning) \|", PAGE, re.MULTILINE)
    assert dict(rows) == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}
    assert all(rule["annotations"]["summary"] for rule in ALERTS.values())


def test_jobs_are_those_that_are_scraped():
    """Alerts and panels that name a job name one of the configuration."""
    jobs = {each["job_name"] for each in SCRAPED["scrape_configs"]}
    named = set(re.findall(r'job="([\w-]+)"', "".join(EXPRESSIONS.values())))
    assert named == jobs
    assert SCRAPED["rule_files"] == ["alerts.yml"]


def test_panels_do_not_overlap():
    """Each has a place and an id of its own."""
    places: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & places, panel["title"]
        assert place["x"] + place["w"] <= 24
        places |= cells
    assert len({each["id"] for each in PANELS}) == len(PANELS)
