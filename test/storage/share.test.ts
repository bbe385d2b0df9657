/** Runs in a store: what a reader copies, what a writer may replace, and what becomes of files that grow. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem, PlatformError } from "effect"
import { currentProcess } from "../../storage/lock/processIdentity.ts"
import { engineInfo } from "../fixtures/engineInfo.ts"
import { makePublisher } from "../../storage/share/publishRun.ts"
import { makePuller } from "../../storage/share/pullRun.ts"
import { matchingSegments, segmentsOf } from "../../storage/share/segments.ts"
import { attemptKey, blobKey, headKey, listSharedRuns, readHead } from "../../storage/share/sharedRun.ts"
import { makeFolderStore } from "../../storage/store/folderStore.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-share-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const run = "20261122T020000Z-cnn-3f9a1c2e"
const elsewhere = { ...currentProcess(), bootId: "another boot", host: "elsewhere" }
const attempt = (number: number, process = elsewhere) =>
  `${JSON.stringify({
    number,
    process,
    startedAt: "2026-11-22T02:00:00.000Z",
    engine: engineInfo,
    node: "24",
    tidemark: "0",
    gitCommit: null,
    iterations: null,
    resumedFrom: null,
    outcome: null,
  })}\n`

/** A machine with a runs folder of its own. */
const makeMachine = (test: string, name: string) => {
  const runsDir = join(scratch, test, name)
  const at = (path: string) => join(runsDir, run, path)
  const write = (path: string, text: string) => {
    mkdirSync(join(at(path), ".."), { recursive: true })
    writeFileSync(at(path), text)
  }
  const read = (path: string) => (existsSync(at(path)) ? readFileSync(at(path), "utf8") : undefined)
  return { runsDir, path: join(runsDir, run), at, write, read }
}

const bytesOf = (text: string) => new TextEncoder().encode(text)
const test = (
  name: string,
  effect: (store: ObjectStore, folder: string) => Effect.Effect<void, unknown, NodeServices.NodeServices>,
) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const folder = name.replaceAll(/[^a-z]+/g, "-").slice(0, 60)
      yield* effect(yield* makeFolderStore(join(scratch, folder, "store")), folder)
    }).pipe(Effect.provide(NodeServices.layer)),
  )

const begin = Effect.fnUntraced(function* (
  store: ObjectStore,
  machine: ReturnType<typeof makeMachine>,
  number: number,
  process = elsewhere,
) {
  const name = `attempts/${String(number).padStart(4, "0")}.json`
  machine.write(name, attempt(number, process))
  yield* store.create(attemptKey(run, number), bytesOf(attempt(number, process)))
  return yield* makePublisher(store, machine.path, number)
})

/** A run that machine a has published and machine b has taken over with a second attempt. */
const takeOver = Effect.fnUntraced(function* (store: ObjectStore, folder: string) {
  const [a, b] = [makeMachine(folder, "a"), makeMachine(folder, "b")]
  const first = yield* begin(store, a, 1)
  a.write("run.json", "{}")
  yield* first.publish(false)
  yield* (yield* makePuller(store, b.runsDir)).pull(run)
  return { a, b, first, second: yield* begin(store, b, 2) }
})

