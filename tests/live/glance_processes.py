"""Runs command lines of python-glanceclient: imports it once, and forks a process for each line.

Reads one JSON object per line: {"args": [...], "environment": {...}, "directory": "...", "input": "..." or null}.
Prints one per line: {"code": n, "stdout": "...", "stderr": "..."}. Strings of bytes have one character per byte.
"""
import importlib
import json
import os
import sys
import tempfile

from glanceclient import shell
from keystoneauth1 import loading

# What the command imports on demand, and what takes most of its time.
for module in ("glanceclient.v2.client", "glanceclient.v2.shell", "keystoneauth1.identity", "prettytable"):
    importlib.import_module(module)
# The first plugin that is loaded reads the metadata of every Python package.
loading.get_plugin_loader("password")


def become(command, stdin, stdout, stderr):
    """Turns this process into a started command."""
    for stream, descriptor in ((stdin, 0), (stdout, 1), (stderr, 2)):
        os.dup2(stream, descriptor)
    os.chdir(command["directory"])
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv = ["/usr/bin/glance", *command["args"]]


def send(data, writer):
    """Writes standard input of the command, which may end without reading it."""
    with os.fdopen(writer, "wb") as pipe:
        try:
            pipe.write(data)
            pipe.flush()
        except BrokenPipeError:
            pass


def run(command):
    """Returns the result of a command; does not return in its process."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        if command["input"] is None:
            reader, writer = os.open(os.devnull, os.O_RDONLY), None
        else:
            reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            if writer is not None:
                os.close(writer)
            become(command, reader, stdout.fileno(), stderr.fileno())
            sys.exit(shell.main())
        os.close(reader)
        if writer is not None:
            send(command["input"].encode("latin-1"), writer)
        _, status = os.waitpid(process, 0)
        output = [read_all(stream) for stream in (stdout, stderr)]
    return {"code": os.waitstatus_to_exitcode(status), "stdout": output[0], "stderr": output[1]}


def read_all(stream):
    stream.seek(0)
    return stream.read().decode("latin-1")


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
