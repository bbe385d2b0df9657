/** Progress on a terminal and in a pipe, of one training and of several. */
import { stripVTControlCharacters } from "node:util"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Display } from "../../pipeline/Display.ts"
import { layerTerminal } from "../../cli/render/Terminal.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** What erases a line of the terminal. */
const erased = "\r\u001B[2K"

const tick = (iteration: number) => ({ iteration, total: 100, batchSize: 10, loss: 0.5 })

interface Written {
  readonly all: () => string
  /** What the terminal shows below the last whole line. */
  readonly lastLine: () => string
}

/** Runs with a standard error that keeps what is written. */
const onStderr = (
  isTTY: boolean,
  use: (display: Display["Service"], written: Written) => Effect.Effect<void>,
  columns = 100,
) =>
  Effect.suspend(() => {
    vi.stubEnv("CI", undefined)
    vi.stubEnv("NO_COLOR", "1")
    const chunks: Array<string> = []
    const stderr = {
      isTTY,
      columns,
      hasColors: () => false,
      on: () => stderr,
      write: (text: string) => chunks.push(text) > 0,
    }
    vi.spyOn(process, "stderr", "get").mockReturnValue(stderr as unknown as typeof process.stderr)
    // Colours may be forced; they are no part of what is tested.
    const all = () => stripVTControlCharacters(chunks.join(""))
    const lastLine = () =>
      stripVTControlCharacters(chunks.join("").split("\n").at(-1)?.split(erased).at(-1) ?? "")
    return Effect.flatMap(Display, (display) => use(display, { all, lastLine })).pipe(
      Effect.provide(layerTerminal),
    )
  })

describe("a terminal", () => {
  it.effect("shows a bar for one training, and no bar after it", () =>
    onStderr(true, (display, { lastLine }) =>
      Effect.gen(function* () {
        yield* display.progress(tick(10))
        yield* TestClock.adjust("1 second")
        yield* display.progress(tick(50))
        assert.strictEqual(
          lastLine(),
          `train     ${"█".repeat(12)}${"░".repeat(12)} iteration 50/100 · 400 images/s · loss 0.500 · 1.3 s left`,
        )
        display.line("train", "a line")
        assert.include(lastLine(), "iteration 50/100")
        yield* TestClock.adjust("1 second")
        yield* display.progress(tick(100))
        assert.strictEqual(lastLine(), "")
      }),
    ),
  )

  for (const [columns, expected] of [
    [120, `${"█".repeat(12)}${"░".repeat(12)} iteration 50/100 · 400 images/s · loss 0.500 · 1.3 s left`],
    [80, "iteration 50/100 · 400 images/s · loss 0.500 · 1.3 s left"],
    [60, "iteration 50/100 · loss 0.500 · 1.3 s left"],
    [50, "50/100 · loss 0.500 · 1.3 s left"],
    [20, "50/100"],
  ] as const) {
    it.effect(`of ${columns} columns keeps iteration, loss and time left, and drops the bar first`, () =>
      onStderr(
        true,
        (display, { lastLine }) =>
          Effect.gen(function* () {
            yield* display.progress(tick(10))
            yield* TestClock.adjust("1 second")
            yield* display.progress(tick(50))
            assert.strictEqual(lastLine(), `train     ${expected}`)
          }),
        columns,
      ),
    )
  }

  it.effect("breaks long lines between words, and erases what the terminal echoed", () =>
    onStderr(
      true,
      (display, { all }) =>
        Effect.sync(() => {
          display.line("fetch", "four words of a line that is longer than the terminal")
          assert.deepStrictEqual(all().split("\n"), [
            "\rfetch     four words of a line",
            "          that is longer than the",
            "          terminal",
            "",
          ])
        }),
      34,
    ),
  )

  it.effect("shows several trainings in one line, in the order of their names, until each is cleared", () =>
    onStderr(true, (display, { lastLine }) =>
      Effect.gen(function* () {
        yield* display.progress(tick(20), "member 10")
        yield* display.progress(tick(10), "member 9")
        assert.strictEqual(lastLine(), "member 9 at 10/100 · member 10 at 20/100")
        yield* TestClock.adjust("1 second")
        yield* display.progress(tick(50), "member 9")
        assert.strictEqual(lastLine(), "member 9 at 50/100, 1.3 s left · member 10 at 20/100")
        display.clear("member 9")
        assert.strictEqual(lastLine(), "member 10 at 20/100")
        display.clear()
        assert.strictEqual(lastLine(), "")
      }),
    ),
  )
})

describe("a pipe", () => {
  it.effect("gets a line every ten seconds from each training", () =>
    onStderr(false, (display, { all }) =>
      Effect.gen(function* () {
        for (const source of [undefined, "member 2"]) {
          yield* display.progress(tick(10), source)
          yield* TestClock.adjust("1 second")
          yield* display.progress(tick(20), source)
          yield* TestClock.adjust("1 second")
          yield* display.progress(tick(30), source)
          yield* TestClock.adjust("10 seconds")
          yield* display.progress(tick(60), source)
        }
        const lines = all().trimEnd().split("\n")
        assert.deepStrictEqual(
          lines.map((line) => line.slice(0, 26)),
          ["train     ", "member 2  "].flatMap((mark) =>
            [10, 20, 60].map((iteration) => `${mark}iteration ${iteration}/100`),
          ),
        )
      }),
    ),
  )
})
