"""Removes from the volume what nothing refers to any more: prune.py <claim> <model>/<version>...

A version stays while it is wanted, that is, among the arguments; while an InferenceService or the state of a rollout names
its address, as a rollout that is taken back needs the version before; and while a pod has it mounted.
"""

import json
import os
import re
import shutil
import ssl
import sys
import urllib.request
from pathlib import Path

CACHE = Path(os.environ.get("CACHE", "/cache"))
ACCOUNT = Path(os.environ.get("SERVICE_ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount"))


def main(claim: str, *wanted: str) -> None:
    kept = set(wanted) | referred_to(claim)
    for place in sorted(CACHE.glob("[!.]*/*")):
        version = str(place.relative_to(CACHE))
        if version not in kept:
            # Out of its place first: a removal that ends half-way leaves no half of a version there.
            removed = CACHE / ".unfinished" / version
            shutil.rmtree(removed, ignore_errors=True)
            removed.parent.mkdir(parents=True, exist_ok=True)
            place.rename(removed)
            print(f"{version} is removed")
    shutil.rmtree(CACHE / ".unfinished", ignore_errors=True)


def referred_to(claim: str) -> set[str]:
    address = re.compile(rf"pvc://{re.escape(claim)}/([a-z0-9-]+/[0-9A-Za-z.-]+)")
    texts = json.dumps([listed("serving.kserve.io/v1beta1", "inferenceservices"), listed("v1", "configmaps")])
    return set(address.findall(texts)) | {path for pod in listed("v1", "pods") for path in mounted(pod["spec"], claim)}


def mounted(spec: dict, claim: str) -> set[str]:
    volumes = {
        volume["name"]
        for volume in spec.get("volumes", [])
        if volume.get("persistentVolumeClaim", {}).get("claimName") == claim
    }
    containers = spec["containers"] + spec.get("initContainers", [])
    mounts = [mount for container in containers for mount in container.get("volumeMounts", [])]
    return {mount["subPath"] for mount in mounts if mount["name"] in volumes and "subPath" in mount}


def listed(api: str, resource: str) -> list[dict]:
    """All of the pod's own namespace."""
    server = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    group = "api/v1" if api == "v1" else f"apis/{api}"
    request = urllib.request.Request(
        f"{server}/{group}/namespaces/{(ACCOUNT / 'namespace').read_text()}/{resource}",
        headers={"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}"},
    )
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    with urllib.request.urlopen(request, context=context, timeout=60) as answer:
        return json.load(answer)["items"]


if __name__ == "__main__":
    main(*sys.argv[1:])
