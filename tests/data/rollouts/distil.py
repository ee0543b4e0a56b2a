#!/usr/bin/env python3
"""Distils recorded rollouts into the files beside it: distil.py FOLDER-OF-RECORDINGS.

A recording is a folder with
  history.jsonl        every event of a watch of deployments, replicasets, pods and events of one namespace, a line each:
                       {"seconds": 1.2, "kind": "pods", "type": "MODIFIED", "object": {...}}; seconds count from the
                       answer to the create, by the clock of the one who watches
  pods.json            the Pods at the end (kubectl get pods -o json)
  log1-app.txt, ...    the log of container app of the first of these Pods: a line "HTTP 200", then the log

What a verdict reads is kept. A field of an object's top level that is left out is as in the line before of the same uid.
"""

import hashlib
import json
import pathlib
import re
import sys

KINDS = {"deployments": "Deployment", "replicasets": "ReplicaSet", "pods": "Pod", "events": "Event"}
HERE = pathlib.Path(__file__).parent
LATEST = 40  # seconds
LINES = 25

# Ports and folders of the machine that recorded, and long names.
PLACES = [
    (re.compile(r"127\.0\.0\.1:48237"), "registry.example:5000"),
    (re.compile(r"localhost:45055"), "registry.example:5443"),
    (re.compile(r"(?<!sha256:)\b([0-9a-f]{12})[0-9a-f]{52}\b"), r"\1"),
    (re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), r"\1"),
    (re.compile(r"/root/\.cache/pydeploy-bed/run/cluster"), "/var/lib"),
]


def pick(source, *names):
    return {name: source[name] for name in names if source.get(name) not in (None, {}, [])}


def container(c):
    kept = pick(c, "name", "image", "restartPolicy", "startupProbe", "livenessProbe", "readinessProbe", "resources")
    command = c.get("command", []) + c.get("args", [])
    if command:
        # Templates are told apart by it; what it says is the log's to tell.
        kept["command"] = [command[0], hashlib.sha256(json.dumps(command).encode()).hexdigest()[:8]]
    return kept


def pod_spec(spec):
    kept = pick(spec, "imagePullSecrets", "schedulingGates", "nodeSelector")
    kept["containers"] = [container(c) for c in spec.get("containers", [])]
    if spec.get("initContainers"):
        kept["initContainers"] = [container(c) for c in spec["initContainers"]]
    claims = [v for v in spec.get("volumes", []) if v.keys() & {"persistentVolumeClaim", "secret", "configMap"}]
    if claims:
        kept["volumes"] = claims
    return kept


def template(t):
    return {"metadata": pick(t.get("metadata", {}), "labels"), "spec": pod_spec(t.get("spec", {}))}


def metadata(m):
    kept = pick(m, "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")
    revision = m.get("annotations", {}).get("deployment.kubernetes.io/revision")
    if revision:
        kept["annotations"] = {"deployment.kubernetes.io/revision": revision}
    owners = [{"apiVersion": "", **pick(o, "kind", "name", "uid", "controller")} for o in m.get("ownerReferences", [])]
    if owners:
        kept["ownerReferences"] = owners
    return kept


def statuses(status, field):
    keep = ("name", "state", "lastState", "ready", "started", "restartCount", "image", "imageID")
    return [{name: s[name] for name in keep if name in s} | {"imageID": ""} for s in status.get(field, [])]


def distilled(kind, o):
    if kind == "Event":
        kept = pick(o, "reason", "message", "type", "count", "series", "firstTimestamp", "lastTimestamp", "eventTime")
        kept["metadata"] = pick(o["metadata"], "uid", "resourceVersion")
        kept.pop("firstTimestamp", None)
        if kept.get("type") == "Normal":
            kept.pop("type")
        kept["involvedObject"] = pick(o["involvedObject"], "kind", "name", "uid", "fieldPath")
        return kept
    spec, status = o.get("spec", {}), o.get("status", {})
    kept = {"metadata": metadata(o["metadata"])}
    if kind == "Pod":
        kept["spec"] = pod_spec(spec)
        kept["status"] = pick(status, "phase", "reason", "message", "nominatedNodeName")
        wanted = ("PodScheduled", "Ready")
        conditions = [pick(c, "type", "status", "reason", "message") for c in status.get("conditions", [])]
        kept["status"]["conditions"] = [c for c in conditions if c["type"] in wanted]
        for field in ("initContainerStatuses", "containerStatuses"):
            if status.get(field):
                kept["status"][field] = statuses(status, field)
        return kept
    kept["spec"] = pick(spec, "replicas", "paused", "progressDeadlineSeconds", "minReadySeconds", "selector")
    if kind == "ReplicaSet":
        kept["spec"].pop("selector", None)
    kept["spec"].setdefault("selector", {})
    kept["spec"]["template"] = template(spec.get("template", {}))
    kept["status"] = {name: value for name, value in status.items() if name != "conditions"}
    conditions = [pick(c, "type", "status", "reason", "message") for c in status.get("conditions", [])]
    if conditions:
        kept["status"]["conditions"] = conditions
    if kind == "ReplicaSet":
        kept["status"].setdefault("replicas", 0)
    return kept


def logs(folder):
    pods = [p["metadata"]["name"] for p in json.loads((folder / "pods.json").read_text())["items"]]
    found = {}
    for path in sorted(folder.glob("log*-*.txt")):
        match = re.fullmatch(r"log(\d+)-(.+?)(-previous)?\.txt", path.name)
        head, _, text = path.read_text(errors="replace").partition("\n")
        number = int(match[1])
        if head == "HTTP 200" and text.strip() and not text.startswith("unable to retrieve") and number <= len(pods):
            key = f"{pods[number - 1]}/{match[2]}"
            if key not in found or not match[3]:
                found[key] = "\n".join(text.splitlines()[-LINES:]) + "\n"
    return found


def main(recordings):
    for folder in sorted(p.parent for p in pathlib.Path(recordings).glob("*/history.jsonl")):
        lines, known = [], {}
        if found := logs(folder):
            lines.append({"logs": found})
        for line in (folder / "history.jsonl").read_text().splitlines():
            event = json.loads(line)
            if event["seconds"] > LATEST:
                break
            kind, o = KINDS[event["kind"]], event["object"]
            new = distilled(kind, o)
            old = known.setdefault(o["metadata"]["uid"], {})
            changed = {name: value for name, value in new.items() if old.get(name) != value}
            changed["metadata"] = new["metadata"]
            if old:
                changed["metadata"] = {"uid": o["metadata"]["uid"]} | {
                    name: value for name, value in new["metadata"].items() if old["metadata"].get(name) != value
                }
            known[o["metadata"]["uid"]] = new
            lines.append({"at": event["seconds"], "is": event["type"], "kind": kind, "object": changed})
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        for pattern, instead in PLACES:
            text = pattern.sub(instead, text)
        (HERE / f"{folder.name}.jsonl").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
