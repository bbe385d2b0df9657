/** Trainings by a real worker of a queue: (queue, experiment) -> the times between submission and outcome, in seconds. */
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Schema } from "effect"
import { openQueue } from "../operations/queue/openQueue.ts"
import type { ExperimentInput } from "../schemas/index.ts"
import { Experiment } from "../schemas/experiment/Experiment.ts"
import { fingerprint } from "../schemas/experiment/fingerprint.ts"
import { start } from "../test/fixtures/cli.ts"
import { jobOf } from "../test/operations/queue/jobs.ts"
import { quartiles } from "./quartiles.ts"

const decode = Schema.decodeUnknownSync(Experiment)
const pollMs = 10

/** Waits until it is true; returns the seconds that took. */
const until = Effect.fnUntraced(function* <E>(isThere: Effect.Effect<boolean, E>) {
  const begun = performance.now()
  while (!(yield* isThere)) yield* Effect.sleep(pollMs)
  return (performance.now() - begun) / 1000
})

const timingsOf = (run: string) => {
  const { timings } = JSON.parse(readFileSync(join(run, "report.json"), "utf8"))
  return timings.reduce(
    (sum: number, { durationMs }: { readonly durationMs: number }) => sum + durationMs / 1000,
    0,
  )
}

const trainOnce = Effect.fnUntraced(function* (address: string, runsDir: string, input: ExperimentInput) {
  const queue = yield* openQueue(address)
  const experiment = decode(input)
  const job = {
    ...jobOf(experiment.seed),
    experiment,
    fingerprint: fingerprint(experiment),
    engine: "onnx" as const,
  }
  const before = new Set(existsSync(runsDir) ? readdirSync(runsDir) : [])
  const newRun = () =>
    (existsSync(runsDir) ? readdirSync(runsDir) : []).find(
      (name) => !name.startsWith(".") && !before.has(name),
    )
  yield* queue.submit([job])
  const claimed = yield* until(Effect.map(queue.list([job.id]), ([listed]) => listed?.state !== "queued"))
  const begun = yield* until(Effect.sync(() => newRun() !== undefined))
  const ended = yield* until(
    Effect.map(queue.list([job.id]), ([listed]) => listed?.outcome?.status === "finished"),
  )
  const stages = timingsOf(join(runsDir, newRun() ?? ""))
  return { claimed, begun: claimed + begun, overhead: claimed + begun + ended - stages, stages }
}, Effect.scoped)

export const measureTrainings = async (
  scratch: string,
  name: string,
  address: string,
  experiment: ExperimentInput,
  times: number,
) => {
  const runsDir = join(scratch, `${name}-runs`)
  const worker = start(
    "worker",
    `--queue=${address}`,
    `--runs-dir=${runsDir}`,
    `--data-dir=${join(scratch, "data")}`,
  )
  await new Promise((resolve) => setTimeout(resolve, 5000))
  const all: Array<Effect.Success<ReturnType<typeof trainOnce>>> = []
  // The first one packs the data.
  for (let seed = 0; seed <= times; seed++) {
    const train = trainOnce(address, runsDir, { ...experiment, seed })
    all.push(await Effect.runPromise(Effect.orDie(train.pipe(Effect.provide(NodeServices.layer)))))
  }
  worker.child.kill("SIGTERM")
  await worker.ended
  const measured = all.slice(1)
  return {
    "submitted until claimed": quartiles(measured.map(({ claimed }) => claimed)),
    "submitted until its run has begun": quartiles(measured.map(({ begun }) => begun)),
    "submitted until its outcome is known, less its stages": quartiles(
      measured.map(({ overhead }) => overhead),
    ),
    "its stages": quartiles(measured.map(({ stages }) => stages)),
  }
}
