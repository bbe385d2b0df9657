/** The progress of many images on a terminal and in a pipe. */
import { stripVTControlCharacters } from "node:util"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { makeImageProgress } from "../../cli/render/imageProgress.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** Writes `images` results to the terminal, half a second each; returns what was written. */
const written = (isTTY: boolean, images: number) =>
  Effect.gen(function* () {
    vi.stubEnv("CI", undefined)
    const chunks: Array<string> = []
    const stderr = { isTTY, columns: 60, write: (text: string) => chunks.push(text) > 0 }
    vi.spyOn(process, "stderr", "get").mockReturnValue(stderr as unknown as typeof process.stderr)
    const progress = yield* makeImageProgress(images)
    for (let i = 1; i <= images; i++) {
      yield* TestClock.adjust("500 millis")
      yield* progress.after(Effect.sync(() => void chunks.push(`result ${i}\n`)))
    }
    return chunks.join("")
  })

describe("the progress of images", () => {
  it.effect("is a line below the results of a terminal, and gone at the end", () =>
    Effect.gen(function* () {
      const text = yield* written(true, 4)
      assert.include(text, "result 2\npredict   image 2/4 · 2.0 images/s · 1.0 s left\r\u001B[2Kresult 3\n")
      assert.isTrue(text.endsWith("\r\u001B[2Kresult 4\n"))
    }),
  )

  it.effect("is a plain line every ten seconds in a pipe", () =>
    Effect.gen(function* () {
      const text = yield* written(false, 50)
      assert.strictEqual(stripVTControlCharacters(text), text)
      assert.deepStrictEqual(
        text.split("\n").filter((line) => line.startsWith("predict")),
        [
          "predict   image 20/50 · 2.0 images/s · 15 s left",
          "predict   image 40/50 · 2.0 images/s · 5.0 s left",
        ],
      )
    }),
  )

  it.effect("says nothing about a single image", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* written(true, 1), "result 1\n")
    }),
  )
})
