"""What the tests of /v1 share: which routes a test covers, problem documents, and answers held against the schemas of
/openapi.json."""


def covers(*routes):
    """Names the routes a test is about ("GET /v1/orgs"); test_openapi.py reads these lines."""
    assert routes
    return lambda function: function


def problem(answer, status, code, field=None):
    """The RFC 9457 document of a refused call."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json", answer
    body = answer.json()
    assert body["status"] == status and body["code"] == code and body["type"] == f"urn:meterport:problem:{code}", body
    assert body["title"] and body["request_id"] == answer.headers["x-request-id"], body
    if field is not None:
        assert body.get("field") == field, body
    return body


TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_of_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Contract:
    """The served document. Understands the part of JSON Schema that the document uses, and refuses to guess at more."""

    KNOWN = {"type", "description", "required", "properties", "additionalProperties", "items", "enum", "const", "oneOf", "$ref", "format",
             "examples", "default", "minimum", "maximum", "minLength", "maxLength", "pattern", "maxProperties"}

    def __init__(self, server):
        self.document = server.call("GET", "/openapi.json").json()

    def operation(self, method, path):
        return self.document["paths"][path][method.lower()]

    def check(self, answer, method, path):
        """The answer is one the document promises for this operation; gives its JSON."""
        responses = self.operation(method, path)["responses"]
        assert str(answer.status) in responses, (method, path, answer)
        [(media_type, content)] = responses[str(answer.status)]["content"].items()
        assert answer.headers["content-type"].split(";")[0] == media_type, answer
        body = answer.json()
        self.validate(body, content["schema"], "")
        return body

    def resolve(self, reference):
        assert reference.startswith("#/"), reference
        node = self.document
        for part in reference[2:].split("/"):
            node = node[part]
        return node

    def validate(self, value, schema, at):
        assert set(schema) <= self.KNOWN, set(schema) - self.KNOWN
        if "$ref" in schema:
            self.validate(value, self.resolve(schema["$ref"]), at)
            return
        if "oneOf" in schema:
            assert sum(self.fits(value, option, at) for option in schema["oneOf"]) == 1, (at, value)
        if "const" in schema:
            assert value == schema["const"], (at, value)
        if "enum" in schema:
            assert value in schema["enum"], (at, value)
        if "type" in schema:
            names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            assert any(is_of_type(value, name) for name in names), (at, value, names)
        if isinstance(value, dict):
            self.validate_object(value, schema, at)
        if isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                self.validate(item, schema["items"], f"{at}/{index}")

    def validate_object(self, value, schema, at):
        assert set(schema.get("required", [])) <= set(value), (at, set(schema["required"]) - set(value))
        assert len(value) <= schema.get("maxProperties", len(value)), (at, value)
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name, member in value.items():
            if name in properties:
                self.validate(member, properties[name], f"{at}/{name}")
            elif others is False:
                raise AssertionError((at, f"unknown member {name}"))
            elif others is not True:
                self.validate(member, others, f"{at}/{name}")

    def fits(self, value, schema, at):
        try:
            self.validate(value, schema, at)
            return True
        except AssertionError:
            return False
