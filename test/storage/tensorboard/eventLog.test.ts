import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Metric } from "../../../schemas/Metric.ts"
import {
  appendEvents,
  endEvents,
  eventFile,
  type EventLog,
  beginEvents,
  writeTestEvents,
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
  const folder = yield* fs.makeTempDirectoryScoped()
  const log: EventLog = {
    folder,
    attempt: 1,
    startedAt,
    opening: [{ graphDef: Uint8Array.of() }],
  }
  return log
})
const pathOf = ({ attempt, folder }: EventLog) => join(folder, eventFile(startedAt, attempt))
const bytesOf = (log: EventLog) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFile(pathOf(log)))
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
  it("is named after the second its run began in and the attempt that writes it", () => {
    assert.strictEqual(eventFile(startedAt, 2), "events.out.tfevents.1795312800.tidemark.0002")
  })

  it.effect("opens with its version and what is told of the run, and holds a scalar for every figure", () =>
    live(
      Effect.gen(function* () {
        const log = yield* fresh
        yield* beginEvents(log, 0, [])
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
        assert.isFalse(yield* fs.exists(pathOf(log)))
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
          yield* beginEvents(log, 0, [])
          yield* appendEvents(log, 10, [rows[0]], [])
          yield* appendEvents(log, 20, [rows[1]], [weight])
          const until20 = yield* bytesOf(log)
          yield* appendEvents(log, 30, [rows[2]], [])
          yield* endEvents(log)
          const whole = yield* bytesOf(log)
          yield* beginEvents(log, 25, rows)
          assert.deepStrictEqual(yield* bytesOf(log), until20)
          yield* appendEvents(log, 30, [rows[2]], [])
          yield* endEvents(log)
          assert.deepStrictEqual(yield* bytesOf(log), whole)
        }),
      ),
  )

  it.effect("holds the test result once, whichever attempt measures it, until the run is resumed", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const log = yield* fresh
        yield* writeTestEvents(log, 10, { error: 0.5 })
        assert.deepStrictEqual(yield* fs.readDirectory(log.folder), [])
        yield* beginEvents(log, 0, [])
        yield* appendEvents(log, 10, [trainRow(10)], [])
        yield* endEvents(log)
        const untested = yield* bytesOf(log)
        yield* writeTestEvents(log, 10, { error: 0.5, accuracy: 0.25 })
        const tested = yield* bytesOf(log)
        assert.deepStrictEqual(tested.subarray(0, untested.length), untested)
        assert.deepStrictEqual((yield* eventsOf(log)).at(-1), {
          wallTime: startedAt + 0.01,
          step: 10,
          summary: {
            value: [
              { tag: "test/error", simpleValue: 0.5 },
              { tag: "test/accuracy", simpleValue: 0.25 },
            ],
          },
        })
        yield* writeTestEvents(log, 10, { error: 0.5, accuracy: 0.25 })
        assert.deepStrictEqual(yield* bytesOf(log), tested)
        const resumed = { ...log, attempt: 2 }
        yield* beginEvents(resumed, 10, [trainRow(10)])
        assert.deepStrictEqual(yield* outlineOf(resumed), [[0], [0], [10, ...trainTags]])
      }),
    ),
  )

  it.effect("of a new attempt has the earlier one's events to the byte, and takes its place", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const first = yield* fresh
        const second = { ...first, attempt: 2 }
        yield* beginEvents(first, 0, [])
        yield* appendEvents(first, 10, [trainRow(10)], [weight])
        const until10 = yield* bytesOf(first)
        yield* appendEvents(first, 20, [trainRow(20)], [])
        yield* beginEvents(second, 10, [trainRow(10)])
        assert.deepStrictEqual(yield* bytesOf(second), until10)
        assert.deepStrictEqual(yield* fs.readDirectory(first.folder), [eventFile(startedAt, 2)])
        // The process of the first attempt was only asleep: what it appends is not among the second's events.
        yield* appendEvents(first, 20, [trainRow(20)], [])
        assert.deepStrictEqual(yield* bytesOf(second), until10)
        yield* beginEvents({ ...first, attempt: 3 }, 10, [trainRow(10)])
        assert.deepStrictEqual(yield* fs.readDirectory(first.folder), [eventFile(startedAt, 3)])
      }),
    ),
  )

  it.effect("continues the file that older versions wrote, which had no number", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const log = yield* fresh
        yield* beginEvents(log, 0, [])
        yield* appendEvents(log, 10, [trainRow(10)], [weight])
        const bytes = yield* bytesOf(log)
        yield* fs.rename(pathOf(log), join(log.folder, "events.out.tfevents.1795312800.tidemark"))
        yield* beginEvents({ ...log, attempt: 2 }, 10, [trainRow(10)])
        assert.deepStrictEqual(yield* bytesOf({ ...log, attempt: 2 }), bytes)
        assert.deepStrictEqual(yield* fs.readDirectory(log.folder), [eventFile(startedAt, 2)])
      }),
    ),
  )

  it.effect("takes a changed opening, as of a budget that was extended", () =>
    live(
      Effect.gen(function* () {
        const log = yield* fresh
        yield* beginEvents(log, 0, [])
        yield* appendEvents(log, 10, [trainRow(10)], [])
        const changed = { ...log, opening: [{ graphDef: Uint8Array.of(1) }] }
        yield* beginEvents(changed, 10, [trainRow(10)])
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
        yield* beginEvents(log, 20, rows)
        assert.deepStrictEqual(yield* outlineOf(log), [[0], [0], [10, ...trainTags], [20, ...trainTags]])
        const expected = yield* bytesOf(log)
        yield* fs.writeFile(pathOf(log), expected.subarray(0, expected.length - 1))
        yield* beginEvents(log, 20, rows)
        assert.deepStrictEqual(yield* bytesOf(log), expected)
        yield* fs.writeFileString(pathOf(log), "<html>not found</html>")
        yield* beginEvents(log, 20, rows)
        assert.deepStrictEqual(yield* bytesOf(log), expected)
      }),
    ),
  )
})
