/** The onnx engine's bits do not depend on threads or processes. */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { digestOf } from "./digest.ts"

describe("the onnx engine", () => {
  for (const path of ["auto", "portable"] as const) {
    it.effect(`gives the same bits on one and two threads (${path})`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* digestOf(2, path), yield* digestOf(1, path))
      }),
    )
  }

  it.effect("gives the same bits in another process", () =>
    Effect.gen(function* () {
      const script = fileURLToPath(new URL("digest.ts", import.meta.url))
      const other = execFileSync(process.execPath, [script], { encoding: "utf8" }).trim()
      assert.strictEqual(other, yield* digestOf(2, "auto"))
    }),
  )
})
