/** A run that was trained without a store, and comes to one: what the store has already is replaced only by what was trained further. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Logger } from "effect"
import { shareLocal } from "../../../operations/queue/shareLocal.ts"
import { readRun } from "../../../storage/runDirectory.ts"
import { makePuller } from "../../../storage/share/pullRun.ts"
import { attemptKey } from "../../../storage/share/sharedRun.ts"
import { makeFolderStore } from "../../../storage/store/folderStore.ts"
import { writeFinishedRun } from "../../fixtures/finishedRun.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-share-local-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** A run in a store, which is then trained further here, and comes to the store again: what another machine copies. */
const copiedReport = Effect.fnUntraced(
  function* (name: string, isTakenElsewhere: boolean) {
    const path = writeFinishedRun({ runsDir: join(scratch, name, "here"), second: 1, right: [true, false] })
    const store = yield* makeFolderStore(join(scratch, name, "store"))
    yield* shareLocal(store, yield* readRun(path))
    const first = JSON.parse(readFileSync(join(path, "attempts", "0001.json"), "utf8"))
    writeFileSync(join(path, "attempts", "0002.json"), JSON.stringify({ ...first, number: 2 }))
    writeFileSync(join(path, "report.json"), "trained further")
    const run = basename(path)
    if (isTakenElsewhere) yield* store.create(attemptKey(run, 2), new TextEncoder().encode("elsewhere"))
    yield* shareLocal(store, yield* readRun(path))
    const runsDir = join(scratch, name, "there")
    yield* (yield* makePuller(store, runsDir)).pullAll(() => true)
    return readFileSync(join(runsDir, run, "report.json"), "utf8")
  },
  Effect.provide([NodeServices.layer, Logger.layer([])]),
)

describe("a run in a store that was trained further without it", () => {
  it.live("replaces what the store has", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* copiedReport("further", false), "trained further")
    }),
  )

  it.live("stays as it is there if another machine has begun the same attempt", () =>
    Effect.gen(function* () {
      assert.notStrictEqual(yield* copiedReport("taken", true), "trained further")
    }),
  )
})
