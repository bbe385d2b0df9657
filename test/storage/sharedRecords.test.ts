/** Sweeps, ensembles, champions and schedules in a store: who holds them, what a reader copies, and what is never replaced. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Logger } from "effect"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import { changeChampion, readChampion, SharedChampions } from "../../storage/champions.ts"
import { currentProcess } from "../../storage/lock/processIdentity.ts"
import { silenceLimitMs } from "../../storage/lock/owner.ts"
import { isHeldElsewhere, readNote } from "../../storage/share/copyNote.ts"
import { holdRecords, putRecords } from "../../storage/share/holdRecords.ts"
import { pullNamed } from "../../storage/share/pullNamed.ts"
import { pullRecords } from "../../storage/share/pullRecords.ts"
import { championsPlace, ensemblePlace, schedulePlace, sweepPlace } from "../../storage/share/recordPlaces.ts"
import { makeSharedChampions } from "../../storage/share/sharedChampions.ts"
import { readRecords, replaceRecords } from "../../storage/share/sharedRecords.ts"
import { removeSweep } from "../../storage/sweeps.ts"
import { makeFolderStore } from "../../storage/store/folderStore.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-records-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const rates = sweepPlace("rates")
const all = () => true

/** A machine with a runs folder of its own. */
const makeMachine = (test: string, name: string) => {
  const runsDir = join(scratch, test, name)
  const at = (path: string) => join(runsDir, path)
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(join(at(path), ".."), { recursive: true })
    writeFileSync(at(path), content)
  }
  const read = (path: string) => (existsSync(at(path)) ? readFileSync(at(path), "utf8") : undefined)
  return { runsDir, at, write, read }
}

const test = (
  name: string,
  effect: (
    store: ObjectStore,
    machine: (name: string) => ReturnType<typeof makeMachine>,
  ) => Effect.Effect<void, unknown, NodeServices.NodeServices>,
) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const folder = name.replaceAll(/[^a-z]+/g, "-").slice(0, 60)
      yield* effect(yield* makeFolderStore(join(scratch, folder, "store")), (one) => makeMachine(folder, one))
    }).pipe(
      Effect.provideService(silenceLimitMs, 300),
      Effect.provide(Logger.layer([])),
      Effect.provide(NodeServices.layer),
    ),
  )

const writeSweep = ({ write }: ReturnType<typeof makeMachine>, definition = "rates of a and b") => {
  write("sweeps/rates/sweep.json", definition)
  write("sweeps/rates/journal.ndjson", "trial 1\n")
}

/** As if the holder were a process of another machine, which cannot be looked at from here. */
const moveElsewhere = Effect.fnUntraced(function* (store: ObjectStore, place = rates) {
  const found = yield* readRecords(store, place)
  const holder = found?.records.holder ?? null
  assert.isNotNull(holder)
  if (found === undefined || holder === null) return
  const process = { ...currentProcess(), bootId: "another boot", host: "elsewhere" }
  yield* replaceRecords(store, place, { ...found.records, holder: { ...holder, process } }, found)
})

