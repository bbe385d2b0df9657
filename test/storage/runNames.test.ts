/** Which run a word on the command line stands for. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import type { RunIdentity } from "../../schemas/Run.ts"
import { reserveRunId } from "../../storage/reserveRunId.ts"
import { createRun, locateRuns, RunNotFound } from "../../storage/runDirectory.ts"
import { listHeaders } from "../../storage/runHeader.ts"
import { listRunNames } from "../../storage/runNames.ts"
import { engineInfo } from "../fixtures/engineInfo.ts"
import tiny from "../fixtures/tiny.ts"

const names = [
  "20260101T000000Z-cnn-best-0a1b2c3d",
  "20260102T000000Z-cnn-best-0a1b2c3d-2",
  "20260103T000000Z-dense-55bc49a2",
  "20260104T000000Z-mlp-de000000",
]
const [, second, dense, mlp] = names

const identity: Omit<RunIdentity, "id" | "createdAt"> = {
  formatVersion: 1,
  experiment: Schema.decodeUnknownSync(Experiment)(tiny),
  experimentFile: { path: "tiny.ts", fingerprint: "" },
  overrides: {},
  fingerprint: "0".repeat(64),
  dataDir: "data",
  engine: engineInfo,
}

let runsDir = ""
beforeAll(async () => {
  runsDir = await mkdtemp(join(tmpdir(), "tidemark-names-"))
  for (const name of names) mkdirSync(join(runsDir, name))
})
afterAll(() => rm(runsDir, { recursive: true, force: true }))

const locate = (word: string) => locateRuns(runsDir, [word]).pipe(Effect.provide(NodeServices.layer))

describe("a run is found by", () => {
  for (const [what, word, name] of [
    ["its id", names[0], names[0]],
    ["the beginning of it", "20260103", dense],
    ["its experiment", "mlp", mlp],
    ["latest", "latest", mlp],
    ["the last digits of its id", "55bc49a2", dense],
    ["the beginning of these", "55b", dense],
    ["the last digits and a number", "0a1b2c3d-2", second],
    ["an experiment before digits that begin alike", "de", dense],
    ["a glob", "*-dense-*", dense],
  ]) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          (yield* locate(word)).map((path) => basename(path)),
          [name],
        )
      }),
    )
  }

  for (const [what, word, candidates] of [
    ["digits of several", "0a1b2c3d", names.slice(0, 2)],
    ["digits of none", "ffffffff", []],
    ["the middle of digits", "bc49", []],
    ["nothing", "", []],
  ] as const) {
    it.effect(`nothing but one of its own: ${what} are refused, with those it could be`, () =>
      Effect.gen(function* () {
        const error = yield* locate(word).pipe(Effect.flip)
        assert.instanceOf(error, RunNotFound)
        assert.deepStrictEqual(error.candidates, candidates)
      }),
    )
  }
})

describe("what stands next to a run", () => {
  it.effect("is not a run: an archive of it, a file with its name, a folder that begins like it", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.promise(() => mkdtemp(join(runsDir, "next-")))
      const [run, file] = names
      const copy = `${run}.bak`
      mkdirSync(join(folder, run))
      for (const name of [`${run}.tar.gz`, `${run}.tar`, file]) writeFileSync(join(folder, name), "")
      for (const name of [`${run}-logs`, "20260101T000000Z-notes"]) mkdirSync(join(folder, name))
      mkdirSync(join(folder, copy))
      writeFileSync(join(folder, copy, "run.json"), "{}")
      symlinkSync(join(folder, `${run}.tar`), join(folder, dense))
      symlinkSync(join(folder, "not-mounted"), join(folder, mlp))
      assert.deepStrictEqual(yield* listRunNames(folder), [run, copy, mlp])
      const found = yield* locateRuns(folder, [run])
      assert.deepStrictEqual(found, [join(folder, run)])
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

const create = (folder: string, time: string, fingerprint = "0".repeat(64), id?: string) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse(time))
    const { path } = yield* createRun({
      runsDir: folder,
      name: "tiny",
      fingerprint,
      prepare: () => Effect.void,
      describe: (id, createdAt) => ({ ...identity, id, createdAt }),
      ...(id === undefined ? {} : { id }),
    })
    return basename(path)
  })

describe("a reserved id", () => {
  it.effect(
    "is that of the run that it was reserved for, and of no run that is made in the same second",
    () =>
      Effect.gen(function* () {
        const folder = yield* Effect.promise(() => mkdtemp(join(runsDir, "reserved-")))
        const [time, fingerprint] = ["2026-11-01T00:00:00Z", "0".repeat(64)]
        yield* TestClock.setTime(Date.parse(time))
        const reserved = yield* reserveRunId(folder, "tiny", fingerprint)
        assert.strictEqual(reserved, "20261101T000000Z-tiny-00000000")
        assert.strictEqual(yield* create(folder, time, fingerprint), `${reserved}-2`)
        assert.strictEqual(yield* reserveRunId(folder, "tiny", fingerprint), `${reserved}-3`)
        assert.strictEqual(yield* create(folder, time, fingerprint, reserved), reserved)
      }).pipe(Effect.provide(NodeServices.layer)),
  )
})

describe("the newest run", () => {
  it.effect("is the one that was made last, whatever the clock was when others were made", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.promise(() => mkdtemp(join(runsDir, "order-")))
      const times = [
        "2026-11-01T00:00:00Z",
        "2099-01-01T00:00:00Z",
        "2026-11-02T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-11-03T00:00:00Z",
      ]
      const made: Array<string> = []
      for (const time of times) {
        made.push(yield* create(folder, time))
        const [newest] = yield* locateRuns(folder, ["latest"])
        assert.strictEqual(basename(newest), made.at(-1))
      }
      assert.deepStrictEqual(
        (yield* listHeaders(folder)).runs.map(({ id }) => id),
        made,
      )
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("is the one that was made last of those of one second, whatever their fingerprints are", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.promise(() => mkdtemp(join(runsDir, "order-")))
      const made: Array<string> = []
      for (const [i, digit] of ["9", "f", "0", "5"].entries()) {
        made.push(yield* create(folder, `2026-11-01T00:00:00.${i}00Z`, digit.repeat(64)))
        assert.strictEqual(basename((yield* locateRuns(folder, ["latest"]))[0]), made.at(-1))
      }
      assert.deepStrictEqual(
        (yield* listHeaders(folder)).runs.map(({ id }) => id),
        made,
      )
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("is meant by lastest, and its experiment by a misspelt name", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.promise(() => mkdtemp(join(runsDir, "order-")))
      yield* create(folder, "2026-11-01T00:00:00Z")
      for (const [run, meant] of [
        ["lastest", "; did you mean latest?"],
        ["tiyn", "; did you mean tiny?"],
        ["another", " shows what is there"],
      ]) {
        const { message } = yield* Effect.flip(locateRuns(folder, [run]))
        assert.isTrue(message.startsWith(`no run ${run} in `) && message.endsWith(meant), message)
      }
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("has nothing but its name to order it while clocks are right", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.promise(() => mkdtemp(join(runsDir, "order-")))
      yield* create(folder, "2026-11-01T00:00:00.900Z")
      yield* create(folder, "2026-11-01T00:00:01Z")
      const { runs } = yield* listHeaders(folder)
      assert.deepStrictEqual(
        runs.map(({ orderedAt }) => orderedAt),
        [undefined, undefined],
      )
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
