import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openFile } from "../../storage/openFile.ts"
import { makeScratchFile } from "../../storage/scratchFile.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-scratch-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("a scratch file", () => {
  it.live(
    "gives what was appended by position, and has no name that a killed process could leave behind",
    () =>
      Effect.gen(function* () {
        const folder = join(scratch, "cache/own")
        const file = yield* makeScratchFile(folder)
        assert.strictEqual(file.append(Uint8Array.from([1, 2, 3])), 0)
        assert.strictEqual(file.append(new Uint8Array()), 3)
        assert.strictEqual(file.append(Uint8Array.from([4, 5])), 3)
        assert.deepStrictEqual([...file.read(1, 3)], [2, 3, 4])
        assert.throws(() => file.read(4, 2), RangeError)
        if (process.platform !== "win32") assert.deepStrictEqual(readdirSync(folder), [])
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.live("is closed when the scope ends", () =>
    Effect.gen(function* () {
      const file = yield* Effect.scoped(makeScratchFile(join(scratch, "closed")))
      assert.throws(() => file.append(Uint8Array.from([1])), /EBADF|bad file/)
      assert.isFalse(existsSync(file.path))
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

describe("an open file", () => {
  it.live("is read by position, with less at its end", () =>
    Effect.gen(function* () {
      const path = join(scratch, "data")
      writeFileSync(path, "abcdef")
      const { read, sizeBytes } = yield* openFile(path)
      assert.strictEqual(sizeBytes, 6)
      assert.strictEqual(Buffer.from(read(2, 3)).toString(), "cde")
      assert.strictEqual(Buffer.from(read(4, 10)).toString(), "ef")
      assert.strictEqual(read(6, 1).byteLength, 0)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.live("must be a regular file that exists", () =>
    Effect.gen(function* () {
      const codeOf = (path: string) =>
        Effect.map(Effect.flip(Effect.scoped(openFile(path))), ({ code }) => code)
      assert.strictEqual(yield* codeOf(join(scratch, "gone")), "ENOENT")
      assert.strictEqual(yield* codeOf(scratch), "EISDIR")
      if (existsSync("/dev/zero")) assert.strictEqual(yield* codeOf("/dev/zero"), "EINVAL")
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
