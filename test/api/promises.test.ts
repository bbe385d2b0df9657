/** The API for programs without Effect. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import {
  compare,
  listRuns,
  predictor,
  readRun,
  resume,
  run,
  type ExperimentInput,
  type RunEvent,
  TidemarkError,
} from "tidemark/promises"
import { smallMnist } from "../fixtures/smallMnist.ts"

let scratch: string
let experiment: ExperimentInput
const folders = (name: string) => ({ runsDir: join(scratch, name), dataDir: join(scratch, "data") })
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-promises-"))
  experiment = smallMnist(join(scratch, "small-mnist"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const failure = async (promise: Promise<unknown>): Promise<TidemarkError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.instanceOf(error, TidemarkError)
  return error
}

const settings = { engine: "onnx", threads: 1 } as const

it("runs are started, stopped by an abort signal, resumed, read, compared and used", async () => {
  const options = folders("runs")
  const stop = new AbortController()
  const events: Array<RunEvent> = []
  const stopped = await failure(
    run({
      experiment,
      ...settings,
      iterations: 600,
      ...options,
      signal: stop.signal,
      onEvent: (event) => {
        events.push(event)
        if (event.kind === "progress") stop.abort()
      },
    }),
  )
  assert.strictEqual(stopped.kind, "interrupted")
  assert.isTrue(events.some(({ kind }) => kind === "progress"))
  assert.strictEqual((await readRun("latest", options)).status, "interrupted")

  const resumed = await resume("latest", options)
  assert.strictEqual(resumed.iterations, 600)
  const other = await run({ experiment, ...settings, iterations: 20, seed: 1, ...options })
  assert.deepStrictEqual(
    (await listRuns(options)).map(({ id }) => id),
    [resumed.id, other.id],
  )
  const { tests } = await compare([resumed.id, other.id], options)
  assert.strictEqual(tests.length, 1)
  assert.isTrue(tests[0].significant)

  await using model = await predictor(resumed.id, options)
  const rows = await model.probabilities([new Uint8Array(784)])
  assert.strictEqual(rows.length, model.classes.length)
})

it("failures reject with their kind", async () => {
  assert.strictEqual((await failure(readRun("latest", folders("none")))).kind, "noInput")
  assert.strictEqual((await failure(predictor("latest", folders("none")))).reason, "RunNotFound")
  const elsewhere = await failure(run({ experiment, engine: "reference", device: "gpu", ...folders("none") }))
  assert.strictEqual(elsewhere.kind, "usage")
  assert.include(
    elsewhere.message,
    "the reference engine on the device gpu: expected the onnx or the tensorflow engine",
  )
  const unknown = { device: "tpu" } as unknown as { readonly device: "gpu" }
  assert.strictEqual((await failure(run({ experiment, ...unknown, ...folders("none") }))).kind, "usage")
  const broken = { ...experiment, optimizer: { kind: "sgdd" } } as unknown as ExperimentInput
  assert.strictEqual((await failure(run({ experiment: broken, ...folders("none") }))).kind, "dataError")
})
