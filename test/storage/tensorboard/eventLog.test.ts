import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Path } from "effect"
import type { Metric } from "../../../schemas/Metric.ts"
import {
  appendEvents,
  endEvents,
  eventFile,
  type EventLog,
  rewindEvents,
} from "../../../storage/tensorboard/eventLog.ts"
import { decodeEvent } from "../../../storage/tensorboard/proto.ts"
import { readRecords } from "../../../storage/tensorboard/records.ts"

const startedAt = 1_795_312_800.25

const trainRow = (iteration: number, loss = 0.5): Metric => ({
  split: "train",
  iteration,
  epoch: 0,
  loss,
  error: 0,
  batchLoss: 1,
  batchError: 1,
  learningRate: 0.25,
})
const weight = { name: "dense_1/kernel", data: Float32Array.of(1, 2) }

const fresh = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const folder = yield* fs.makeTempDirectoryScoped()
  const log: EventLog = {
    path: paths.join(folder, eventFile(startedAt)),
    startedAt,
    opening: [{ graphDef: Uint8Array.of() }],
  }
  return log
})
const bytesOf = (log: EventLog) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFile(log.path))
const eventsOf = (log: EventLog) =>
  Effect.map(bytesOf(log), (bytes) => readRecords(bytes).map(({ message }) => decodeEvent(message)))
/** Of each event the step, and its tags. */
const outlineOf = (log: EventLog) =>
  Effect.map(eventsOf(log), (events) =>
    events.map((event) =>
      event !== undefined && "summary" in event
        ? [event.step, ...event.summary.value.map(({ tag }) => tag)]
        : [event?.step],
    ),
  )
const trainTags = ["loss", "error", "batchLoss", "batchError", "learningRate"].map((name) => `train/${name}`)

const live = <A, E>(body: Effect.Effect<A, E, NodeServices.NodeServices | import("effect").Scope.Scope>) =>
  body.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("an event file", () => {
  it("is named after the second its run began in", () => {
    assert.strictEqual(eventFile(startedAt), "events.out.tfevents.1795312800.tidemark")
  })

  it.effect("opens with its version and what is told of the run, and holds a scalar for every figure", () =>
    live(
      Effect.gen(function* () {
        const log = yield* fresh
        yield* rewindEvents(log, 0, [])
        yield* appendEvents(log, 10, [trainRow(10)], [weight])
        yield* endEvents(log)
        assert.deepStrictEqual(yield* outlineOf(log), [
          [0],
          [0],
          [10, ...trainTags],
          [10, "dense_1/kernel"],
          [0, "_hparams_/session_end_info"],
        ])
        const [version, graph, scalars] = yield* eventsOf(log)
        assert.deepStrictEqual(version, { wallTime: startedAt, step: 0, fileVersion: "brain.Event:2" })
        assert.property(graph, "graphDef")
        // A figure of 0 is there: it is not left out as a field's default is.
        assert.deepStrictEqual(scalars, {
          wallTime: startedAt + 0.01,
          step: 10,
          summary: {
            value: [0.5, 0, 1, 1, 0.25].map((simpleValue, i) => ({ tag: trainTags[i], simpleValue })),
          },
        })
      }),
    ),
  )

  it.effect("is not touched where there is nothing to append", () =>
    live(
      Effect.gen(function* () {
        const log = yield* fresh
        yield* appendEvents(log, 10, [], [])
        const fs = yield* FileSystem.FileSystem
        assert.isFalse(yield* fs.exists(log.path))
      }),
    ),
  )

  it.effect(
    "goes back to an iteration: what came after it and the run's end are gone, the rest is as it was",
    () =>
      live(
        Effect.gen(function* () {
          const log = yield* fresh
          const rows = [10, 20, 30].map((iteration) => trainRow(iteration))
          yield* rewindEvents(log, 0, [])
          yield* appendEvents(log, 10, [rows[0]], [])
          yield* appendEvents(log, 20, [rows[1]], [weight])
          const until20 = yield* bytesOf(log)
          yield* appendEvents(log, 30, [rows[2]], [])
          yield* endEvents(log)
          const whole = yield* bytesOf(log)
          yield* rewindEvents(log, 25, rows)
          assert.deepStrictEqual(yield* bytesOf(log), until20)
          yield* appendEvents(log, 30, [rows[2]], [])
          yield* endEvents(log)
          assert.deepStrictEqual(yield* bytesOf(log), whole)
        }),
      ),
  )

  it.effect("is not written again where going back changes nothing", () =>
    live(
      Effect.gen(function* () {
        const log = yield* fresh
        const fs = yield* FileSystem.FileSystem
        yield* rewindEvents(log, 0, [])
        yield* appendEvents(log, 10, [trainRow(10)], [])
        const before = yield* fs.stat(log.path)
        yield* rewindEvents(log, 10, [trainRow(10)])
        assert.deepStrictEqual((yield* fs.stat(log.path)).ino, before.ino)
      }),
    ),
  )

  it.effect("takes a changed opening, as of a budget that was extended", () =>
    live(
      Effect.gen(function* () {
        const log = yield* fresh
        yield* rewindEvents(log, 0, [])
        yield* appendEvents(log, 10, [trainRow(10)], [])
        const changed = { ...log, opening: [{ graphDef: Uint8Array.of(1) }] }
        yield* rewindEvents(changed, 10, [trainRow(10)])
        const [, graph, ...rest] = yield* eventsOf(log)
        assert.deepInclude(graph, { graphDef: Buffer.of(1) })
        assert.lengthOf(rest, 1)
      }),
    ),
  )

  it.effect("that is missing or damaged gets the scalars of the rows of metrics that are left", () =>
    live(
      Effect.gen(function* () {
        const log = yield* fresh
        const fs = yield* FileSystem.FileSystem
        const rows = [10, 20, 30].map((iteration) => trainRow(iteration))
        yield* rewindEvents(log, 20, rows)
        assert.deepStrictEqual(yield* outlineOf(log), [[0], [0], [10, ...trainTags], [20, ...trainTags]])
        const expected = yield* bytesOf(log)
        yield* fs.writeFile(log.path, expected.subarray(0, expected.length - 1))
        yield* rewindEvents(log, 20, rows)
        assert.deepStrictEqual(yield* bytesOf(log), expected)
        yield* fs.writeFileString(log.path, "<html>not found</html>")
        yield* rewindEvents(log, 20, rows)
        assert.deepStrictEqual(yield* bytesOf(log), expected)
      }),
    ),
  )
})
