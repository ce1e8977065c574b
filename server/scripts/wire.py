#!/usr/bin/env python3
"""Makes the table of protobuf field numbers from Kubernetes' generated.proto files.

usage: wire.py TYPES.txt FILE.proto... > src/main/resources/org/k3sjvm/server/api/wire/fields.txt

One line a message: name, then its fields as number:name:type. Types: s string, i integer, b boolean,
d double, y bytes, T time, q quantity, x integer or string, @M another message, +M a message whose
fields are written into this one, []T a list, {}T a map from strings.
"""
import re
import sys

known = {}
for line in open(sys.argv[1]):
    if not line.startswith("#"):
        words = line.split()
        known[words[0]] = {w.split(":")[0].rstrip("!") for w in words[1:] if w != "*"}

SPECIAL = {"k8s.io.apimachinery.pkg.api.resource.Quantity": "q",
           "k8s.io.apimachinery.pkg.apis.meta.v1.Time": "T",
           "k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime": "T",
           "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "x"}
SCALAR = {"string": "s", "int32": "i", "int64": "i", "uint32": "i", "uint64": "i", "bool": "b",
          "bytes": "y", "double": "d"}


def label(full):
    full = full.replace("k8s.io.apimachinery.pkg.apis.meta.v1.", "meta.")
    return full.removeprefix("k8s.io.api.")


out = {}
for path in sys.argv[2:]:
    text = open(path).read()
    package = re.search(r"^package ([\w.]+);", text, re.M).group(1)
    for m in re.finditer(r"^message (\w+) \{(.*?)^\}", text, re.M | re.S):
        name = label(package + "." + m.group(1))
        fields = []
        for f in re.finditer(r"^  (optional|repeated|map<string, ?([.\w]+)>) ?([.\w]+)? (\w+) = (\d+)",
                             m.group(2), re.M):
            rule, value, kind, field, number = f.groups()
            ref = value or kind
            def code(ref):
                if ref in SCALAR:
                    return SCALAR[ref]
                full = ref[1:] if ref.startswith(".") else package + "." + ref
                return SPECIAL.get(full) or "@" + label(full)
            c = code(ref)
            if rule.startswith("map"):
                c = "{}" + c
            elif rule == "repeated":
                c = "[]" + c
            elif c.startswith("@") and name in known and known[name] and field not in known[name]:
                c = "+" + c[1:]
            fields.append(f"{number}:{field}:{c}")
        out[name] = fields

print("# Protobuf field numbers. Source: Kubernetes v1.36.3 generated.proto, by scripts/wire.py")
for name in sorted(out):
    print(name, *out[name])
