/** Processes of workers and of an ensemble that waits for them: (scratch folder) -> what tests start and look at. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { reached, resultOf } from "../../fixtures/runFiles.ts"
import { smallMnist } from "../../fixtures/smallMnist.ts"
import tinySweep from "../../fixtures/tinySweep.ts"
import { strategies } from "../../../schemas/index.ts"

export const makeWorkers = (scratch: string) => {
  const experiment = smallMnist(join(scratch, "small-mnist"))
  const pair = join(scratch, "pair.ts")
  const members = [0, 1].map((seed) => ({ ...experiment, seed }))
  writeFileSync(pair, `export default ${JSON.stringify({ name: "pair", members })}\n`)

  const places = (name: string) => [
    `--runs-dir=${join(scratch, name)}`,
    `--data-dir=${join(scratch, "data")}`,
  ]
  const queueOf = (name: string) => `--queue=${join(scratch, `${name}-queue`)}`
  const ensemble = (name: string, iterations: number) => [
    "run",
    pair,
    `--iterations=${iterations}`,
    "--engine=onnx",
    ...places(name),
  ]
  const workerWords = (name: string, ...more: ReadonlyArray<string>) => [
    "worker",
    queueOf(name),
    "--threads=1",
    ...places(name),
    ...more,
  ]
  const runsOf = (name: string) => {
    const folder = join(scratch, name)
    return existsSync(folder) ? readdirSync(folder).filter((run) => /^\d{8}T/.test(run)) : []
  }

  /** Waits until `count` runs have checkpoints, the newest of at least `iteration`. */
  const untilTrained = async (name: string, count: number, iteration: number) => {
    for (let waited = 0; waited < 120_000; waited += 10) {
      const runs = runsOf(name).map((run) => join(scratch, name, run))
      if (runs.length >= count && reached(runs.at(-1) ?? "") >= iteration) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`no run reached iteration ${iteration}`)
  }

  /** The results of the runs of a folder by seed. */
  const resultsOf = (name: string) =>
    Object.fromEntries(
      runsOf(name).map((run) => {
        const path = join(scratch, name, run)
        const { experiment } = JSON.parse(readFileSync(join(path, "run.json"), "utf8"))
        return [experiment.seed, resultOf(path)]
      }),
    )

  const halving = join(scratch, "halving.ts")
  const base = { ...experiment, budget: { iterations: 90 }, evaluateEvery: 10 }
  const sweep = {
    ...tinySweep,
    base: { ...base, split: { kind: "standard", validation: 500 } },
    strategy: strategies.halving({ factor: 3, rungs: 2 }),
    trials: 3,
    retrain: { top: 1, seeds: 2 },
  }
  writeFileSync(halving, `export default ${JSON.stringify(sweep)}\n`)

  return {
    experiment,
    /** A sweep, `tiny-rates`, whose three trials are halved once. */
    sweep: (name: string, ...more: ReadonlyArray<string>) => [
      "sweep",
      halving,
      "--engine=onnx",
      ...places(name),
      ...more,
    ],
    places,
    queueOf,
    ensemble,
    workerWords,
    startWorker: (name: string, ...more: ReadonlyArray<string>) => start(...workerWords(name, ...more)),
    runsOf,
    untilTrained,
    resultsOf,
  }
}

/** The same in a folder of its own for a test file, which is removed after its tests. */
export const makeScratchWorkers = () => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-worker-"))
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))
  return { scratch, ...makeWorkers(scratch) }
}
