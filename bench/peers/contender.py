"""
A peer on one job, in a process of its own: (framework's Peer) -> measurements, requests and results as lines of JSON.

It first prints {"losses", "predictions", "prepareMs", "versions"}: the losses of the first iterations and the probabilities
of a few images before them, which must equal those of every other contender. Then it serves {"task": "train",
"iterations": n} and {"task": "predict"} with wall time, processor time and the peak memory so far.
"""

import json
import os
import resource
import struct
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np


def load_job(folder):
    """job.json with its tensors. Layers and weights have the names of the checkpoints."""
    job = SimpleNamespace(**json.loads((Path(folder) / "job.json").read_text()))
    content = (Path(folder) / "tensors.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    job.tensors = {
        name: np.frombuffer(content, "<f4", int(np.prod(entry["shape"])), 8 + length + entry["data_offsets"][0])
        .reshape(entry["shape"])
        .copy()
        for name, entry in header.items()
        if name != "__metadata__"
    }
    job.images, job.labels = job.tensors["images"], job.tensors["labels"]
    job.evaluation = job.tensors["evaluation"]
    names = {layer["name"] for layer in job.layers}
    job.weights = {
        name: values
        for name, values in job.tensors.items()
        if name.split("/")[0] in names and not name.endswith("/mask")
    }
    return job


def masks_of(job, iteration):
    """The dropout masks of a checked iteration, by layer."""
    return {layer: job.tensors[f"{layer}/mask"][iteration] for layer in job.dropoutLayers}


def measure(work):
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    work()
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wallMs": wall * 1e3, "processorMs": processor * 1e3, "peakMiB": after.ru_maxrss / 1024}


def serve(build):
    """
    `build(job, form)` returns an object with `versions`, `step(iteration, masks) -> loss` (without masks the framework draws
    its own dropout; the iteration is the index of the batch) and `predict(images) -> probabilities`.
    """
    # What a framework prints goes to standard error, away from the lines of JSON.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def send(value):
        output.write(json.dumps(value) + "\n")
        output.flush()

    job = load_job(sys.argv[1])
    start = time.perf_counter()
    peer = build(job, sys.argv[2])
    predictions = np.asarray(peer.predict(job.evaluation[: job.checkedImages])).tolist()
    losses = [float(peer.step(i, masks_of(job, i))) for i in range(job.checks)]
    peer.step(0, None)
    ready = {"losses": losses, "predictions": predictions, "prepareMs": (time.perf_counter() - start) * 1e3}
    send({**ready, "versions": peer.versions})

    position = 0
    best_batch = None

    def train(iterations):
        nonlocal position
        for _ in range(iterations):
            loss = float(peer.step(position % job.batches, None))
            position += 1
        if not np.isfinite(loss):
            raise ArithmeticError(f"training failed: found loss {loss}, expected a finite one")

    def predict(batch):
        for at in range(0, len(job.evaluation), batch):
            np.asarray(peer.predict(job.evaluation[at : at + batch]))

    def choose_batch():
        """The number of images per call that is fastest in this framework."""
        times = {}
        for batch in (100, 250, 500, 1000):
            predict(batch)
            times[batch] = min(measure(lambda: predict(batch))["wallMs"] for _ in range(2))
        return min(times, key=times.get)

    for line in sys.stdin:
        request = json.loads(line)
        if request["task"] == "train":
            send(measure(lambda: train(request["iterations"])))
        else:
            best_batch = best_batch or choose_batch()
            send({**measure(lambda: predict(best_batch)), "batch": best_batch})
