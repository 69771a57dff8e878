"""The manifests of deploy/ fit Kubernetes' own schemas, the programs, and docker-compose.yml."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]
from pydantic_settings import BaseSettings

from cli.servers.process import LogSettings, StopSettings
from common.nats_address import parse_cluster_url
from gateway.settings import GatewaySettings
from manager.settings import ManagerSettings
from processing_service.settings import ProcessingServiceSettings
from tests.docs.blocks import blocks_of
from tests.house.test_compose import SERVICES, names_of, new_secrets
from upload_service.settings import UploadServiceSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUSTOMIZATION = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
SINCE, NEWEST = "1.30", "1.37"
"""Versions of Kubernetes; docs/kubernetes.md names the first."""
COMPONENT = "app.kubernetes.io/component"
SETTINGS: dict[str, type[BaseSettings]] = {
    "download-gateway": GatewaySettings,
    "manager": ManagerSettings,
    "upload-service": UploadServiceSettings,
    "processing-service": ProcessingServiceSettings,
}
CLUSTER = DEPLOY / "kubernetes" / "cluster"


def objects_in(*paths: Path) -> list[dict[str, Any]]:
    """What some manifests describe."""
    return [each for path in paths for each in yaml.safe_load_all(path.read_text())]


ALONE = objects_in(*(DEPLOY / path for path in KUSTOMIZATION["resources"]))
OBJECTS = ALONE + objects_in(CLUSTER / "nats.yaml")
WORKLOADS = {
    each["metadata"]["name"]: each["spec"]["template"]
    for each in OBJECTS
    if each["kind"] in {"Deployment", "StatefulSet"}
}
CONTAINERS: list[tuple[str, dict[str, Any]]] = [
    (name, container)
    for name, template in WORKLOADS.items()
    for container in [
        *template["spec"].get("initContainers", []),
        *template["spec"]["containers"],
    ]
]
MIB = {"Mi": 1, "Gi": 1024, "m": 1, "g": 1024}


def named(kind: str) -> dict[str, dict[str, Any]]:
    """The objects of a kind, by their names."""
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == kind}


def mebibytes(size: str) -> int:
    """A size as Kubernetes, or Compose, writes it."""
    found = re.fullmatch(r"(\d+)(Mi|Gi|m|g)", size)
    assert found, size
    return int(found[1]) * MIB[found[2]]


def main_container(workload: str) -> dict[str, Any]:
    """The container that runs for as long as its pod does."""
    (container,) = WORKLOADS[workload]["spec"]["containers"]
    return dict(container)


@pytest.mark.parametrize("version", [SINCE, NEWEST])
def test_kubernetes_takes_every_object(version: str):
    """Strictly: a key that is misspelt is an error."""
    for described in OBJECTS:
        kubernetes_validate.validate(described, version, strict=True)
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    assert f"Kubernetes {SINCE} or newer" in page


def test_every_manifest_is_listed():
    """No other file is applied."""
    files = {f"kubernetes/{each.name}" for each in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert set(KUSTOMIZATION["resources"]) == files
    for generated in KUSTOMIZATION["configMapGenerator"]:
        for name in generated.get("files", []):
            assert (DEPLOY / name).is_file(), name


@pytest.mark.parametrize(
    ("workload", "container"),
    CONTAINERS,
    ids=[f"{name}-{each['name']}" for name, each in CONTAINERS],
)
def test_no_container_has_more_than_it_needs(workload: str, container: dict[str, Any]):
    """As in docker-compose.yml: no root, nothing to gain, nothing to write but volumes, and a limit."""
    context = container["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    pod = WORKLOADS[workload]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert mebibytes(container["resources"]["limits"]["memory"]) <= 4608
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}


@pytest.mark.parametrize("workload", SETTINGS)
def test_limits_and_graces_are_those_of_compose(workload: str):
    """What was measured there holds here."""
    memory = main_container(workload)["resources"]["limits"]["memory"]
    assert mebibytes(memory) == mebibytes(SERVICES[workload]["mem_limit"])
    grace = WORKLOADS[workload]["spec"]["terminationGracePeriodSeconds"]
    assert f"{grace}s" == SERVICES[workload]["stop_grace_period"]
    assert grace > StopSettings.model_fields["stop_grace_s"].default


@pytest.mark.parametrize("workload", SETTINGS)
def test_every_setting_exists(workload: str):
    """What a program is given is something that it reads, or that another value is made of."""
    container = main_container(workload)
    made_of = set(re.findall(r"\$\((\w+)\)", yaml.safe_dump(container["env"])))
    given = {each["name"] for each in container["env"]} - made_of
    assert given <= names_of(SETTINGS[workload]) | names_of(LogSettings)
    needed = {
        name.upper()
        for name, field in SETTINGS[workload].model_fields.items()
        if field.is_required()
    }
    assert needed <= given


def test_the_page_shows_a_kustomization_that_fits():
    """What it changes is there: settings, the image, and the Ingress at those places."""
    shown, clustered = [
        yaml.safe_load(each.text)
        for each in blocks_of("docs/kubernetes.md")
        if each.language == "yaml"
    ]
    (component,) = clustered["components"]
    assert (DEPLOY / component).resolve() == CLUSTER
    (changed,) = shown["configMapGenerator"]
    assert changed["name"] == "settings"
    assert settings_of(changed) <= settings_of(KUSTOMIZATION["configMapGenerator"][0])
    assert shown["images"][0]["name"] == KUSTOMIZATION["images"][0]["newName"]
    for patch in shown["patches"]:
        target = named(patch["target"]["kind"])[patch["target"]["name"]]
        for operation in yaml.safe_load(patch["patch"]):
            place: Any = target
            for step in operation["path"].strip("/").split("/"):
                place = place[int(step) if isinstance(place, list) else step]
            assert place == operation["value"]


def settings_of(generator: dict[str, Any]) -> set[str]:
    """The names of the settings that a generated ConfigMap has."""
    return {each.partition("=")[0] for each in generator["literals"]}


def test_what_is_referred_to_is_there():
    """Secrets are those that the script makes, or the page names; settings are generated."""
    known_settings = settings_of(KUSTOMIZATION["configMapGenerator"][0])
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    used = set()
    for _, container in CONTAINERS:
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {})
            if reference := source.get("configMapKeyRef"):
                assert reference["name"] == "settings"
                assert reference["key"] in known_settings
                used.add(reference["key"])
            if reference := source.get("secretKeyRef"):
                assert reference["name"] == "secrets"
                assert reference["key"] in new_secrets() or reference["key"] in page
    assert used == known_settings


def test_volumes_and_ports_are_there():
    """What is mounted is a volume of the pod, and probes ask where the container listens."""
    claims = {
        claim["metadata"]["name"]
        for each in OBJECTS
        if each["kind"] == "StatefulSet"
        for claim in each["spec"].get("volumeClaimTemplates", [])
    }
    for workload, container in CONTAINERS:
        volumes = {each["name"] for each in WORKLOADS[workload]["spec"].get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            assert mount["name"] in volumes | claims, (workload, mount)
        ports = {each["name"] for each in container.get("ports", [])}
        for probe in ("livenessProbe", "readinessProbe"):
            if asked := container.get(probe, {}).get("httpGet"):
                assert asked["port"] in ports, (workload, probe)


def test_what_serves_is_probed():
    """Whoever is sent requests says when it is ready for them, and is restarted when it hangs."""
    for name, service in named("Service").items():
        container = main_container(service["spec"]["selector"][COMPONENT])
        assert {"livenessProbe", "readinessProbe"} <= set(container), name


def test_services_find_their_pods():
    """By labels that the pods have, at ports on which they listen."""
    for name, service in named("Service").items():
        selected = service["spec"]["selector"][COMPONENT]
        assert WORKLOADS[selected]["metadata"]["labels"][COMPONENT] == selected
        listening = {each["containerPort"] for each in main_container(selected)["ports"]}
        assert {each["port"] for each in service["spec"]["ports"]} <= listening, name
    for each in OBJECTS:
        if each["kind"] in {"Deployment", "StatefulSet", "PodDisruptionBudget"}:
            assert each["spec"]["selector"]["matchLabels"][COMPONENT] in WORKLOADS


def test_the_edge_knows_the_services():
    """Hosts and ports in its configuration are services, and the names of pods those of the StatefulSet."""
    text = (DEPLOY / "kubernetes" / "edge.conf.template").read_text()
    domain = r"\.\$\{NAMESPACE\}\.svc\.\$\{CLUSTER_DOMAIN\}"
    for name, port in re.findall(rf"([\w-]+){domain}:(\d+)", text):
        ports = {str(each["port"]) for each in named("Service")[name]["spec"]["ports"]}
        assert port in ports, name
    pattern = re.compile(re.findall(r'location ~ "(\^/upload.*)"', text)[0].replace("?<", "?P<"))
    (address,) = [
        each["value"]
        for each in main_container("upload-service")["env"]
        if each["name"] == "OWN_ADDRESS"
    ]
    assert address == "$(PUBLIC_URL)/upload/$(POD_NAME)"
    for path in ("/upload/upload-service-0", "/upload/upload-service-12/ticket"):
        found = pattern.match(path)
        assert found
        assert found["replica"].rpartition("-")[0] == named("StatefulSet").popitem()[0]
    assert not pattern.match("/upload/postgrest-0")
    variables = set(re.findall(r"\$\{(\w+)\}", text))
    given = {each["name"] for each in main_container("edge")["env"]}
    assert variables <= given | {"NGINX_LOCAL_RESOLVERS"}


def test_the_edge_serves_what_the_gateway_of_compose_serves():
    """But for names and addresses both have the same directives."""
    ours, other = (
        re.findall(
            r"^\s*((?:client|error|keepalive|proxy|rewrite|listen)\w* [^;]*);", text, re.MULTILINE
        )
        for text in (
            (DEPLOY / "kubernetes" / "edge.conf.template").read_text(),
            (DEPLOY / "gateway.conf.template").read_text(),
        )
    )
    passed = re.compile(r"proxy_pass http://\$(\w+)\S*")
    assert [passed.sub(r"proxy_pass \1", each) for each in ours] == [
        passed.sub(r"proxy_pass \1", each) for each in other
    ]


def peers_of(policy: dict[str, Any], direction: str, key: str) -> set[tuple[str, int]]:
    """Components and ports that a policy allows."""
    allowed = set()
    for rule in policy["spec"].get(direction, []):
        for peer in rule.get(key, []):
            selector = peer.get("podSelector", {})
            components = [
                *selector.get("matchLabels", {}).values(),
                *chain.from_iterable(
                    each["values"] for each in selector.get("matchExpressions", [])
                ),
            ]
            allowed |= {(name, port["port"]) for name in components for port in rule["ports"]}
    return allowed


def test_policies_agree_on_both_sides():
    """What one may connect to lets it in, and the other way round."""
    policies = {name: each for name, each in named("NetworkPolicy").items() if name in WORKLOADS}
    assert set(policies) == set(WORKLOADS)
    # With NATS managers connect to it, and to what they connect to without it.
    (patched,) = objects_in(CLUSTER / "managers-policy.yaml")
    policies["manager"]["spec"] |= patched["spec"]
    out = {
        (name, to, port)
        for name, policy in policies.items()
        for to, port in peers_of(policy, "egress", "to")
    }
    into = {
        (source, name, port)
        for name, policy in policies.items()
        for source, port in peers_of(policy, "ingress", "from")
    }
    assert out == into
    nobody = named("NetworkPolicy")["nobody"]["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_whatever_a_program_is_told_to_reach_it_may_reach():
    """The addresses in its environment are services that a policy lets it connect to."""
    policies = named("NetworkPolicy")
    for workload in SETTINGS:
        text = yaml.safe_dump([main_container(workload)["env"], KUSTOMIZATION])
        allowed = peers_of(policies[workload], "egress", "to")
        own = re.findall(r"http://([\w-]+):(\d+)", yaml.safe_dump(main_container(workload)["env"]))
        for host, port in own:
            assert (host, int(port)) in allowed, (workload, host)
        if "SUPABASE_URL" in text and workload == "manager":
            assert ("edge", 8000) in allowed


def test_several_managers_meet_and_are_replaced_one_by_one():
    """Each has a name, and the address of NATS with its password; services stay at one of them."""
    parts = yaml.safe_load((CLUSTER / "kustomization.yaml").read_text())
    listed = {*parts["resources"], *(each["path"] for each in parts["patches"])}
    assert listed | {"kustomization.yaml"} == {each.name for each in CLUSTER.iterdir()}
    (managers,) = objects_in(CLUSTER / "managers.yaml")
    assert managers["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    (patched,) = managers["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each for each in patched["env"]}
    assert set(variables) - {"NATS_PASSWORD"} <= names_of(ManagerSettings)
    (address,), _namespace = parse_cluster_url(variables["CLUSTER_URL"]["value"])
    nats = main_container("nats")
    (port,) = [each["port"] for each in named("Service")["nats"]["spec"]["ports"]]
    assert address == f"nats://manager:$(NATS_PASSWORD)@nats:{port}"
    assert {"--user=manager", "--pass=$(NATS_PASSWORD)", "--jetstream"} <= set(nats["args"])
    (service,) = objects_in(CLUSTER / "managers-service.yaml")
    assert service["spec"] == {"sessionAffinity": "ClientIP"}


def test_the_image_has_the_schema():
    """What the migrations of the cluster's database need is in the image of the release."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    schema = "/opt/discord-cloud/database"
    for name in ("deploy/migrate.sh", "local_supabase/roles.sql"):
        assert re.search(rf"^COPY .*{re.escape(name)}.* {schema}/$", dockerfile, re.MULTILINE), name
        assert f"!{name}" in (ROOT / ".dockerignore").read_text().splitlines()
    assert f"COPY supabase/migrations {schema}/migrations\n" in dockerfile
    assert "!supabase/migrations" in (ROOT / ".dockerignore").read_text().splitlines()
    (schema_container, migrate) = WORKLOADS["postgrest"]["spec"]["initContainers"]
    assert schema_container["command"] == ["cp", "-r", f"{schema}/.", "/deploy/"]
    assert migrate["image"] == SERVICES["migrate"]["image"]
    assert migrate["command"] == SERVICES["migrate"]["entrypoint"]


def test_images_are_those_of_compose():
    """And the product's is named anew by kustomize."""
    known = {each["image"] for each in SERVICES.values()} | {"nats:2-alpine"}
    assert {container["image"] for _, container in CONTAINERS} <= known
    assert [each["name"] for each in KUSTOMIZATION["images"]] == ["discord-cloud"]
