/** The digest that cached probes depend on changes with every module that decides what they find. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { programText } from "../../engines/programText.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-text-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** All modules of this project that a module imports, types left out, and those that they import. */
const importsOf = (path: string, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(path)) return found
  found.add(path)
  if (!path.endsWith(".ts")) return found
  const imports = readFileSync(path, "utf8").matchAll(/^(?:import|export) (?!type )[^"']*?"(\.[^"]+)"/gm)
  for (const [, specifier] of imports) importsOf(join(dirname(path), specifier), found)
  return found
}

describe("the text of the engines", () => {
  it("has another digest if a module is edited, added, renamed or removed, at any depth", () => {
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const digests = [programText(folder)]
    const then = (change: () => void) => {
      change()
      digests.push(programText(folder))
    }
    then(() => write("a.ts", "1"))
    then(() => write("a.ts", "2"))
    then(() => write("lowering/b.ts", "1"))
    then(() => write("lowering/b.ts", "2"))
    then(() => write("lowering/c.proto", "2"))
    then(() => rmSync(join(folder, "lowering/b.ts")))
    then(() => rmSync(join(folder, "a.ts")))
    assert.lengthOf(new Set(digests), digests.length)
    const last = programText(folder)
    write("notes.md", "no module")
    assert.strictEqual(programText(folder), last)
  })

  it("covers all that the check of the fast path computes with", () => {
    const outside = [...importsOf(join(root, "engines/onnx/verify.ts"))]
      .map((path) => relative(root, path))
      .filter((path) => !path.startsWith("engines/"))
    // Errors, words and files: nothing that a model is made of.
    assert.deepStrictEqual(outside.toSorted(), [
      "format/size.ts",
      "schemas/Failure.ts",
      "schemas/exitCodes.ts",
      "schemas/shortened.ts",
      "storage/StorageFailed.ts",
      "storage/filesNow.ts",
      "storage/regularFile.ts",
    ])
  })
})
