"""Reads YAML as PyYAML does: documents as JSON on stdin, what is under "a" in each on stdout."""

import json
import sys

import yaml


def read(text):
    try:
        value = yaml.safe_load(text)["a"]
    except Exception as error:
        return {"error": type(error).__name__}
    return {"type": type(value).__name__, "text": str(value)}


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
