"""Keystone for the live tests, with one thread per request: CONFIG PORT [PASSWORD]

With a password of the administrator, it first prepares an empty database.

keystone-manage takes seconds to import, and keystone-wsgi-public answers one request at a time;
here one process imports once, forks for each keystone-manage command, and serves from threads.
"""

import os
import socketserver
import sys
from wsgiref import simple_server

from keystone.catalog.backends import sql  # noqa: F401  the templated catalog needs its tables
from keystone.cmd import cli
from keystone.server.flask import core
from oslo_log import log


# Where eventlet is installed, oslo.log makes the locks of all log handlers green. Between threads, such
# a lock is never released to a thread that waits for it: all further requests would hang.
log._fix_eventlet_logging = lambda: None


class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        """Keystone's own log names every request already."""


def manage(config, *command):
    pid = os.fork()
    if pid == 0:
        try:
            cli.main(["keystone-manage", "--config-file", config, *command])
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("keystone-manage %s failed" % command[0])


def prepare(config, password):
    owner = ["--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())]
    manage(config, "fernet_setup", *owner)
    manage(config, "credential_setup", *owner)
    manage(config, "db_sync")
    manage(config, "bootstrap", "--bootstrap-password", password)


def main(config, port, *password):
    if password:
        prepare(config, *password)
    application = core.initialize_application(name="public", config_files=[config])
    server = Server(("127.0.0.1", int(port)), Handler)
    server.set_app(application)
    server.serve_forever()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    del sys.argv[1:]  # Keystone would read them as its own
    main(*arguments)
