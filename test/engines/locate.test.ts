import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { placeAt } from "../../engines/tensorflow/locate.ts"

describe("the places of tfjs-node-gpu", () => {
  it("do not include a package in a folder above", () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "tidemark-places-")))
    try {
      const installed = join(root, "node_modules", "@tensorflow", "tfjs-node-gpu")
      mkdirSync(installed, { recursive: true })
      for (const folder of [root, installed]) writeFileSync(join(folder, "package.json"), "{}")
      assert.deepStrictEqual(placeAt("installed", join(root, "package.json")), {
        name: "installed",
        from: join(root, "package.json"),
        folder: installed,
      })
      assert.isUndefined(placeAt("built", join(root, ".engine", "package.json")))
      assert.isUndefined(placeAt("nowhere", join(tmpdir(), "package.json")))
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
