/** Tarballs of packages. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { pack, type PackedFile } from "../../package/tarball.ts"

const file = (path: string, text: string, isProgram = false): PackedFile => ({
  path,
  bytes: Buffer.from(text),
  isProgram,
})

const files = [
  file("start.mjs", "#!/usr/bin/env node\n", true),
  file("package.json", "{}\n"),
  file("a/full block.txt", "x".repeat(512)),
  file("empty", ""),
]

it("a tarball has the files below package/, with their bytes and modes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-tarball-"))
  try {
    writeFileSync(join(folder, "packed.tgz"), await pack(files))
    const listed = execFileSync("tar", ["tzf", "packed.tgz"], { cwd: folder, encoding: "utf8" })
    assert.deepStrictEqual(listed.trim().split("\n"), [
      "package/a/full block.txt",
      "package/empty",
      "package/package.json",
      "package/start.mjs",
    ])
    execFileSync("tar", ["xzf", "packed.tgz"], { cwd: folder })
    for (const { bytes, isProgram, path } of files) {
      const extracted = join(folder, "package", path)
      assert.deepStrictEqual(readFileSync(extracted), bytes)
      assert.strictEqual((statSync(extracted).mode & 0o100) !== 0, isProgram, path)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it("has the same bytes in any order of the files, and names no operating system", async () => {
  const packed = await pack(files)
  assert.deepStrictEqual(await pack(files.toReversed()), packed)
  assert.strictEqual(packed[9], 255)
})

it("refuses a path that the format cannot hold", async () => {
  const packed = await pack([file("n".repeat(101), "")]).catch((error: unknown) => String(error))
  assert.match(String(packed), /its path has more than 100 bytes/)
})
