"""Makes edits of images as other clients make them, one JSON result per edit.

On standard input: {"auth": Keystone's URL and who signs in, "endpoint": URL of Glance, "client":
"openstacksdk" or "glanceclient", "edits": [{"id", "base", "set", "remove"}, ...]}. "base" are
properties that Glance knows, "set" and "remove" custom ones. A result is null, or what was raised.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")


def by_glanceclient(auth, endpoint):
    from glanceclient import client
    from keystoneauth1 import session
    from keystoneauth1.identity import v3

    images = client.Client(
        "2", session=session.Session(v3.Password(**auth)), endpoint=endpoint
    ).images

    def edit(it):
        images.update(it["id"], remove_props=it["remove"], **it["base"], **it["set"])

    return edit


def by_openstacksdk(auth, endpoint):
    import openstack

    images = openstack.connect(auth=auth, image_endpoint_override=endpoint).image

    def edit(it):
        image = images.get_image(it["id"])
        # As "openstack image set" and "openstack image unset" do it.
        kept = {k: v for k, v in image.properties.items() if k not in it["remove"]}
        images.update_image(image, properties={**kept, **it["set"]}, **it["base"])

    return edit


def attempt(edit, it):
    try:
        edit(it)
        return None
    except Exception as error:
        return f"{type(error).__name__}: {error}"


CLIENTS = {"glanceclient": by_glanceclient, "openstacksdk": by_openstacksdk}

job = json.load(sys.stdin)
edit = CLIENTS[job["client"]](job["auth"], job["endpoint"])
json.dump([attempt(edit, it) for it in job["edits"]], sys.stdout)
