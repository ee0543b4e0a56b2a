"""From the OpenAPI document of a Kubernetes API server to JSON Schemas, one file a kind, as kubeconform looks them up.

    kubernetes_schemas.py swagger.json FOLDER

swagger.json is the answer to GET /openapi/v2. The schemas are as strict as the server is under
`fieldValidation: Strict`: a field that it does not know is refused. And they are no stricter: null stands for a field
that is left out, a quantity may be a number, an int-or-string an integer.
"""

import json
import pathlib
import sys

PREFIX = "#/definitions/"
# What the document describes as a string or in prose, and the server reads from more.
WIDER = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
}
INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}


def closed(schema):
    """A schema with its unknown fields refused, its references kept."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    out = {key: schema[key] for key in ("type", "required") if key in schema}
    if schema.get("format") == "int32":
        out.update(INT32)
    if "items" in schema:
        out["items"] = closed(schema["items"])
    if "properties" in schema:
        required = schema.get("required", [])
        fields = schema["properties"].items()
        out["properties"] = {k: closed(v) if k in required else nullable(closed(v)) for k, v in fields}
        out["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        out["additionalProperties"] = closed(schema["additionalProperties"])
    return out


def nullable(schema):
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return schema


def references(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(PREFIX)
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def needed(name, definitions):
    """The definitions that one leads to, itself included: some lead back to themselves."""
    seen, todo = {}, [name]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen[name] = definitions[name]
            todo.extend(references(seen[name]))
    return seen


def file_name(group, version, kind):
    return "-".join(filter(None, [kind, group.split(".")[0], version])).lower() + ".json"


def main(document, folder):
    originals = json.loads(pathlib.Path(document).read_text())["definitions"]
    definitions = {name: WIDER.get(name) or closed(schema) for name, schema in originals.items()}
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = set()
    for name, original in originals.items():
        kinds = original.get("x-kubernetes-group-version-kind", [])
        # Options and events of a watch are of every group, and nobody's manifest.
        if len(kinds) != 1 or "metadata" not in original.get("properties", {}):
            continue
        group, version, kind = (kinds[0][key] for key in ("group", "version", "kind"))
        api_version = f"{group}/{version}" if group else version
        stated = {"apiVersion": {"const": api_version}, "kind": {"const": kind}}
        schema = {
            "$schema": "http://json-schema.org/draft-07/schema#",
            **definitions[name],
            "required": sorted({"apiVersion", "kind", *definitions[name].get("required", [])}),
            "definitions": needed(name, definitions),
        }
        schema["properties"] = {**schema["properties"], **stated}
        file = file_name(group, version, kind)
        assert file not in written, f"two kinds would be {file}"
        written.add(file)
        (folder / file).write_text(json.dumps(schema, sort_keys=True))
    assert written, "the document defines no kind"


main(*sys.argv[1:])
