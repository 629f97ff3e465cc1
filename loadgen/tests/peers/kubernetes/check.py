"""Reads a manifest and checks it against the schemas that Kubernetes publishes.

usage: check.py MANIFEST FOLDER VERSION...

Prints each object as a line of JSON. Writes the files of ConfigMaps and Secrets into FOLDER, as a pod has them.
"""

import base64
import json
import pathlib
import sys

import kubernetes_validate
import yaml

manifest, folder, *versions = sys.argv[1:]
for document in yaml.safe_load_all(pathlib.Path(manifest).read_text(encoding="utf-8")):
    for version in versions:
        # Strict: unknown fields are refused.
        kubernetes_validate.validate(document, version, strict=True)
    if document["kind"] in ("ConfigMap", "Secret"):
        texts = document.get("stringData", {}) if document["kind"] == "Secret" else document.get("data", {})
        encoded = document.get("data", {}) if document["kind"] == "Secret" else document.get("binaryData", {})
        for name, text in texts.items():
            pathlib.Path(folder, name).write_bytes(text.encode("utf-8"))
        for name, text in encoded.items():
            pathlib.Path(folder, name).write_bytes(base64.b64decode(text, validate=True))
    print(json.dumps(document))
