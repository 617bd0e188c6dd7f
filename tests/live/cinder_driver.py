"""Runs a script of calls through cinder's own image service, one JSON line of result per call.

The script is one JSON object on standard input:

  servers  list of URLs for cinder's glance_api_servers; null to use the catalog
  retries  glance_num_retries, 3 as in cinder if absent
  schemes  allowed_direct_url_schemes, none if absent
  catalog  the callers' service catalog, v2 shape as cinder keeps it; empty if absent
  callers  who may be named in "as": {"alice": {"token", "userId", "projectId", "roles"}, ...}
  steps    [{"method", "args", "kwargs", "as", "servers", "schemes"}, ...]; "as" absent or "none" is
           a caller without a token, "servers" and "schemes" replace the script's for this call alone

Anywhere in "args" and "kwargs", {"$text": "..."} and {"$file": "path"} become readable files. Each
call has a service of its own. A result is {"ok": value} or {"error": {"class", "module",
"message"}}: datetimes as ISO text, iterators as lists; a download goes to a temporary file and
comes back as {"size", "sha256"}. Cinder's pause of a second between two tries is left out.
"""

import datetime
import hashlib
import io
import json
import logging
import sys
import tempfile
import types
from collections import abc

from cinder.common import config  # noqa: F401  registers the options
from cinder import context
from cinder.image import glance
from oslo_config import cfg

CONF = cfg.CONF


def request_context(caller, catalog):
    return context.RequestContext(
        caller.get("userId"),
        caller.get("projectId"),
        auth_token=caller.get("token"),
        roles=caller.get("roles", []),
        is_admin=False,
        service_catalog=catalog,
    )


def from_json(value):
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$text" in value:
        return io.BytesIO(value["$text"].encode())
    if "$file" in value:
        return open(value["$file"], "rb")
    return {key: from_json(item) for key, item in value.items()}


def to_json(value):
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, abc.Mapping):
        return {key: to_json(value[key]) for key in value}
    if isinstance(value, abc.Iterable):
        return [to_json(item) for item in value]
    raise TypeError("Cannot write %r as JSON" % type(value))


def download(service, caller, *args):
    with tempfile.TemporaryFile() as file:
        service.download(caller, *args, data=file)
        file.seek(0)
        digest = hashlib.sha256()
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
        return {"size": file.tell(), "sha256": digest.hexdigest()}


def call(step, script):
    CONF.set_override("glance_api_servers", step.get("servers", script["servers"]))
    schemes = step.get("schemes", script.get("schemes", []))
    CONF.set_override("allowed_direct_url_schemes", schemes)
    caller = {} if step.get("as", "none") == "none" else script["callers"][step["as"]]
    caller = request_context(caller, script.get("catalog", []))
    service = glance.GlanceImageService()
    args = from_json(step.get("args", []))
    kwargs = from_json(step.get("kwargs", {}))
    if step["method"] == "download":
        return download(service, caller, *args)
    return to_json(getattr(service, step["method"])(caller, *args, **kwargs))


def outcome(step, script):
    try:
        return {"ok": call(step, script)}
    except Exception as error:
        kind = type(error)
        return {
            "error": {"class": kind.__name__, "module": kind.__module__, "message": str(error)}
        }


def main():
    glance.time = types.SimpleNamespace(sleep=lambda seconds: None)
    logging.disable(logging.CRITICAL)  # cinder logs a traceback for every failure it also raises
    script = json.load(sys.stdin)
    CONF([], project="cinder", default_config_files=[], default_config_dirs=[])
    CONF.set_override("glance_num_retries", script.get("retries", 3))
    for step in script["steps"]:
        print(json.dumps(outcome(step, script)), flush=True)


if __name__ == "__main__":
    main()
