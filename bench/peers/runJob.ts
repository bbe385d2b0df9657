/**
 * Measures all contenders on one job: (job, folder, commands) -> a row for each, and the floor.
 *
 * All must compute the same first losses and the same probabilities. Then they take turns, so that other load on the machine
 * affects all of them. The first round is not counted.
 */
import { loadavg } from "node:os"
import { setTimeout } from "node:timers/promises"
import { quartiles } from "../quartiles.ts"
import type { Measurement, Ready } from "./contender.ts"
import { contenders } from "./contenders.ts"
import { adamBytes, copyBytes, multiplicationFlops } from "./floor.ts"
import { checks, type Job } from "./job.ts"
import type { Result, Row } from "./table.ts"
import { type Command, Worker } from "./Worker.ts"

export interface Options {
  readonly rounds: number
  readonly turnMs: number
  /** Whether predictions are measured as well. */
  readonly isPredicting: boolean
  readonly log: (line: string) => void
  /** A contender failed, or computes something else. */
  readonly reportError: (line: string) => void
}

/** A contender whose process has started. */
interface Started {
  readonly name: string
  readonly worker: Worker
  readonly ready: Ready
  /** In a turn. */
  readonly iterations: number
  readonly trained: Array<Measurement>
  readonly predicted: Array<Measurement>
}

const tolerance = 1e-4

/** The largest difference; of values above one, such as a first loss, as a share of the value. */
const largestDifference = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.max(1, Math.abs(b[i]))))

/** Reports an error unless both compute the same. */
const compare = (job: Job, first: Started, { name, ready }: Started, { reportError }: Options) => {
  const losses = largestDifference(ready.losses, first.ready.losses)
  const predictions = largestDifference(ready.predictions.flat(), first.ready.predictions.flat())
  if (losses <= tolerance && predictions <= tolerance) return
  reportError(
    `${job.name}: ${name} and ${first.name} differ: found first ${checks} losses ${ready.losses.join(", ")} and ${first.ready.losses.join(", ")}, up to ${losses.toExponential(1)} apart, and probabilities up to ${predictions.toExponential(1)} apart; expected ${tolerance.toExponential(0)} at most`,
  )
}

const start = async (name: string, command: Command, turnMs: number): Promise<Started> => {
  const worker = new Worker(command)
  try {
    const ready = await worker.ready()
    const train = async () => (await worker.measure({ task: "train", iterations: 1 })).wallMs
    // Twice, because the first iteration may be slow.
    const first = await train()
    const iterationMs = first > turnMs ? first : Math.min(first, await train())
    const iterations = Math.max(1, Math.min(100, Math.round(turnMs / iterationMs)))
    return { name, worker, ready, iterations, trained: [], predicted: [] }
  } catch (error) {
    await worker.end()
    throw error
  }
}

/** Each round begins with another one. */
const takeTurns = async <T>(
  all: ReadonlyArray<T>,
  rounds: number,
  turn: (each: T, isCounted: boolean) => Promise<void>,
) => {
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < all.length; i++) {
      // The threads of the one before may still spin.
      await setTimeout(20)
      await turn(all[(i + round) % all.length], round > 0)
    }
  }
}

/** The floor's measurements: of multiplications and of copies. */
type FloorMeasurements = Record<"multiplications" | "copies", Array<Measurement>>

const measureTraining = async (started: ReadonlyArray<Started>, floor: Worker, rounds: number) => {
  const measured: FloorMeasurements = { multiplications: [], copies: [] }
  await takeTurns([...started, floor], rounds, async (each, isCounted) => {
    if (each instanceof Worker) {
      measured.multiplications.push(await each.measure({ task: "train", iterations: 1 }))
      measured.copies.push(await each.measure({ task: "predict" }))
      return
    }
    const { iterations, trained, worker } = each
    const measurement = await worker.measure({ task: "train", iterations })
    if (isCounted) trained.push(measurement)
  })
  return measured
}

const measurePrediction = (started: ReadonlyArray<Started>, rounds: number) =>
  takeTurns(started, rounds, async ({ predicted, worker }, isCounted) => {
    const measurement = await worker.measure({ task: "predict" })
    if (isCounted) predicted.push(measurement)
  })

const floorOf = (job: Job, { copies, multiplications }: FloorMeasurements): Result["floor"] => {
  const fastestSeconds = (all: ReadonlyArray<Measurement>) =>
    Math.min(...all.map(({ wallMs }) => wallMs)) / 1000
  const flopsPerSecond = multiplicationFlops / fastestSeconds(multiplications)
  const bytesPerSecond = copyBytes / fastestSeconds(copies)
  return {
    gigaflops: flopsPerSecond / 1e9,
    gigabytesPerSecond: bytesPerSecond / 1e9,
    ms: 1000 * (job.flops / flopsPerSecond + adamBytes(job.parameters) / bytesPerSecond),
  }
}

const summarize = (job: Job, { iterations, name, predicted, ready, trained }: Started): Row => ({
  contender: name,
  kind: contenders[name].kind,
  iterations,
  wallMs: quartiles(trained.map(({ wallMs }) => wallMs / iterations)),
  processorMs: quartiles(trained.map(({ processorMs }) => processorMs / iterations)),
  imagesPerSecond: (1000 * job.batch * iterations) / quartiles(trained.map(({ wallMs }) => wallMs)).median,
  predictMs: predicted.length === 0 ? null : quartiles(predicted.map(({ wallMs }) => wallMs)),
  predictProcessorMs:
    predicted.length === 0 ? null : quartiles(predicted.map(({ processorMs }) => processorMs)),
  peakMiB: Math.max(...[...trained, ...predicted].map(({ peakMiB }) => peakMiB)),
  prepareMs: ready.prepareMs,
})

/** Contenders that fail to start are reported and skipped. `started` holds those that have to be ended. */
const startAll = async (
  job: Job,
  folder: string,
  commands: ReadonlyMap<string, (folder: string) => Command>,
  started: Array<Started>,
  { log, reportError, turnMs }: Options,
) => {
  for (const [name, command] of commands) {
    log(`${job.name}: ${name}`)
    try {
      started.push(await start(name, command(folder), turnMs))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      reportError(`${job.name}: cannot start ${name}: ${reason}`)
    }
  }
}

export const runJob = async (
  job: Job,
  folder: string,
  commands: ReadonlyMap<string, (folder: string) => Command>,
  floor: Worker,
  options: Options,
) => {
  const started: Array<Started> = []
  const loadBefore = loadavg()[0]
  try {
    await startAll(job, folder, commands, started, options)
    for (const each of started.slice(1)) compare(job, started[0], each, options)
    options.log(`${job.name}: measuring`)
    const measured = await measureTraining(started, floor, options.rounds)
    if (options.isPredicting) await measurePrediction(started, options.rounds)
    const result: Result = {
      job: job.name,
      experiment: job.experiment,
      batch: job.batch,
      load: [loadBefore, loadavg()[0]],
      floor: floorOf(job, measured),
      rows: started.map((each) => summarize(job, each)),
    }
    return { result, versions: Object.fromEntries(started.map(({ name, ready }) => [name, ready.versions])) }
  } finally {
    for (const { worker } of started) await worker.end()
  }
}
