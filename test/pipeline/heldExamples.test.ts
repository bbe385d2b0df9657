/** A run whose engine holds the examples ends with the same bytes as one whose batches are fed. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { Engine } from "../../engines/Engine.ts"
import * as Device from "../../engines/onnx/device/Device.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { startRun } from "../../pipeline/startRun.ts"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import { recordDisplay } from "../fixtures/recordDisplay.ts"
import { resultOf } from "../fixtures/runFiles.ts"
import { smallMnist } from "../fixtures/smallMnist.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-held-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** The models of a device on the processor, and the feeds of each call. `holds`: whether the engine may hold examples. */
const watchedEngine = (holds: boolean, calls: Array<ReadonlyArray<string>>) =>
  Layer.effect(
    Engine,
    Effect.map(Engine, ({ compile, info }) => ({
      info,
      compile: (program) =>
        Effect.map(compile(program), ({ hold, train, ...trainer }) => ({
          ...trainer,
          ...(holds && hold !== undefined ? { hold } : {}),
          train: (iterations, feeds) => {
            calls.push(Object.keys(feeds).sort())
            return train(iterations, feeds)
          },
        })),
    })),
  ).pipe(Layer.provide(Device.layerOnProcessor({ threads: 1 })))

const run = Effect.fnUntraced(function* (
  name: string,
  holds: boolean,
  augmentation?: { readonly shift: number },
) {
  const small = smallMnist(join(scratch, "small-mnist"))
  const written = { ...small, budget: { iterations: 60 }, ...(augmentation ? { augmentation } : {}) }
  const calls: Array<ReadonlyArray<string>> = []
  const { path } = yield* startRun({
    experiment: Schema.decodeUnknownSync(Experiment)(written),
    fingerprint: "f",
    file: { path: "small.ts", fingerprint: "f" },
    overrides: {},
    runsDir: join(scratch, name),
    dataDir: join(scratch, "data"),
    prepare: () => Effect.void,
    resumeWith: () => [],
  }).pipe(Effect.provide(watchedEngine(holds, calls)))
  return { result: resultOf(path), feeds: new Set(calls.flat()) }
})

const services = Layer.mergeAll(
  NodeServices.layer,
  FetchHttpClient.layer,
  recordDisplay().layer,
  StopSignal.layer,
  Logger.layer([]),
)

it.live("a run has the same bytes whether its examples are held or fed", () =>
  Effect.gen(function* () {
    const fed = yield* run("fed", false)
    const held = yield* run("held", true)
    assert.isTrue(fed.feeds.has("images"))
    assert.isTrue(held.feeds.has("indices"))
    assert.isFalse(held.feeds.has("images") || held.feeds.has("labels"))
    assert.deepStrictEqual(held.result, fed.result)
  }).pipe(Effect.provide(services)),
)

it.live("augmented examples are fed: they are others in every epoch", () =>
  Effect.gen(function* () {
    const { feeds } = yield* run("augmented", true, { shift: 1 })
    assert.isTrue(feeds.has("images") && feeds.has("labels"))
    assert.isFalse(feeds.has("indices"))
  }).pipe(Effect.provide(services)),
)
