/** Devices, FIFOs, sockets, folders and links to them are refused before they are opened: reading one may never end. */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, type FileSystem, Runtime } from "effect"
import { read, readStringIfExists, statRegular } from "../../storage/files.ts"
import { makeFolderNow, readStringNow } from "../../storage/filesNow.ts"
import { longestTextBytes } from "../../storage/regularFile.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"

const folder = mkdtempSync(join(tmpdir(), "tidemark-kinds-"))
const at = (name: string) => join(folder, name)
const socket = createServer().listen(at("socket"))
execFileSync("mkfifo", [at("fifo")])
symlinkSync("/dev/zero", at("link"))
symlinkSync(at("fifo"), at("link-to-fifo"))
mkdirSync(at("folder"))
afterAll(() => {
  socket.close()
  rmSync(folder, { recursive: true, force: true })
})

const kinds: ReadonlyArray<readonly [path: string, found: string]> = [
  ["/dev/zero", "a character device"],
  [at("link"), "a character device"],
  [at("fifo"), "a FIFO"],
  [at("link-to-fifo"), "a FIFO"],
  [at("socket"), "a socket"],
  [folder, "a folder"],
]

describe("a path that is no regular file", () => {
  it.live.each(kinds)("is refused by every read: %s is %s", ([path, found]) =>
    Effect.gen(function* () {
      const reads: ReadonlyArray<Effect.Effect<unknown, StorageFailed, FileSystem.FileSystem>> = [
        read(path),
        readStringIfExists(path),
        statRegular(path),
        readStringNow(path),
      ]
      for (const refused of reads) {
        const error = yield* Effect.flip(refused)
        assert.strictEqual(error.message, `cannot read ${path}: it is ${found}, not a regular file`)
        assert.strictEqual(error[Runtime.errorExitCode], 65)
      }
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

describe("a file beyond the limit", () => {
  it.live("is refused before it is read", () =>
    Effect.gen(function* () {
      writeFileSync(at("large"), "")
      // Sparse: it takes no space.
      truncateSync(at("large"), longestTextBytes + 1)
      const message = `cannot read ${at("large")}: it has 537 MB, expected at most`
      const reads: ReadonlyArray<
        readonly [Effect.Effect<unknown, StorageFailed, FileSystem.FileSystem>, limit: string]
      > = [
        [read(at("large"), 1000), "1.0 kB"],
        [readStringIfExists(at("large")), "537 MB"],
        [readStringNow(at("large")), "537 MB"],
      ]
      for (const [refused, limit] of reads) {
        const error = yield* Effect.flip(refused)
        assert.include(error.message.replaceAll("537 MB", "537 MB"), `${message} ${limit}`)
        assert.strictEqual(error[Runtime.errorExitCode], 65)
      }
      writeFileSync(at("small"), "abc")
      assert.strictEqual((yield* read(at("small"), 3)).length, 3)
      assert.strictEqual(yield* readStringNow(at("small")), "abc")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live.runIf(process.platform === "linux")("ends where a file of /proc says that it is empty", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* read("/proc/self/pagemap")).length, 0)
      assert.strictEqual(yield* readStringNow("/proc/self/pagemap"), "")
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

describe("makeFolderNow", () => {
  it("makes folders one by one, and ends at once if none can be made", () => {
    makeFolderNow(join(folder, "a", "b", "c"))
    makeFolderNow(join(folder, "a", "b", "c"))
    for (const impossible of ["/proc/1/x", "/dev/null/x", join(folder, "small", "x")]) {
      assert.throws(() => makeFolderNow(join(impossible, "y")))
    }
  })
})
