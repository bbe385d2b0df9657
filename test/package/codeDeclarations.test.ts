/** The declarations of tidemark/code. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { codeDeclarations } from "../../package/build/codeDeclarations.ts"

it("declarations are there, or the package is not built", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-declarations-"))
  try {
    const missing = join(folder, "missing.ts")
    assert.throws(
      () => codeDeclarations(missing),
      `no declarations of tidemark/code: ${missing} cannot be read`,
    )
    const empty = join(folder, "empty.ts")
    writeFileSync(empty, "const hidden = 1\n")
    assert.throws(() => codeDeclarations(empty), `found no export in ${empty}`)
    const one = join(folder, "one.ts")
    writeFileSync(one, "export const one: number = 1\n")
    assert.strictEqual(codeDeclarations(one).trim(), "export declare const one: number;")
  } finally {
    rmSync(folder, { recursive: true })
  }
})
