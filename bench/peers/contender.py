"""
One peer on one job, in a process of its own: (framework's Peer) -> answers to lines of JSON, in lines of JSON.

It begins by itself with {"losses", "answers", "prepareMs", "versions"}: the losses of the first iterations and the
probabilities of a few images before them, which must be those of every other contender. Then {"sample": "train",
"iterations": n} and {"sample": "predict"} are each answered with wall and processor time and the peak memory so far.
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
    """job.json with its tensors; names of layers and weights are those of the checkpoints."""
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
    job.weights = {
        f"{layer['name']}/{kind}": job.tensors[f"{layer['name']}/{kind}"]
        for layer in job.layers
        if layer["kind"] in ("conv2d", "dense")
        for kind in ("kernel", "bias")
    }
    return job


def noise_of(job, iteration):
    """The dropout masks of a checked iteration, by layer."""
    return {layer: job.tensors[f"mask/{layer}"][iteration] for layer in job.noisyLayers}


def measured(work):
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    work()
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wallMs": wall * 1e3, "processorMs": processor * 1e3, "peakMiB": after.ru_maxrss / 1024}


def serve(build):
    """
    `build(job, form)` answers `versions`, `step(iteration, noise) -> loss` (noise None: the framework draws its own
    dropout; the iteration says which of the batches) and `predict(images) -> probabilities`.
    """
    # What a framework prints is not for whoever asked.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    job = load_job(sys.argv[1])
    start = time.perf_counter()
    peer = build(job, sys.argv[2])
    checked = np.asarray(peer.predict(job.evaluation[: job.checkedImages])).tolist()
    losses = [float(peer.step(i, noise_of(job, i))) for i in range(job.checks)]
    peer.step(0, None)
    ready = {"losses": losses, "answers": checked, "prepareMs": (time.perf_counter() - start) * 1e3}
    answer({**ready, "versions": peer.versions})

    position = 0
    best_batch = None

    def train(iterations):
        nonlocal position
        for _ in range(iterations):
            loss = float(peer.step(position % job.batches, None))
            position += 1
        if not np.isfinite(loss):
            raise ArithmeticError(f"the loss is {loss}")

    def predict(batch):
        for at in range(0, len(job.evaluation), batch):
            np.asarray(peer.predict(job.evaluation[at : at + batch]))

    def choose_batch():
        """As many images a call as suit the framework best here."""
        times = {}
        for batch in (100, 250, 500, 1000):
            predict(batch)
            times[batch] = min(measured(lambda: predict(batch))["wallMs"] for _ in range(2))
        return min(times, key=times.get)

    for line in sys.stdin:
        request = json.loads(line)
        if request["sample"] == "train":
            answer(measured(lambda: train(request["iterations"])))
        else:
            best_batch = best_batch or choose_batch()
            answer({**measured(lambda: predict(best_batch)), "batch": best_batch})
