/**
 * The overhead of the train stage over the engine, measured from inside the stage in one process on the same batches. Also the
 * times a user waits: from `run` and from `resume` to the first iteration, with a warm cache.
 *
 *   pnpm bench:stage [--json] [--experiment experiments/cnn.ts] [--iterations 1000] [--engine auto]
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Logger, Tracer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { Engine, type Trainer } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import { engineNames } from "../schemas/EngineInfo.ts"
import { StopSignal } from "../pipeline/StopSignal.ts"
import { execute } from "../pipeline/execute.ts"
import { loadExperiment } from "../pipeline/experimentFile/load.ts"
import { Display } from "../pipeline/Display.ts"
import { fingerprint } from "../schemas/experiment/fingerprint.ts"
import { formatVersion } from "../schemas/Run.ts"
import { createRun } from "../storage/runDirectory.ts"
import { cli, untilIteration } from "./untilIteration.ts"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    experiment: { type: "string", default: "experiments/cnn.ts" },
    iterations: { type: "string", default: "1000" },
    engine: { type: "string", default: "auto" },
  },
})
const engineName = engineNames.find((name) => name === options.engine)
if (engineName === undefined)
  throw new Error(`--engine: found ${options.engine}, expected ${engineNames.join(", ")}`)
const iterations = Number(options.iterations)

const spent = { compile: 0, train: 0, predict: 0, state: 0 }

const timed =
  (what: keyof typeof spent) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const startedAt = performance.now()
      return Effect.ensuring(
        effect,
        Effect.sync(() => (spent[what] += performance.now() - startedAt)),
      )
    })

/** The engine, adding up the time of its calls. */
const timedEngine = (engine: Engine["Service"]): Engine["Service"] => ({
  info: engine.info,
  compile: (program) =>
    engine.compile(program).pipe(
      timed("compile"),
      Effect.map((trainer): Trainer => ({
        ...trainer,
        train: (count, feeds) => trainer.train(count, feeds).pipe(timed("train")),
        predict: (images) => trainer.predict(images).pipe(timed("predict")),
        state: trainer.state.pipe(timed("state")),
      })),
    ),
})

/** Milliseconds by the name of a span, added up. */
const inSpans = new Map<string, number>()
/** What the engine had spent when training ended. */
let inTraining = { ...spent }
const addingTracer = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    const end = span.end.bind(span)
    span.end = (endTime, exit) => {
      const milliseconds = Number(endTime - options.startTime) / 1e6
      inSpans.set(span.name, (inSpans.get(span.name) ?? 0) + milliseconds)
      if (span.name === "train") inTraining = { ...spent }
      end(endTime, exit)
    }
    return span
  },
})

const scratch = mkdtempSync(join(tmpdir(), "tidemark-bench-"))
const runsDir = join(scratch, "runs")
const dataDir = join(scratch, "data")

/** The whole pipeline on the timed engine. The stage's time is taken from its record. */
const runPipeline = Effect.gen(function* () {
  const engine = timedEngine(yield* Engine)
  const { experiment } = yield* loadExperiment(options.experiment, { iterations })
  const print = fingerprint(experiment)
  const run = yield* createRun({
    runsDir,
    name: experiment.name,
    fingerprint: print,
    prepare: () => Effect.void,
    describe: (id, createdAt) => ({
      formatVersion,
      id,
      createdAt,
      experiment,
      experimentFile: { path: options.experiment, fingerprint: print },
      overrides: { iterations },
      fingerprint: print,
      dataDir,
      engine: engine.info,
    }),
  })
  const report = yield* execute({ run, experiment, fingerprint: print, extendedTo: null }).pipe(
    Effect.provideService(Engine, engine),
  )
  const stageMs = report.timings.find(({ name }) => name === "train")?.durationMs ?? Number.NaN
  return { stageMs, engine: engine.info }
})

const quiet = Layer.mock(Display, {
  line: () => {},
  progress: () => Effect.void,
  clear: () => {},
})

const { engine, stageMs } = await Effect.runPromise(
  runPipeline.pipe(
    Effect.withTracer(addingTracer),
    Effect.provide(selectEngine(engineName)),
    Effect.provide([quiet, StopSignal.layer]),
    Effect.provide(FetchHttpClient.layer),
    Effect.provide(NodeServices.layer),
    Effect.provide(Logger.layer([])),
  ),
)
/** The experiment with a metric row for each iteration, so that the first one can be seen. */
const watched = join(scratch, "watched.ts")
const imported = JSON.stringify(pathToFileURL(resolve(options.experiment)).href)
writeFileSync(watched, `import base from ${imported}\nexport default { ...base, recordEvery: 1 }\n`)
const run = ["run", watched, "--engine", engineName, "--data-dir", dataDir]
const startMs = await untilIteration([...run, "--iterations", "1000000"], join(scratch, "started"), 0)
const resumed = join(scratch, "resumed")
// A run with a checkpoint to resume from.
execFileSync(process.execPath, [cli, ...run, "--iterations", "2", "--runs-dir", resumed], { stdio: "pipe" })
const resumeMs = await untilIteration(["resume", "latest", "--iterations", "1000000"], resumed, 2)
rmSync(scratch, { recursive: true, force: true })

const stageOnly = stageMs - spent.compile
// Reading the state is counted here, although the histograms of an evaluation read it as well.
const checkpointMs =
  inTraining.state + (inSpans.get("saveCheckpoint") ?? 0) + (inSpans.get("pruneCheckpoints") ?? 0)
const result = {
  machine: { processor: cpus()[0].model, cores: cpus().length, node: process.version },
  engine,
  experiment: options.experiment,
  iterations,
  engineMsPerIteration: spent.train / iterations,
  stageMsPerIteration: stageOnly / iterations,
  compileMs: spent.compile,
  checkpointMs,
  evaluationMs: inTraining.predict,
  startMs,
  resumeMs,
  peakMiB: process.resourceUsage().maxRSS / 1024,
}
if (options.json) console.log(JSON.stringify(result, undefined, 2))
else {
  console.log(
    `${result.machine.processor}, ${result.machine.cores} cores, Node ${result.machine.node}, ${engine.name} ${engine.path}`,
  )
  console.log(`engine alone            ${result.engineMsPerIteration.toFixed(2)} ms per iteration`)
  console.log(
    `whole stage             ${result.stageMsPerIteration.toFixed(2)} ms per iteration, with evaluations and checkpoints`,
  )
  console.log(
    `stage over engine       ${(result.stageMsPerIteration / result.engineMsPerIteration).toFixed(3)}`,
  )
  console.log(`evaluations             ${((100 * inTraining.predict) / stageOnly).toFixed(2)} % of the stage`)
  console.log(`checkpoints             ${((100 * checkpointMs) / stageOnly).toFixed(2)} % of the stage`)
  console.log(`compile                 ${result.compileMs.toFixed(0)} ms`)
  console.log(`run to first iteration  ${(startMs / 1000).toFixed(1)} s`)
  console.log(`resume to the next one  ${(resumeMs / 1000).toFixed(1)} s`)
  console.log(`peak memory             ${result.peakMiB.toFixed(0)} MiB`)
}
