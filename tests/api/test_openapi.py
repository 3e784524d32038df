"""/openapi.json against the server's route table and the tests, and the routes an operator's tools call."""
import json
import re
from pathlib import Path

import pytest
from api_contract import Contract, covers, problem

pytestmark = pytest.mark.quick
ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "src/dialects/meterport/api.cpp"
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document(shared):
    answer = shared.call("GET", "/openapi.json")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield method.upper(), path, operation


def documented(document):
    return {f"{method} {path}" for method, path, _ in operations(document)}


def table():
    """The routes as api.cpp adds them."""
    text = TABLE.read_text()
    routes = {f"{method.rstrip('_').upper()} {path}" for method, path in re.findall(r'\.add(?:_async)?\(\s*Method::(\w+),\s*"([^"]+)"', text)}
    return routes | {f"GET {path}" for path in re.findall(r'\.add_public\(\s*"([^"]+)"', text)}


@covers("GET /openapi.json")
def test_the_document_has_every_route_of_the_table_and_no_other(document):
    routes = table()
    assert len(routes) >= 30 and documented(document) == routes


@covers("GET /openapi.json")
def test_the_document_is_well_formed(document):
    assert document["openapi"].startswith("3.1.") and document["info"]["title"] and document["info"]["version"]
    assert document["components"]["securitySchemes"]["bearer"] == {**document["components"]["securitySchemes"]["bearer"], "type": "http", "scheme": "bearer"}
    tags, seen = {tag["name"] for tag in document["tags"]}, set()
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"] and set(operation["tags"]) <= tags and operation["operationId"] not in seen, where
        seen.add(operation["operationId"])
        names = [(p["in"], p["name"]) for p in operation["parameters"]]
        assert len(names) == len(set(names)), where
        assert [n for place, n in names if place == "path"] == re.findall(r"{(\w+)}", path), where
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path") and all("schema" in p for p in operation["parameters"])
        assert any(status.startswith("2") for status in operation["responses"]) and "default" in operation["responses"], where
        assert ("requestBody" in operation) <= (method in ("POST", "PATCH", "PUT")), where


@covers("GET /openapi.json")
def test_every_reference_resolves_and_every_schema_is_used(shared, document):
    contract, used = Contract(shared), set()

    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                contract.resolve(node["$ref"])
                used.add(node["$ref"].rsplit("/", 1)[1])
            for value in node.values():
                walk(value)
        if isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    # Those of bodies that are not JSON are named by their media type alone.
    assert set(document["components"]["schemas"]) - used <= {"Artifact", "ImportFile", "Metrics"}
    codes = re.findall(r"^  (\w+),$", (ROOT / "src/base/error.h").read_text(), re.M)
    assert document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == codes
    texts = re.search(r"enum class RecordErrorCode {(.*?)};", (ROOT / "src/model/usage_record.h").read_text(), re.S).group(1)
    known = set(document["components"]["schemas"]["RecordError"]["properties"]["code"]["enum"])
    assert set(re.findall(r"^  (\w+),$", texts, re.M)) <= known


@covers("GET /openapi.json")
def test_every_route_needs_an_identity_but_the_public_ones(shared, document):
    public = set()
    for method, path, operation in operations(document):
        answer = shared.call(method, path.replace("{", "").replace("}", ""))
        if operation.get("security") == []:
            public.add(path)
            assert answer.status == 200, (path, answer)
        else:
            problem(answer, 401, "unauthenticated")
            assert "401" in operation["responses"]
    assert public == {"/healthz", "/readyz", "/openapi.json"}


@covers("GET /openapi.json")
def test_every_route_has_a_test_in_this_folder(document):
    covered = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        for arguments in re.findall(r"@covers\((.*?)\)\n", file.read_text(), re.S):
            covered |= set(re.findall(r'"([^"]+)"', arguments))
    assert covered == documented(document)


@covers("GET /openapi.json")
def test_every_route_and_parameter_is_in_the_reference(document):
    text = (ROOT / "docs/reference/api.md").read_text()
    for method, path, operation in operations(document):
        assert f"{method} {path}" in text, f"{method} {path}"
        for parameter in operation["parameters"]:
            if parameter["in"] == "query":
                assert f"`{parameter['name']}`" in text, parameter["name"]
    for code in document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]:
        assert f"`{code}`" in text, code


@covers("GET /healthz", "GET /readyz")
def test_health_and_readiness(shared):
    contract = Contract(shared)
    contract.check(shared.call("GET", "/healthz"), "GET", "/healthz")
    assert contract.check(shared.call("GET", "/readyz"), "GET", "/readyz") == {"status": "ready", "reason": "", "regions": []}
    assert shared.call("HEAD", "/healthz").body == b""


@covers("GET /metrics")
def test_metrics_are_for_operators(shared):
    answer = shared.api("GET", "/metrics")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram)$", answer.body.decode(), re.M))
    assert names and all(name.startswith("meterport_") for name in names), names
    for role, status in (("operator", 200), ("admin", 403), ("viewer", 403), ("exporter", 403), ("ingester", 403)):
        key = shared.api("POST", "/v1/keys", {"name": role, "roles": [role]}).json()["key"]
        assert shared.api("GET", "/metrics", key=key).status == status, role


@covers("GET /openapi.json")
def test_unknown_paths_and_methods_are_problems(shared):
    for path in ("/v1", "/v1/nothing", "/", "/v1/usage/", "/v3/usage", "/V1/usage"):
        problem(shared.api("GET", path), 404, "no_such_path")
    for method, path, allow in (("DELETE", "/v1/usage", {"GET", "HEAD", "POST"}), ("PUT", "/v1/orgs/acme", {"GET", "HEAD", "PATCH"}), ("POST", "/healthz", {"GET", "HEAD"})):
        answer = shared.api(method, path)
        problem(answer, 405, "method_not_allowed")
        assert set(answer.headers["allow"].replace(" ", "").split(",")) == allow
    problem(shared.api("GET", "/v1/orgs/%zz"), 400, "malformed")


@covers("GET /openapi.json")
def test_the_document_is_the_same_for_everyone(shared, document):
    assert shared.api("GET", "/openapi.json").json() == document
    assert "mp_" not in json.dumps(document).replace("(mp_...)", "")
