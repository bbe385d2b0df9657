"""
MNIST from IDX files, and the recipes' splits: what both Python jobs share.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass
class Arguments:
    network: str
    iterations: int
    seed: int
    data: Path
    threads: int


def arguments():
    network, iterations, seed, data, threads = sys.argv[1:]
    return Arguments(network, int(iterations), int(seed), Path(data), int(threads))


def read_idx(path):
    data = np.fromfile(path, np.uint8)
    dimensions = data[3]
    shape = data[4 : 4 + 4 * dimensions].view(">i4")
    return data[4 + 4 * dimensions :].reshape(shape)


def load(folder, network, seed):
    """Training and test examples, pixels from 0 to 1. The validation examples of the recipe are left out."""
    images, labels, test_images, test_labels = (
        read_idx(folder / name)
        for name in (
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        )
    )
    if network == "mlp":
        # A fifth of all images is for the test, and 2 % of the others for validation.
        images, labels = np.concatenate((images, test_images)), np.concatenate((labels, test_labels))
        order = np.random.default_rng(seed).permutation(len(images))
        test, train = order[:14_000], order[14_000 + 1120 :]
    else:
        order = np.random.default_rng(seed).permutation(len(images))
        train, test = order[5000:], None
    x, y = images[train], labels[train]
    x_test, y_test = (test_images, test_labels) if test is None else (images[test], labels[test])
    return x.astype(np.float32) / 255, y.astype(np.int64), x_test.astype(np.float32) / 255, y_test.astype(np.int64)
