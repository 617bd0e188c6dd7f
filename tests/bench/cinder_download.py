"""Downloads an image through cinder's own service, once for each line on standard input.

The first line is JSON: servers, token, image, and the facts of the caller. After that, each line
downloads the image to /dev/null and is answered with a line.
"""

import json
import os
import sys

from cinder.common import config  # noqa: F401  registers the options
from cinder import context
from cinder.image import glance
from oslo_config import cfg

CONF = cfg.CONF


def main():
    script = json.loads(sys.stdin.readline())
    CONF([], project="cinder", default_config_files=[], default_config_dirs=[])
    CONF.set_override("glance_api_servers", script["servers"])
    caller = context.RequestContext(
        script["userId"], script["projectId"], auth_token=script["token"], is_admin=False
    )
    service = glance.GlanceImageService()
    print("ready", flush=True)
    for _ in sys.stdin:
        with open(os.devnull, "wb") as sink:
            service.download(caller, script["image"], data=sink)
        print("done", flush=True)


if __name__ == "__main__":
    main()
