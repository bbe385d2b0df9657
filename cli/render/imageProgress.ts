/**
 * How many of many images are done, on standard error: a line that is redrawn below the results in a terminal, and a
 * plain line every ten seconds in a pipe or CI.
 */
import { Effect } from "effect"
import { duration } from "../../format/duration.ts"
import { count, rate } from "../../format/numbers.ts"
import { elapsedMs } from "../../format/elapsed.ts"

const plainIntervalMs = 10_000
const drawnIntervalMs = 100
/** A speed that is measured over less than this says little. */
const leastMs = 1000

const describe = (done: number, total: number, passedMs: number) => {
  const perSecond = (1000 * done) / passedMs
  const speed =
    passedMs < leastMs || done === 0
      ? []
      : [`${rate(perSecond)} images/s`, `${duration((total - done) / perSecond)} left`]
  return [`image ${count(done)}/${count(total)}`, ...speed].join(" · ")
}

/** `after(print)`: prints the result of one more image, and shows the progress below it. */
export const makeImageProgress = Effect.fnUntraced(function* (total: number) {
  const stream = process.stderr
  const isDrawn = stream.isTTY && process.env.CI === undefined
  const startedAt = yield* elapsedMs
  let shownAt = startedAt
  let done = 0
  let shown = ""
  const after = Effect.fnUntraced(function* <E, R>(print: Effect.Effect<void, E, R>) {
    // Standard output may be the same terminal: the line makes room for the result.
    if (shown !== "") stream.write("\r\u001B[2K")
    yield* print
    done++
    const now = yield* elapsedMs
    if (done === total) return
    if (now - shownAt >= (isDrawn ? drawnIntervalMs : plainIntervalMs)) {
      shownAt = now
      shown = describe(done, total, now - startedAt)
      if (!isDrawn) stream.write(`predict   ${shown}\n`)
    }
    if (isDrawn) stream.write(`predict   ${shown}`.slice(0, (stream.columns ?? 80) - 1))
    else shown = ""
  })
  return { after }
})
