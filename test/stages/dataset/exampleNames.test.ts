import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readNames } from "../../../stages/dataset/exampleNames.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-names-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** The file is read in pieces of so many bytes. */
const pieceBytes = 2 ** 20

const found = (lines: ReadonlyArray<string>, indices: Iterable<number>) => {
  const path = join(scratch, "names")
  const bytes = Buffer.from(lines.map((name) => `${JSON.stringify(name)}\n`).join(""))
  writeFileSync(path, bytes)
  const names = { path, sizeBytes: bytes.byteLength, sha256: "0".repeat(64), source: "names" }
  return Effect.map(readNames({ names }, indices), (names) => [...names])
}

describe("the names of some examples", () => {
  it.effect("are whole if their line, or a character of it, is in two pieces of the file", () =>
    Effect.gen(function* () {
      // With its quotes and end of line, the first line leaves `left` bytes of the first piece: less, just or more than a quote.
      for (const left of [0, 1, 2, 3, 4, 7]) {
        const lines = ["a".repeat(pieceBytes - 3 - left), "é/ü.png", "last"]
        const names = yield* found(lines, [1, 2])
        assert.deepStrictEqual(names, [
          [1, "é/ü.png"],
          [2, "last"],
        ])
      }
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("may have lines that are longer than a piece before and among them", () =>
    Effect.gen(function* () {
      const long = "é".repeat(pieceBytes)
      const names = yield* found([long, "b", long, "c"], [1, 2, 3, 9])
      assert.deepStrictEqual(names, [
        [1, "b"],
        [2, long],
        [3, "c"],
      ])
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
