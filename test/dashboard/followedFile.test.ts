/** Reading a file that grows: every byte once, whatever it holds. */
import fs, { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { openFollowedFile } from "../../dashboard/runs/followedFile.ts"

const counted = { bytes: 0 }
const { readSync } = fs
beforeAll(() => {
  const counting = (...words: Parameters<typeof readSync>) => {
    const read = readSync(...words)
    counted.bytes += read
    return read
  }
  Object.assign(fs, { readSync: counting })
  syncBuiltinESMExports()
})
afterAll(() => {
  Object.assign(fs, { readSync })
  syncBuiltinESMExports()
})

const scratch = mkdtempSync(join(tmpdir(), "tidemark-growing-"))
const path = join(scratch, "file")
beforeEach(() => {
  writeFileSync(path, "")
  counted.bytes = 0
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("a growing file", () => {
  it("is read once, also to find out what a reader of the line before has", () => {
    const file = openFollowedFile()
    const line = `${"x".repeat(99)}\n`
    let size = 0
    for (let i = 0; i < 200; i++) {
      const before = file.position()
      appendFileSync(path, line)
      size += line.length
      assert.strictEqual(file.read(path).lines.length, 1)
      assert.strictEqual(file.checksumAt(before.bytes), before.checksum)
    }
    assert.strictEqual(counted.bytes, size)
    file.read(path)
    assert.strictEqual(counted.bytes, size, "without a change nothing is read")
    // A reader of another process may be anywhere: what follows the nearest known position is read.
    const other = openFollowedFile()
    other.read(path)
    assert.deepStrictEqual(other.position(), file.position())
    counted.bytes = 0
    assert.strictEqual(file.checksumAt(19_800), other.checksumAt(19_800))
    assert.isAtMost(counted.bytes, 19_800)
    assert.isUndefined(file.checksumAt(size + 1))
  })

  it("that is large is read in parts, each line once", () => {
    const file = openFollowedFile()
    const all = Array.from({ length: 20_000 }, (_, i) => `${i} ${"x".repeat(i % 97)}`)
    writeFileSync(path, `${all.join("\n")}\n`)
    const parts = [...file.readAll(path)]
    assert.isAbove(parts.length, 2)
    assert.deepStrictEqual(
      parts.flatMap(({ lines }) => lines.map(({ text }) => text)),
      all,
    )
    assert.isFalse(parts.at(-1)?.hasMore)
    assert.deepStrictEqual([...file.readAll(path)], [])
    appendFileSync(path, "last\n")
    assert.strictEqual([...file.readAll(path)].length, 1)
  })

  it("is read again from a line that somebody has, up to another one, as long as it is the same file", () => {
    const file = openFollowedFile()
    const all = Array.from({ length: 20_000 }, (_, i) => `${i} ${"x".repeat(i % 97)}`)
    writeFileSync(path, `${all.slice(0, 5000).join("\n")}\n`)
    for (const _ of file.readAll(path)) continue
    const start = file.position()
    appendFileSync(path, `${all.slice(5000).join("\n")}\nunfinished`)
    for (const _ of file.readAll(path)) continue
    const end = file.position()
    appendFileSync(path, " line\nlater\n")
    counted.bytes = 0
    const parts = [...file.again(start, end.bytes)]
    assert.isAbove(parts.length, 2)
    assert.deepStrictEqual(
      parts.flatMap(({ lines }) => lines.map(({ text }) => text)),
      all.slice(5000),
    )
    assert.deepStrictEqual(parts.at(-1)?.position, end)
    // What is unfinished at the end of a part is read with the next one too.
    assert.isBelow(counted.bytes, end.bytes - start.bytes + 100 * parts.length)
    writeFileSync(`${path}.new`, "another file\n".repeat(200_000))
    renameSync(`${path}.new`, path)
    assert.deepStrictEqual([...file.again(start, end.bytes)], [])
  })

  it("without line feeds is read once: a line that no program writes is skipped", () => {
    const file = openFollowedFile()
    const block = "y".repeat(1 << 20)
    appendFileSync(path, "first\n")
    for (let i = 0; i < 12; i++) {
      appendFileSync(path, block)
      file.read(path)
    }
    // Up to the longest line an unfinished one is read again, since it may still be whole.
    assert.isBelow(counted.bytes, 24 << 20)
    const before = counted.bytes
    appendFileSync(path, "z\nlast\n")
    const { lines, restarted } = file.read(path)
    assert.isFalse(restarted)
    assert.deepStrictEqual(
      lines.map(({ text }) => text),
      ["last"],
    )
    assert.isBelow(counted.bytes - before, 100)
    const whole = openFollowedFile()
    for (const _ of whole.readAll(path)) continue
    assert.deepStrictEqual(file.position(), whole.position())
  })

  it("starts again when it was cut or replaced, and goes on when only its end was cut", () => {
    const file = openFollowedFile()
    appendFileSync(path, "one\ntwo\nthr")
    assert.strictEqual(file.read(path).lines.length, 2)
    truncateSync(path, 9)
    appendFileSync(path, "ree\n")
    assert.deepStrictEqual(file.read(path), {
      restarted: false,
      lines: [{ text: "tree", end: 13 }],
      hasMore: false,
    })
    truncateSync(path, 4)
    const cut = file.read(path)
    assert.isTrue(cut.restarted)
    assert.deepStrictEqual(cut.lines, [{ text: "one", end: 4 }])
  })
})
