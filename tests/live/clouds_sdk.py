"""Reads clouds as openstacksdk does: cases as JSON on stdin, what it makes of each on stdout."""

import importlib
import json
import os
import sys
import warnings

from openstack.config import loader

warnings.simplefilter("ignore")


def read(case):
    os.environ.clear()
    os.environ.update(case["environment"])
    os.chdir(case["directory"])
    # The search path is made of folder and variables when the module is loaded.
    importlib.reload(loader)
    region_name = os.environ.get("OS_REGION_NAME")
    region = loader.OpenStackConfig().get_one(region_name=region_name)
    verify, cert = region.get_requests_verify_args()
    return {
        "name": region.name,
        "authType": region.config["auth_type"],
        "auth": region.config["auth"],
        "regionName": region.get_region_name("image"),
        "interface": region.get_interface("image"),
        "endpoint": region.get_endpoint("image"),
        "timeout": region.config["api_timeout"],
        "verify": verify,
        "cert": cert,
    }


def attempt(case):
    try:
        return read(case)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


json.dump([attempt(case) for case in json.load(sys.stdin)], sys.stdout)