describe("a sweep in a store", () => {
  test("is continued by another machine whose holder gives no sign of life, from its newest journal", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      writeSweep(a)
      const first = yield* holdRecords(store, a.runsDir, rates)
      appendFileSync(a.at("sweeps/rates/journal.ndjson"), "measured 1\n")
      assert.isTrue(yield* first.publish)
      yield* moveElsewhere(store)
      const second = yield* holdRecords(store, b.runsDir, rates)
      assert.strictEqual(b.read("sweeps/rates/journal.ndjson"), "trial 1\nmeasured 1\n")
      appendFileSync(b.at("sweeps/rates/journal.ndjson"), "measured 2\n")
      assert.isTrue(yield* second.publish)
      // The first one wakes up.
      appendFileSync(a.at("sweeps/rates/journal.ndjson"), "measured 2, late\n")
      assert.isFalse(yield* first.publish)
      assert.isFalse(yield* first.release)
      const { records } = (yield* readRecords(store, rates)) ?? { records: undefined }
      assert.strictEqual(records?.files["sweeps/rates/journal.ndjson"], "trial 1\nmeasured 1\nmeasured 2\n")
    }))

  test("is held by one process while it lives", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      writeSweep(a)
      const held = yield* holdRecords(store, a.runsDir, rates)
      const refused = yield* Effect.flip(holdRecords(store, b.runsDir, rates))
      assert.match(refused.message, /^sweep:rates in .*store is in use: process \d+ on /)
      assert.isUndefined(b.read("sweeps/rates/sweep.json"))
      assert.isTrue(yield* held.release)
      yield* holdRecords(store, b.runsDir, rates)
      assert.strictEqual(b.read("sweeps/rates/sweep.json"), "rates of a and b")
    }))

  test("is held by the next one once its holder, which cannot be seen from there, has released it", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      writeSweep(a)
      yield* holdRecords(store, a.runsDir, rates)
      yield* moveElsewhere(store)
      const release = Effect.gen(function* () {
        const found = yield* readRecords(store, rates)
        assert.isDefined(found)
        yield* replaceRecords(store, rates, { ...found.records, holder: null }, found)
      })
      const waiting = holdRecords(store, b.runsDir, rates).pipe(Effect.provideService(silenceLimitMs, 60_000))
      yield* Effect.all([waiting, Effect.delay(release, 200)], { concurrency: "unbounded" })
      assert.strictEqual(b.read("sweeps/rates/sweep.json"), "rates of a and b")
    }))

  test("is copied as it is, and shown as running while its holder gives signs of life", (store, machine) =>
    Effect.gen(function* () {
      const [a, reader] = [machine("a"), machine("reader")]
      writeSweep(a)
      a.write("sweeps/rates/result.json", "of an earlier sweep")
      const held = yield* holdRecords(store, a.runsDir, rates)
      yield* moveElsewhere(store)
      const pull = pullRecords(store, reader.runsDir, all)
      assert.deepStrictEqual(yield* pull, [{ place: rates, isChanged: true }])
      assert.deepStrictEqual(yield* pull, [{ place: rates, isChanged: false }])
      assert.strictEqual(reader.read("sweeps/rates/result.json"), "of an earlier sweep")
      assert.isTrue(yield* isHeldElsewhere(reader.runsDir, rates.name))
      rmSync(a.at("sweeps/rates/result.json"))
      assert.isTrue(yield* held.release)
      assert.deepStrictEqual(yield* pull, [{ place: rates, isChanged: true }])
      assert.isUndefined(reader.read("sweeps/rates/result.json"))
      assert.isFalse(yield* isHeldElsewhere(reader.runsDir, rates.name))
      // Once it is removed here, a sweep of this name is no copy.
      assert.isDefined(yield* readNote(reader.runsDir, rates.name))
      yield* removeSweep(reader.runsDir, "rates")
      assert.isUndefined(yield* readNote(reader.runsDir, rates.name))
    }))

  test("does not replace another sweep of the same name", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      writeSweep(a)
      yield* (yield* holdRecords(store, a.runsDir, rates)).release
      writeSweep(b, "rates of c")
      const refused = yield* Effect.flip(holdRecords(store, b.runsDir, rates))
      assert.match(
        refused.message,
        /^cannot copy sweep:rates from .*: .*b has its own, and nothing was replaced/,
      )
      assert.deepStrictEqual(yield* pullRecords(store, b.runsDir, all), [{ place: rates, isChanged: false }])
      assert.strictEqual(b.read("sweeps/rates/sweep.json"), "rates of c")
      // The same sweep, begun before there was a store: what was measured follows from the runs.
      writeSweep(b)
      yield* holdRecords(store, b.runsDir, rates)
    }))

  test("that a process of this machine writes is left alone by a reader", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      writeSweep(a)
      yield* (yield* holdRecords(store, a.runsDir, rates)).release
      const claim = { process: currentProcess(), since: "2026-11-22T02:00:00.000Z", released: false }
      b.write("sweeps/rates/claim/00000001.json", JSON.stringify(claim))
      assert.deepStrictEqual(yield* pullRecords(store, b.runsDir, all), [{ place: rates, isChanged: false }])
      assert.isUndefined(b.read("sweeps/rates/sweep.json"))
    }))
})

describe("what else concerns several runs, in a store,", () => {
  test("has the bytes of predictions, and only files of its place", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256)
      a.write("ensembles/digits/predictions.safetensors", bytes)
      a.write("ensembles/digits/report.json", "{}")
      a.write("ensembles/digits/report.html", "a page")
      const digits = ensemblePlace("digits")
      yield* putRecords(store, a.runsDir, digits)
      yield* putRecords(store, a.runsDir, digits)
      const found = yield* readRecords(store, digits)
      const strange = ["ensembles/other/report.json", "ensembles/digits/report.html", "champions/cnn"]
      const files = { ...found?.records.files, ...Object.fromEntries(strange.map((path) => [path, "x"])) }
      yield* replaceRecords(store, digits, { formatVersion: 1, holder: null, files }, found)
      yield* pullRecords(store, b.runsDir, all)
      assert.deepStrictEqual(
        new Uint8Array(readFileSync(b.at("ensembles/digits/predictions.safetensors"))),
        bytes,
      )
      assert.deepStrictEqual(
        [b.read("ensembles/digits/report.json"), b.read("ensembles/digits/report.html")],
        ["{}", undefined],
      )
      for (const path of strange) assert.isUndefined(b.read(path), path)
    }))

  test("is the state of a schedule", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      a.write("schedule.ndjson", "a scheduled run\n")
      a.write("schedule/cnn.json", "{}")
      a.write("schedule/claim/00000001.json", "{}")
      yield* (yield* holdRecords(store, a.runsDir, schedulePlace)).release
      yield* holdRecords(store, b.runsDir, schedulePlace)
      assert.deepStrictEqual(
        [b.read("schedule.ndjson"), b.read("schedule/cnn.json"), b.read("schedule/claim/00000001.json")],
        ["a scheduled run\n", "{}", undefined],
      )
    }))
})