describe("a run in a store", () => {
  test("is copied whole, and brought up to date", (store, folder) =>
    Effect.gen(function* () {
      const [a, b] = [makeMachine(folder, "a"), makeMachine(folder, "b")]
      const { publish } = yield* begin(store, a, 1)
      a.write("run.json", "{}")
      a.write("metrics/0001.ndjson", "row 1\n")
      a.write("checkpoints/iteration-00000010.safetensors", "weights of 10")
      a.write("code/my layers/böx.ts", "own code")
      a.write(".hidden.1-2.tmp", "half")
      a.write("attempts/0001.heartbeat", "1")
      assert.isTrue(yield* publish(false))
      const { pull, pullAll } = yield* makePuller(store, b.runsDir)
      assert.deepStrictEqual(yield* pullAll(() => true), [{ run, isChanged: true }])
      assert.deepStrictEqual(yield* pullAll(() => true), [{ run, isChanged: false }])
      for (const path of [
        "run.json",
        "metrics/0001.ndjson",
        "code/my layers/böx.ts",
        "attempts/0001.heartbeat",
      ]) {
        assert.strictEqual(b.read(path), a.read(path), path)
      }
      assert.deepStrictEqual(readdirSync(b.runsDir), [".copies", run])
      assert.isUndefined(b.read(".hidden.1-2.tmp"))

      appendFileSync(a.at("metrics/0001.ndjson"), "row 2\n")
      a.write("checkpoints/iteration-00000020.safetensors", "weights of 20")
      rmSync(a.at("checkpoints/iteration-00000010.safetensors"))
      assert.isTrue(yield* publish(true))
      assert.isTrue((yield* pull(run)).isChanged)
      assert.strictEqual(b.read("metrics/0001.ndjson"), "row 1\nrow 2\n")
      assert.deepStrictEqual(readdirSync(b.at("checkpoints")), ["iteration-00000020.safetensors"])
      // What no head names anymore is gone from the store.
      const head = (yield* readHead(store, run))?.head
      const named = Object.values(head?.files ?? {}).flatMap((segments) =>
        segments.map(({ blob }) => blobKey(run, blob)),
      )
      assert.deepStrictEqual(
        (yield* store.list(`blobs/${run}`)).map(({ key }) => key),
        [...new Set(named)].toSorted(),
      )
    }))

  test("has every blob that its head names, though a file is removed while the files are read", (store, folder) =>
    Effect.gen(function* () {
      const a = makeMachine(folder, "a")
      const { publish } = yield* begin(store, a, 1)
      a.write("run.json", "{}")
      a.write("log/0001.ndjson", "a line\n")
      a.write("metrics/0001.ndjson", "a row\n")
      const fs = yield* FileSystem.FileSystem
      // Training ends just then: the rows of the attempt become those of the run.
      const open: typeof fs.open = (path, options) => {
        if (path.endsWith("log/0001.ndjson") && a.read("metrics/0001.ndjson") !== undefined) {
          rmSync(a.at("metrics/0001.ndjson"))
          a.write("metrics.ndjson", "a row\n")
        }
        return fs.open(path, options)
      }
      assert.isTrue(yield* publish(false).pipe(Effect.provideService(FileSystem.FileSystem, { ...fs, open })))
      const b = makeMachine(folder, "b")
      yield* (yield* makePuller(store, b.runsDir)).pull(run)
      assert.deepStrictEqual([b.read("log/0001.ndjson"), b.read("metrics.ndjson")], ["a line\n", "a row\n"])
    }))

  test("belongs to the higher attempt; a lower one changes nothing, and its process finds the higher one", (store, folder) =>
    Effect.gen(function* () {
      const { a, b, first, second } = yield* takeOver(store, folder)
      b.write("report.json", "of the second")
      assert.isTrue(yield* second.publish(false))
      a.write("report.json", "of the first")
      assert.isFalse(yield* first.publish(true))
      assert.isFalse(yield* first.publish(true))
      assert.strictEqual((yield* readHead(store, run))?.head.attempt, 2)
      assert.strictEqual(a.read("attempts/0002.json"), attempt(2))
      const reader = makeMachine(folder, "c")
      yield* (yield* makePuller(store, reader.runsDir)).pull(run)
      assert.strictEqual(reader.read("report.json"), "of the second")
    }))

  test("that another machine has claimed is found by the process that trained it, before a head names that", (store, folder) =>
    Effect.gen(function* () {
      const { a, first } = yield* takeOver(store, folder)
      yield* first.findTakeOver
      assert.strictEqual(a.read("attempts/0002.json"), attempt(2))
      assert.strictEqual((yield* readHead(store, run))?.head.attempt, 1)
    }))

  test("is taken by the higher attempt although the lower one publishes in between", (store, folder) =>
    Effect.gen(function* () {
      const { b, second } = yield* takeOver(store, folder)
      yield* second.publish(false)
      b.write("stages/train.json", "by the second")
      // As if it had read the head before: the version that it knows is out of date.
      const head = yield* readHead(store, run)
      yield* store.replace(
        headKey(run),
        bytesOf(JSON.stringify({ ...head?.head, attempt: 1 })),
        head?.version ?? "",
      )
      assert.isTrue(yield* second.publish(false))
      assert.strictEqual((yield* readHead(store, run))?.head.attempt, 2)
    }))

  test("that this machine trained is left alone until another one takes it over", (store, folder) =>
    Effect.gen(function* () {
      const [a, b] = [makeMachine(folder, "a"), makeMachine(folder, "b")]
      const gone = { ...currentProcess(), pid: 2 ** 22 + 1, started: "1" }
      const first = yield* begin(store, a, 1, gone)
      a.write("run.json", "{}")
      yield* first.publish(false)
      a.write("checkpoints/iteration-00000020.safetensors", "not published")
      const own = yield* makePuller(store, a.runsDir)
      assert.isFalse((yield* own.pull(run)).isChanged)
      assert.isDefined(a.read("checkpoints/iteration-00000020.safetensors"))
      yield* (yield* makePuller(store, b.runsDir)).pull(run)
      yield* (yield* begin(store, b, 2)).publish(false)
      assert.isTrue((yield* own.pull(run)).isChanged)
      assert.isUndefined(a.read("checkpoints/iteration-00000020.safetensors"))
      assert.isDefined(a.read("attempts/0002.json"))
      // Claimed by a third machine, which has published nothing yet.
      yield* store.create(attemptKey(run, 3), bytesOf(attempt(3)))
      yield* own.pull(run)
      assert.strictEqual(a.read("attempts/0003.json"), attempt(3))
    }))

  test("shows the attempts that were claimed and never published, though no head names them", (store, folder) =>
    Effect.gen(function* () {
      const { b, second } = yield* takeOver(store, folder)
      yield* second.publish(false)
      const c = makeMachine(folder, "c")
      const copies = yield* makePuller(store, c.runsDir)
      yield* copies.pullAll(() => true)
      yield* store.create(attemptKey(run, 3), bytesOf(attempt(3)))
      // The head is unchanged, so nothing is copied before this machine is refused the number.
      assert.deepStrictEqual(yield* copies.pullAll(() => true), [{ run, isChanged: false }])
      assert.isUndefined(c.read("attempts/0003.json"))
      yield* copies.pullClaims(run, 2)
      assert.strictEqual(c.read("attempts/0003.json"), attempt(3))
      // Still a copy: what the third attempt publishes arrives.
      b.write("attempts/0003.json", attempt(3))
      b.write("report.json", "of the third")
      yield* (yield* makePublisher(store, b.path, 3)).publish(false)
      assert.deepStrictEqual(yield* copies.pullAll(() => true), [{ run, isChanged: true }])
      assert.strictEqual(c.read("report.json"), "of the third")
    }))

  test("that was created here while another machine had claimed it becomes a copy", (store, folder) =>
    Effect.gen(function* () {
      const [a, b] = [makeMachine(folder, "a"), makeMachine(folder, "b")]
      const first = yield* begin(store, a, 1)
      b.write("run.json", "{}")
      mkdirSync(b.at("attempts"))
      const copies = yield* makePuller(store, b.runsDir)
      assert.deepStrictEqual(yield* copies.pullAll(() => true), [])
      yield* copies.pullClaims(run, 0)
      assert.strictEqual(b.read("attempts/0001.json"), attempt(1))
      a.write("run.json", "{}")
      a.write("attempts/0001.heartbeat", "7")
      yield* first.publish(false)
      assert.deepStrictEqual(yield* copies.pullAll(() => true), [{ run, isChanged: false }])
      assert.strictEqual(b.read("attempts/0001.heartbeat"), "7")
    }))

  test("keeps its blobs if a folder of it cannot be listed", (store, folder) =>
    Effect.gen(function* () {
      const a = makeMachine(folder, "a")
      const { publish } = yield* begin(store, a, 1)
      a.write("run.json", "{}")
      a.write("checkpoints/iteration-00000010.safetensors", "weights of 10")
      yield* publish(false)
      const before = yield* store.list(`blobs/${run}`)
      const fs = yield* FileSystem.FileSystem
      const denied = (method: string, path: string) =>
        Effect.fail(
          PlatformError.systemError({
            _tag: "PermissionDenied",
            module: "FileSystem",
            method,
            pathOrDescriptor: path,
          }),
        )
      const readDirectory: typeof fs.readDirectory = (path, options) =>
        path.endsWith("checkpoints") ? denied("readDirectory", path) : fs.readDirectory(path, options)
      const stat: typeof fs.stat = (path) =>
        path.endsWith("checkpoints") ? denied("stat", path) : fs.stat(path)
      for (const [broken, message] of [
        [{ ...fs, readDirectory }, /^cannot list .*checkpoints/],
        [{ ...fs, stat }, /^cannot check .*checkpoints/],
      ] as const) {
        const failing = publish(false).pipe(Effect.provideService(FileSystem.FileSystem, broken))
        assert.match((yield* Effect.flip(failing)).message, message)
      }
      assert.deepStrictEqual(
        (yield* store.list(`blobs/${run}`)).map(({ key }) => key),
        before.map(({ key }) => key),
      )
    }))

  test("has the blobs of a file that was gone for a while", (store, folder) =>
    Effect.gen(function* () {
      const [a, b] = [makeMachine(folder, "a"), makeMachine(folder, "b")]
      const { publish } = yield* begin(store, a, 1)
      a.write("run.json", "{}")
      a.write("report.json", "the report")
      const { atime, mtime } = statSync(a.at("report.json"))
      yield* publish(false)
      rmSync(a.at("report.json"))
      yield* publish(false)
      a.write("report.json", "the report")
      utimesSync(a.at("report.json"), atime, mtime)
      yield* publish(false)
      yield* (yield* makePuller(store, b.runsDir)).pull(run)
      assert.strictEqual(b.read("report.json"), "the report")
    }))

  test("is shared without what no head can name", (store, folder) =>
    Effect.gen(function* () {
      const [a, b] = [makeMachine(folder, "a"), makeMachine(folder, "b")]
      const { publish } = yield* begin(store, a, 1)
      a.write("run.json", "{}")
      a.write("code/what?.ts", "own code")
      assert.isTrue(yield* publish(true))
      yield* (yield* makePuller(store, b.runsDir)).pull(run)
      assert.deepStrictEqual([b.read("run.json"), b.read("code/what?.ts")], ["{}", undefined])
    }))

  test("is copied once although several processes copy it at the same time", (store, folder) =>
    Effect.gen(function* () {
      const [a, b] = [makeMachine(folder, "a"), makeMachine(folder, "b")]
      const { publish } = yield* begin(store, a, 1)
      a.write("run.json", "{}")
      a.write("checkpoints/iteration-00000010.safetensors", "weights of 10")
      yield* publish(false)
      const pullers = yield* Effect.all([1, 2, 3].map(() => makePuller(store, b.runsDir)))
      yield* Effect.forEach(pullers, ({ pull }) => pull(run), { concurrency: "unbounded" })
      assert.deepStrictEqual(readdirSync(b.runsDir), [".copies", run])
      assert.strictEqual(b.read("checkpoints/iteration-00000010.safetensors"), "weights of 10")
    }))

  test("is not listed again for whoever has listed the store", (store, folder) =>
    Effect.gen(function* () {
      const [a, b] = [makeMachine(folder, "a"), makeMachine(folder, "b")]
      const { publish } = yield* begin(store, a, 1)
      a.write("run.json", "{}")
      yield* publish(false)
      const lists: Array<string> = []
      const list: typeof store.list = (prefix) => (lists.push(prefix), store.list(prefix))
      const { pullAll } = yield* makePuller({ ...store, list }, b.runsDir)
      const listed = yield* listSharedRuns(store)
      assert.deepStrictEqual(yield* pullAll(() => true, listed), [{ run, isChanged: true }])
      assert.notInclude(lists, "heads")
    }))

  test("is refused if its head names a path outside, or a blob has other bytes", (store, folder) =>
    Effect.gen(function* () {
      const b = makeMachine(folder, "b")
      const { pull } = yield* makePuller(store, b.runsDir)
      const digest = "a".repeat(64)
      const put = (path: string) =>
        Effect.gen(function* () {
          const segment = { blob: `0001-${digest}`, sizeBytes: 3 }
          const head = { formatVersion: 1, run, attempt: 1, heartbeat: "", files: { [path]: [segment] } }
          yield* store.remove(headKey(run))
          yield* store.create(headKey(run), bytesOf(JSON.stringify(head)))
        })
      for (const path of ["../outside", "/etc/x", "a/../../b", ".hidden", "a\\b", "C:x", ""]) {
        yield* put(path)
        assert.match((yield* Effect.flip(pull(run))).message, /^cannot use the store .*heads\//, path)
      }
      yield* put("run.json")
      assert.match((yield* Effect.flip(pull(run))).message, /lacks blobs that its head names; try again/)
      yield* store.create(blobKey(run, `0001-${digest}`), bytesOf("abc"))
      assert.match((yield* Effect.flip(pull(run))).message, /does not have the bytes that its name says/)
      // Nothing is left of the copies that failed.
      assert.deepStrictEqual(readdirSync(b.runsDir), [])
    }))
})

describe("a file in segments", () => {
  it("that grows a thousand times has few segments, and each byte is sent about ten times", () => {
    let segments: ReturnType<typeof segmentsOf>["segments"] = []
    let text = ""
    let sent = 0
    for (let i = 0; i < 1000; i++) {
      text += `${String(i).padStart(9, "0")}\n`
      const next = segmentsOf(bytesOf(text), segments, 1)
      sent += next.added?.sizeBytes ?? 0
      segments = next.segments
      assert.isBelow(segments.length, 12)
    }
    assert.isBelow(sent / text.length, 12)
    const { end, matching } = matchingSegments(bytesOf(text), segments)
    assert.deepStrictEqual([end, matching.length], [text.length, segments.length])
    assert.isUndefined(segmentsOf(bytesOf(text), segments, 1).added)
  })

  it("that was replaced or cut keeps only the segments that it still begins with", () => {
    const first = segmentsOf(bytesOf("aaaaaaaa"), [], 1).segments
    const both = segmentsOf(bytesOf("aaaaaaaabb"), first, 1).segments
    assert.strictEqual(both.length, 2)
    assert.deepStrictEqual(segmentsOf(bytesOf("aaaaaaaa"), both, 2).segments, first)
    const replaced = segmentsOf(bytesOf("xaaaaaaabb"), both, 2)
    assert.deepStrictEqual([replaced.segments.length, replaced.added?.blob.slice(0, 5)], [1, "0002-"])
    assert.deepStrictEqual(segmentsOf(new Uint8Array(), both, 2).segments, [])
  })
})
