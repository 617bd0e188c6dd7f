"""Inspects images with the inspectors in Debian's Glance and Cinder, and prints what they say."""

import json
import sys

from cinder.image import format_inspector as cinder
from glance.common import format_inspector as glance

CHUNK = 64 * 1024


def inspect(module, path):
    """Reads all of the image, because the size of raw data is its length."""
    found = type(module.detect_file_format(path))
    names = {kind: name for name, kind in module.ALL_FORMATS.items()}
    inspector = found()
    try:
        with open(path, 'rb') as image:
            while chunk := image.read(CHUNK):
                inspector.eat_chunk(chunk)
        size = str(inspector.virtual_size)
        is_safe = inspector.safety_check()
    except Exception:
        # The callers refuse the image then.
        size = 'null'
        is_safe = False
    return {'format': names[found], 'virtualSize': size, 'isSafe': is_safe}


request = json.load(sys.stdin)
modules = {'glance': glance, 'cinder': cinder}
print(json.dumps({
    module: {name: inspect(copy, '%s/%s' % (request['directory'], name)) for name in request['names']}
    for module, copy in modules.items()
}))
