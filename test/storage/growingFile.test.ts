import fs, {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { makeGrowingFile } from "../../storage/growingFile.ts"

/** Lets the next call of `futimesSync` fail, in all modules. */
const failNextRenewal = () => {
  const { futimesSync } = fs
  fs.futimesSync = () => {
    fs.futimesSync = futimesSync
    syncBuiltinESMExports()
    throw new Error("EIO")
  }
  syncBuiltinESMExports()
}

const scratch = mkdtempSync(join(tmpdir(), "tidemark-growing-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let made = 0
const newFolder = () => join(scratch, String(made++))

describe("a growing file", () => {
  it.live("has its name once it is published, with what was written, and no other name", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      const path = join(folder, "whole")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const file = yield* makeGrowingFile(folder)
          yield* file.append(new TextEncoder().encode("----, "))
          yield* file.append(new TextEncoder().encode("world"))
          yield* file.writeStart(new TextEncoder().encode("good"))
          assert.strictEqual(file.sizeBytes(), 11)
          assert.strictEqual(readFileSync(file.path, "utf8"), "good, world")
          assert.notInclude(readdirSync(folder), "whole")
          yield* file.publish(path)
        }),
      )
      assert.deepStrictEqual(readdirSync(folder), ["whole"])
      assert.strictEqual(readFileSync(path, "utf8"), "good, world")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("is gone if the scope ends before, and so is what a killed process left, but no other file", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      yield* Effect.scoped(makeGrowingFile(folder))
      assert.deepStrictEqual(readdirSync(folder), [])
      const [old, young] = [".growing.1-1.tmp", ".growing.1-2.tmp"]
      for (const name of [old, young, "other.tmp"]) writeFileSync(join(folder, name), "x")
      const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000)
      for (const name of [old, "other.tmp"]) utimesSync(join(folder, name), ago(61), ago(61))
      // Of a machine that was suspended for a while.
      utimesSync(join(folder, young), ago(50), ago(50))
      yield* Effect.scoped(makeGrowingFile(folder))
      assert.deepStrictEqual(readdirSync(folder).sort(), [young, "other.tmp"])
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("fails with what the system reports", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      writeFileSync(folder, "a file")
      const error = yield* Effect.flip(Effect.scoped(makeGrowingFile(folder)))
      assert.strictEqual(error._tag, "StorageFailed")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("renews its time while it is open, even after a failure, and not once it is published", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      const path = join(folder, "whole")
      const file = yield* makeGrowingFile(folder)
      const minutesOld = (name: string) => Math.floor((Date.now() - statSync(name).mtimeMs) / 60_000)
      const makeOld = (name: string) => utimesSync(name, new Date(), new Date(Date.now() - 600_000))
      makeOld(file.path)
      failNextRenewal()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(minutesOld(file.path), 10)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(minutesOld(file.path), 0)
      yield* file.publish(path)
      makeOld(path)
      yield* TestClock.adjust("3 minutes")
      assert.strictEqual(minutesOld(path), 10)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
