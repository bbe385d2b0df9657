"""
Tree-structured Parzen estimators of Optuna and Hyperopt: what `operations/sweep/tpe.ts` is compared with.

    python3 -m venv env && env/bin/pip install optuna hyperopt "setuptools<81"
    env/bin/python bench/peers/tpe.py densities    # the values in test/operations/sweep/tpe.test.ts
    env/bin/python bench/peers/tpe.py regret       # next to `pnpm bench:sweep`
"""

import json
import math
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")

sets = [[0.5], [0.1, 0.15, 0.7], [0.02, 0.2, 0.21, 0.22, 0.5, 0.9, 0.97]]
at = [0.0, 0.05, 0.2, 0.5, 0.71, 1.0]
seeds = 30
trials = 60


def densities():
    import optuna
    from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters

    parameters = _ParzenEstimatorParameters(
        prior_weight=1.0,
        consider_magic_clip=True,
        consider_endpoints=False,
        weights=lambda n: np.ones(n),
        multivariate=True,
    )
    space = {"x": optuna.distributions.FloatDistribution(0, 1)}
    rows = []
    for values in sets:
        estimator = _ParzenEstimator({"x": np.array(values)}, space, parameters)
        rows.append([float(p) for p in np.exp(estimator.log_pdf({"x": np.array(at)}))])
    print(optuna.__version__, json.dumps(rows))

    space = {
        "rate": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
        "size": optuna.distributions.CategoricalDistribution([10, 20, 50]),
        "x": optuna.distributions.FloatDistribution(0, 1),
    }
    observed = [(1e-3, 1, 0.3), (2e-3, 1, 0.4), (5e-2, 0, 0.9), (1e-4, 2, 0.1), (1e-1, 2, 0.5), (4e-3, 0, 0.25)]
    points = [(1.5e-3, 1, 0.35), (1e-2, 0, 0.9), (1e-4, 2, 0.0), (8e-2, 1, 0.7)]
    columns = lambda rows: {name: np.array([row[i] for row in rows]) for i, name in enumerate(space)}
    l = _ParzenEstimator(columns(observed[:2]), space, parameters)
    g = _ParzenEstimator(columns(observed[2:]), space, parameters)
    score = l.log_pdf(columns(points)) - g.log_pdf(columns(points))
    print(json.dumps([float(value) for value in score]))


def branin(x1, x2):
    inner = x2 - 5.1 / (4 * math.pi**2) * x1**2 + 5 / math.pi * x1 - 6
    return inner**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x1) + 10 - 0.39788735772973816


hartmann_a = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
hartmann_p = [
    [1312, 1696, 5569, 124, 8283, 5886],
    [2329, 4135, 8307, 3736, 1004, 9991],
    [2348, 1451, 3522, 2883, 3047, 6650],
    [4047, 8828, 8732, 5743, 1091, 381],
]
hartmann_c = [1, 1.2, 3, 3.2]


def hartmann(*x):
    total = 0
    for c, row, places in zip(hartmann_c, hartmann_a, hartmann_p):
        total += c * math.exp(-sum(a * (value - p / 10000) ** 2 for a, value, p in zip(row, x, places)))
    return 3.32236801141551 - total


functions = {
    "Branin": (branin, [(-5, 10), (0, 15)]),
    "Hartmann, 6 parameters": (hartmann, [(0, 1)] * 6),
}


def with_optuna(function, limits, seed, multivariate=True):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=10, multivariate=multivariate)
    study = optuna.create_study(sampler=sampler)
    study.optimize(
        lambda trial: function(*(trial.suggest_float(f"x{i}", *limit) for i, limit in enumerate(limits))),
        n_trials=trials,
    )
    return study.best_value


def with_optuna_by_parameter(function, limits, seed):
    return with_optuna(function, limits, seed, multivariate=False)


def with_hyperopt(function, limits, seed):
    from functools import partial

    from hyperopt import fmin, hp, tpe

    values = []

    def measured(point):
        values.append(function(*point))
        return values[-1]

    fmin(
        measured,
        [hp.uniform(f"x{i}", *limit) for i, limit in enumerate(limits)],
        algo=partial(tpe.suggest, n_startup_jobs=10),
        max_evals=trials,
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
    )
    return min(values)


def regret():
    for name, (function, limits) in functions.items():
        for peer in (with_optuna, with_optuna_by_parameter, with_hyperopt):
            found = sorted(peer(function, limits, seed) for seed in range(seeds))
            quartiles = [float(np.quantile(found, q)) for q in (0.25, 0.5, 0.75)]
            print(name, peer.__name__[5:], "quartiles of the regret:", *(f"{q:.3g}" for q in quartiles))


{"densities": densities, "regret": regret}[sys.argv[1]]()
