"""Reads the CronJob of a README, checks it against the schema of Kubernetes, and prints it as JSON."""

import json
import re
import sys

import kubernetes_validate
import yaml

text = open(sys.argv[1], encoding="utf-8").read()
job = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE).group(1))
kubernetes_validate.validate(job, sys.argv[2], strict=True)
print(json.dumps(job))
