/** `pipeline watch sweep:NAME`: follows a sweep from another process until it ends. It only reads. */
import { Clock, Console, Effect, Schema } from "effect"
import { program } from "../../../format/program.ts"
import { type LiveSweep, observeSweep } from "../../../operations/sweep/liveSweep.ts"
import { Failure } from "../../../schemas/Failure.ts"
import { makeScreen } from "../../render/makeScreen.ts"
import { renderLiveSweep, renderSweepLine } from "../../render/renderLiveSweep.ts"

/** Twice as slow as a run: it reads the journal and several runs. */
const pollIntervalMs = 1000
/** In a pipe: time between two lines without a new measurement. */
const plainIntervalMs = 10_000

/** The watched sweep has no result, and no process works on it. */
export class SweepNotFinished extends Failure<SweepNotFinished>()("SweepNotFinished", {
  exitCode: "interrupted",
  fields: { sweep: Schema.String, phase: Schema.String },
  message: ({ phase, sweep }) =>
    `sweep ${sweep} did not finish (${phase}), and no process works on it; resume it with \`${program} sweep\` and its file`,
}) {}

/** What a new measurement or another step changes. */
const stateOf = ({ phase, status, trainings }: LiveSweep) => `${status} ${phase} ${trainings.done}`
const iterationsOf = ({ training }: LiveSweep) =>
  training.map(({ iteration, run }) => `${run} ${iteration}`).join(" ")

/** Prints plain lines: one at the start, one per measurement, and one per interval. */
const makeLines = () => {
  let printed = { state: "", iterations: "", atMs: Number.NEGATIVE_INFINITY }
  return Effect.fnUntraced(function* (live: LiveSweep, render: (live: LiveSweep) => string) {
    const atMs = yield* Clock.currentTimeMillis
    const now = { state: stateOf(live), iterations: iterationsOf(live), atMs }
    const isDue = now.iterations !== printed.iterations && atMs - printed.atMs >= plainIntervalMs
    if (now.state === printed.state && !isDue) return
    printed = now
    yield* Console.log(render(live))
  })
}

const asJson = (live: LiveSweep) => JSON.stringify({ ...live, seen: undefined })

export const watchSweep = Effect.fn("watchSweep")(function* (runsDir: string, name: string, json: boolean) {
  const animated = process.stdout.isTTY && !json && process.env.CI === undefined
  const draw = makeScreen()
  // The reader is gone, as in `| head`. (Node.js never marks the standard streams as destroyed.)
  let closed = false
  process.stdout.once("error", () => (closed = true))
  const line = makeLines()
  let live = yield* observeSweep(runsDir, name, undefined)
  while (true) {
    if (animated) draw(renderLiveSweep(live, process.stdout.columns ?? 80))
    else yield* line(live, json ? asJson : renderSweepLine)
    if (live.status !== "running" || closed) break
    yield* Effect.sleep(pollIntervalMs)
    live = yield* observeSweep(runsDir, name, live)
  }
  if (!closed && live.status === "interrupted") {
    return yield* new SweepNotFinished({ sweep: name, phase: live.phase })
  }
})
