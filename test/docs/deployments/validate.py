"""Checks compose.yaml by the schema of Compose, and every document of kubernetes.yaml by those of Kubernetes.

    validate.py COMPOSE_SCHEMA COMPOSE_FILE KUBERNETES_FILE KUBERNETES_VERSION

Prints a line for each document, or a problem; unknown fields are problems too.
"""
import json
import sys

import jsonschema
import kubernetes_validate
import yaml

schema_file, compose_file, kubernetes_file, version = sys.argv[1:]

with open(schema_file) as file:
    schema = json.load(file)
with open(compose_file) as file:
    compose = yaml.safe_load(file)
problems = [f"{compose_file}: {error.json_path}: {error.message}"
            for error in jsonschema.Draft7Validator(schema).iter_errors(compose)]
if not problems:
    print(f"compose: {', '.join(compose['services'])}")

with open(kubernetes_file) as file:
    for document in yaml.safe_load_all(file):
        try:
            kubernetes_validate.validate(document, version, strict=True)
            print(f"{document['kind']}: {document['metadata']['name']}")
        except kubernetes_validate.ValidationError as error:
            problems.append(f"{kubernetes_file}: {document.get('kind')}: {error.path}: {error.message}")

for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