const promoted = (number: number): ChampionEvent => ({
  kind: "promoted",
  at: "2026-11-22T02:00:00.000Z",
  experiment: "cnn",
  run: `20261122T02000${number}Z-cnn-3f9a1c2e`,
  before: null,
  reason: null,
})

describe("champions in a store", () => {
  const change = (store: ObjectStore, runsDir: string, number: number, onDecide = Effect.void) =>
    changeChampion(runsDir, "cnn", (before) =>
      Effect.as(onDecide, { event: promoted(number), value: before }),
    ).pipe(Effect.provideService(SharedChampions, makeSharedChampions(store)))

  test("are changed by one machine at a time, each on what the one before has decided", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      assert.isUndefined(yield* change(store, a.runsDir, 1))
      // While b decides, a is faster: b decides again.
      let isFirst = true
      const faster = Effect.suspend(() => {
        if (!isFirst) return Effect.void
        isFirst = false
        return Effect.asVoid(change(store, a.runsDir, 2)).pipe(
          Effect.orDie,
          Effect.provide(NodeServices.layer),
        )
      })
      assert.strictEqual(yield* change(store, b.runsDir, 3, faster), promoted(2).run)
      assert.strictEqual(yield* readChampion(b.runsDir, "cnn"), promoted(3).run)
      yield* pullRecords(store, a.runsDir, all)
      assert.strictEqual(yield* readChampion(a.runsDir, "cnn"), promoted(3).run)
      assert.strictEqual(a.read("champions/history.ndjson"), b.read("champions/history.ndjson"))
    }))

  test("keep a change that another machine makes right after the first one has created them", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      // Between the write of a and its next read, b is faster.
      const create: typeof store.create = (key, bytes) =>
        store
          .create(key, bytes)
          .pipe(
            Effect.tap(change(store, b.runsDir, 2).pipe(Effect.orDie, Effect.provide(NodeServices.layer))),
          )
      yield* change({ ...store, create }, a.runsDir, 1)
      yield* change(store, a.runsDir, 3)
      yield* pullRecords(store, b.runsDir, all)
      const runs = (b.read("champions/history.ndjson") ?? "").match(/"run":"[^"]*"/g)
      assert.deepStrictEqual(
        runs,
        [1, 2, 3].map((number) => `"run":"${promoted(number).run}"`),
      )
    }))

  test("are named as missing if the store has others only", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      yield* change(store, a.runsDir, 1)
      const { missing } = yield* pullNamed(store, b.runsDir, ["champion:cnn", "champion:cn"])
      assert.deepStrictEqual(missing, ["champion:cn"])
    }))

  test("are not changed in a copy, where the change would be lost", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      yield* change(store, a.runsDir, 1)
      assert.deepStrictEqual(yield* pullRecords(store, b.runsDir, all), [
        { place: championsPlace, isChanged: true },
      ])
      const refused = yield* Effect.flip(
        changeChampion(b.runsDir, "cnn", () => Effect.succeed({ event: promoted(2), value: undefined })),
      )
      assert.match(
        refused.message,
        /^cannot change the champions in .*, a copy from .*; change it there, with --store, or use/,
      )
    }))

  test("that this machine decided without the store are not replaced", (store, machine) =>
    Effect.gen(function* () {
      const [a, b] = [machine("a"), machine("b")]
      yield* change(store, a.runsDir, 1)
      yield* changeChampion(b.runsDir, "cnn", () => Effect.succeed({ event: promoted(2), value: undefined }))
      assert.match(
        (yield* Effect.flip(change(store, b.runsDir, 3))).message,
        /^cannot copy the champions from /,
      )
      yield* pullRecords(store, b.runsDir, all)
      assert.strictEqual(yield* readChampion(b.runsDir, "cnn"), promoted(2).run)
    }))
})
