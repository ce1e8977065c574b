#!/usr/bin/env python3
"""Makes the table of built-in types from Kubernetes' OpenAPI document.

usage: schema.py api/openapi-spec/swagger.json > src/main/resources/org/k3sjvm/server/api/schema/types.txt

One line a type: name, then its fields, separated by spaces. A field is name:type, with ! after the
name when it is required. Types: s string, i integer, n number, b boolean, x integer or string,
o anything, @T another type, []T a list, {}T a map. A list may end in ~strategy,key,... : the patch
strategy (merge, replace, retainKeys joined by +, or - for none), the patch merge key (or -), and the keys of a
map list (or "set").
"""
import json
import sys

defs = json.load(open(sys.argv[1]))["definitions"]
GROUPS = ("api.core.v1.", "api.apps.v1.", "api.batch.v1.", "api.networking.v1.", "api.discovery.v1.",
          "api.coordination.v1.", "api.events.v1.", "api.storage.v1.", "api.rbac.v1.", "api.policy.v1.",
          "api.scheduling.v1.", "api.node.v1.", "api.authentication.v1.", "api.authorization.v1.",
          "api.autoscaling.v1.Scale")
PREFIX = "io.k8s."
FREE = {"apimachinery.pkg.runtime.RawExtension", "apimachinery.pkg.apis.meta.v1.FieldsV1"}
STRINGS = {"apimachinery.pkg.api.resource.Quantity": "q",
           "apimachinery.pkg.apis.meta.v1.Time": "s", "apimachinery.pkg.apis.meta.v1.MicroTime": "s",
           "apimachinery.pkg.util.intstr.IntOrString": "x"}


def short(ref):
    name = ref.rsplit("/", 1)[-1].removeprefix(PREFIX)
    return name


def label(name):
    return name.replace("apimachinery.pkg.apis.meta.v1.", "meta.").removeprefix("api.")


def kind(schema, todo):
    if "$ref" in schema:
        name = short(schema["$ref"])
        if name in STRINGS:
            return STRINGS[name]
        if name in FREE:
            return "o"
        todo.append(name)
        return "@" + label(name)
    t = schema.get("type")
    if t == "array":
        out = "[]" + kind(schema["items"], todo)
        strategy = schema.get("x-kubernetes-patch-strategy", "").replace(",", "+") or "-"
        key = schema.get("x-kubernetes-patch-merge-key") or "-"
        keys = schema.get("x-kubernetes-list-map-keys") or (
            ["set"] if schema.get("x-kubernetes-list-type") == "set" else [])
        if strategy != "-" or key != "-" or keys:
            out += "~" + ",".join([strategy, key] + keys)
        return out
    if t == "object":
        if "additionalProperties" in schema:
            return "{}" + kind(schema["additionalProperties"], todo)
        return "o"
    return {"string": "s", "integer": "i", "number": "n", "boolean": "b"}.get(t, "o")


todo = [n.removeprefix(PREFIX) for n in defs
        if n.removeprefix(PREFIX).startswith(GROUPS) and "x-kubernetes-group-version-kind" in defs[n]]
todo += ["apimachinery.pkg.apis.meta.v1.DeleteOptions"]
done = {}
while todo:
    name = todo.pop()
    if name in done or name.endswith("List"):
        continue
    schema = defs[PREFIX + name]
    if "properties" not in schema:
        done[name] = None
        continue
    required = set(schema.get("required", []))
    fields = []
    for field, s in schema["properties"].items():
        strategy = ""
        code = kind(s, todo)
        if "$ref" in s or not code.startswith("[]"):
            p = s.get("x-kubernetes-patch-strategy")
            if p:
                strategy = "~" + p.replace(",", "+") + ",-"
        fields.append(f"{field}{'!' if field in required else ''}:{code}{strategy}")
    done[name] = fields

print("# Built-in types. Source: Kubernetes v1.36.3 api/openapi-spec/swagger.json, by scripts/schema.py")
for name in sorted(done):
    fields = done[name]
    print(label(name), *(fields if fields is not None else ["*"]))
