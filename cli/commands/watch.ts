/**
 * `pipeline watch RUN`: follows a run or a sweep from another process until it ends. It only reads, so stopping it does not stop the run.
 */
import { Clock, Console, Effect, Schema } from "effect"
import { Argument, Command } from "effect/cli"
import { Failure } from "../../schemas/Failure.ts"
import { locateRuns, RunNotFound } from "../../storage/runDirectory.ts"
import { type LiveRun, observe } from "../../inspect/liveRun.ts"
import { runArgument } from "../../format/runArgument.ts"
import { sweepName } from "../../storage/sweeps.ts"
import { makeScreen } from "../render/makeScreen.ts"
import { renderCurves, renderLine, renderLive } from "../render/renderLiveRun.ts"
import { quoted } from "../../format/quoted.ts"
import { json, runsDir } from "../flags.ts"
import { program } from "../../format/program.ts"

const pollIntervalMs = 500
/** In a pipe: time between two lines without an evaluation. */
const plainIntervalMs = 10_000

/** The watched run was interrupted or failed. */
export class RunNotFinished extends Failure<RunNotFinished>()("RunNotFinished", {
  /** The exit code of the run's own command, if it was recorded. */
  exitCode: ({ exitCode, status }) => (status === "interrupted" ? "interrupted" : (exitCode ?? "unrecorded")),
  fields: {
    run: Schema.String,
    path: Schema.String,
    status: Schema.Literals(["interrupted", "failed"]),
    reason: Schema.NullOr(Schema.String),
    exitCode: Schema.NullOr(Schema.Int),
  },
  message: ({ path, reason, run, status }) => {
    const why = reason ?? (status === "interrupted" ? "its process is gone" : "no reason was recorded")
    const outcome = status === "failed" ? "failed" : "did not finish"
    return `run ${run} ${outcome}: ${why}; resume it with \`${program} resume ${quoted(runArgument(path))}\``
  },
}) {}

const run = Argument.String("run").pipe(
  Argument.withDescription("Run: an id, its first or last characters, a path, `latest`, or sweep:NAME"),
)

const isOver = ({ status }: LiveRun) => status !== "running" && status !== "starting"

/** Prints plain lines: one at the start, one per evaluation, and one per interval. */
const makeLines = () => {
  let evaluations = -1
  let iteration = -1
  let printedAt = Number.NEGATIVE_INFINITY
  return Effect.fnUntraced(function* (live: LiveRun, render: (live: LiveRun) => string) {
    const now = yield* Clock.currentTimeMillis
    const due = live.iteration !== iteration && now - printedAt >= plainIntervalMs
    if (live.validation.length === evaluations && !due && !isOver(live)) return
    evaluations = live.validation.length
    iteration = live.iteration
    printedAt = now
    yield* Console.log(render(live))
  })
}

const asJson = (live: LiveRun) => JSON.stringify({ ...live, seen: undefined })

export const watch = Command.make(
  "watch",
  { run, runsDir, json },
  Effect.fn("watch")(function* (options) {
    const sweep = sweepName(options.run)
    if (sweep !== undefined) {
      const { watchSweep } = yield* Effect.promise(() => import("./watch/sweep.ts"))
      return yield* watchSweep(options.runsDir, sweep, options.json)
    }
    const [path, ...more] = yield* locateRuns(options.runsDir, [options.run])
    if (more.length > 0) {
      return yield* new RunNotFound({
        run: options.run,
        runsDir: options.runsDir,
        candidates: [path, ...more],
      })
    }
    const animated = process.stdout.isTTY && !options.json && process.env.CI === undefined
    const columns = () => process.stdout.columns ?? 80
    const draw = makeScreen()
    // The reader is gone, as in `| head`. (Node.js never marks the standard streams as destroyed.)
    let closed = false
    process.stdout.once("error", () => (closed = true))
    const line = makeLines()

    let live = yield* observe(path, undefined)
    if (!animated && !options.json) yield* Console.log(live.id)
    while (true) {
      if (animated) draw(renderLive(live, columns()))
      else yield* line(live, options.json ? asJson : renderLine)
      if (isOver(live) || closed) break
      yield* Effect.sleep(pollIntervalMs)
      live = yield* observe(path, live)
    }
    if (closed) return
    if (!animated && !options.json) yield* Console.log(renderCurves(live, columns()).join("\n"))
    if (live.status === "interrupted" || live.status === "failed") {
      return yield* new RunNotFinished({
        run: live.id,
        path,
        status: live.status,
        reason: live.reason,
        exitCode: live.exitCode,
      })
    }
  }),
).pipe(
  Command.withDescription("Follow a run or a sweep until it ends; Ctrl-C does not stop it"),
  Command.withExamples([
    { command: "pipeline watch latest", description: "Follow the newest run from another terminal" },
    { command: "pipeline watch sweep:cnn-fast-sweep", description: "Follow a sweep" },
  ]),
)
