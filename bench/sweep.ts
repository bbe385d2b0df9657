/**
 * What a sweep costs next to its trials, and how good its proposals are.
 *
 *   pnpm bench:sweep [--json] [--trials 1000] [--seeds 30] [--sweep FILE --runs DIR]
 *
 * - The journal of a sweep of so many trials: reading it and deciding what comes next, and the whole of `show`.
 * - The regret after 60 trials of two functions whose minimum is known: Branin's, and Hartmann's with six parameters.
 *   `peers/tpe.py` measures the same with Optuna and Hyperopt.
 * - With a sweep that has ended and its runs: the same command without its journal, on a copy. It finds all its trainings
 *   again and does none, so its processor time is that of the sweep itself.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { table } from "../cli/render/table.ts"
import { nextStep, stateOf } from "../operations/sweep/decide.ts"
import { drawRandom } from "../operations/sweep/draw.ts"
import { type Place, placesOf } from "../operations/sweep/space.ts"
import { drawTpe, type Observation } from "../operations/sweep/tpe.ts"
import type { Assignment } from "../schemas/Sweep.ts"
import { parseJournal } from "../storage/sweeps.ts"
import { byRate, define, play } from "../test/fixtures/simulatedSweep.ts"
import { branin, hartmann6, type KnownFunction } from "../test/fixtures/knownFunctions.ts"
import { writeSweep } from "../test/fixtures/writeSweep.ts"
import { pipeline } from "./pipeline.ts"
import { median, quartiles } from "./quartiles.ts"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    trials: { type: "string", default: "1000" },
    seeds: { type: "string", default: "30" },
    sweep: { type: "string" },
    runs: { type: "string" },
  },
})
const scratch = mkdtempSync(join(tmpdir(), "tidemark-bench-"))
const times = 5

const measureJournal = () => {
  const trials = Number(options.trials)
  const definition = define({ kind: "tpe", startup: 10, batch: 5 }, trials)
  const folder = writeSweep(scratch, definition, play(definition, byRate).records)
  const text = readFileSync(join(folder, "journal.ndjson"), "utf8")
  const open = () => {
    const startedAt = performance.now()
    nextStep(definition, stateOf(parseJournal(text).records))
    return performance.now() - startedAt
  }
  const openMs = Array.from({ length: times }, open)
  const shown = Array.from({ length: times }, () =>
    pipeline("show", "sweep:simulated", "--runs-dir", scratch),
  )
  return {
    trials,
    openMs: median(openMs),
    showSeconds: median(shown.map(({ seconds }) => seconds)),
    showProcessorSeconds: median(shown.map(({ processor }) => processor)),
  }
}

/** Draws a trial from what is known of the ones before it, and from those that are proposed with it. */
type Draw = (
  places: ReadonlyArray<Place>,
  trial: number,
  known: ReadonlyArray<Observation>,
  proposed: ReadonlyArray<Assignment>,
) => Assignment

/** The lowest of 60 values, less the minimum of the function; proposals come in batches. */
const regretOf = ({ at, limits }: KnownFunction, draw: Draw, batch: number) => {
  const places = placesOf(
    Object.fromEntries(
      limits.map(([low, high], i) => [`x${i}`, { parameter: "uniform", low, high } as const]),
    ),
  )
  const known: Array<Observation> = []
  while (known.length < 60) {
    const size = Math.min(known.length === 0 ? 10 : batch, 60 - known.length)
    const parameters: Array<Assignment> = []
    for (let i = 0; i < size; i++) parameters.push(draw(places, known.length + i, known, parameters))
    known.push(
      ...parameters.map((drawn) => ({ parameters: drawn, value: at(limits.map((_, i) => drawn[`x${i}`])) })),
    )
  }
  return Math.min(...known.map(({ value }) => value))
}

const measureRegret = () => {
  const seeds = Array.from({ length: Number(options.seeds) }, (_, seed) => seed)
  const random =
    (seed: number): Draw =>
    (places, trial) =>
      drawRandom(seed, places, trial)
  const parzen =
    (seed: number): Draw =>
    (places, trial, known, proposed) =>
      known.length === 0 ? drawRandom(seed, places, trial) : drawTpe(seed, places, trial, known, proposed)
  const contenders = [
    ["random", random, 1],
    ["tpe, batches of 1", parzen, 1],
    ["tpe, batches of 5", parzen, 5],
  ] as const
  return [branin, hartmann6].flatMap((known) =>
    contenders.map(([strategy, draw, batch]) => ({
      function: known.name,
      strategy,
      ...quartiles(seeds.map((seed) => regretOf(known, draw(seed), batch))),
    })),
  )
}

/** Seconds of a sweep that trains nothing, because its runs exist. */
const measureOwn = (sweep: string, runs: string) => {
  const copy = join(scratch, "runs")
  cpSync(runs, copy, { recursive: true })
  for (const name of readdirSync(join(copy, "sweeps"))) {
    for (const file of ["journal.ndjson", "result.json"])
      rmSync(join(copy, "sweeps", name, file), { force: true })
  }
  return pipeline("sweep", sweep, "--runs-dir", copy)
}

try {
  const journal = measureJournal()
  const regret = measureRegret()
  const own =
    options.sweep === undefined || options.runs === undefined ? null : measureOwn(options.sweep, options.runs)
  if (options.json) console.log(JSON.stringify({ journal, regret, own }, null, 2))
  else {
    const { openMs, showProcessorSeconds, showSeconds, trials } = journal
    console.log(
      `a journal of ${trials} trials: ${openMs.toFixed(0)} ms to open and decide, ${showSeconds.toFixed(2)} s for show, ${showProcessorSeconds.toFixed(2)} s of processor time`,
    )
    const rows = regret.map(({ function: name, lower, median, strategy, upper }) => [
      name,
      strategy,
      ...[lower, median, upper].map((value) => value.toPrecision(2)),
    ])
    console.log(`\n${table(["regret after 60 trials", "", "quartile", "median", "quartile"], rows)}`)
    if (own !== null) {
      console.log(
        `\nthe sweep itself: ${own.processor.toFixed(1)} s of processor time, ${own.seconds.toFixed(1)} s`,
      )
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
