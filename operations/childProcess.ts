/**
 * Runs the command line as a child process: (arguments) -> how it ended, what it printed, and a way to stop it.
 *
 * The child reports on a pipe (`schemas/ProcessEvent.ts`) what it would show on a terminal; this process logs and
 * displays it, under the name of its source if several run. The child has a process group of its own, so that Ctrl-C
 * in a terminal reaches only this process, which then stops the child with one signal: a second one would end it
 * without a checkpoint.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { Deferred, Effect, Option } from "effect"
import { Display } from "../pipeline/Display.ts"
import {
  decodeEvent,
  endsWithParentVariable,
  eventsVariable,
  type ProcessEvent,
} from "../schemas/ProcessEvent.ts"

export interface Ended {
  /** Null if a signal ended it. */
  readonly code: number | null
  /** Why it failed. */
  readonly reason: string
}

const cli = fileURLToPath(new URL("../cli/start.mjs", import.meta.url))
/** The time from SIGTERM to SIGKILL: saving a checkpoint of a large network takes seconds. */
export const graceMs = 120_000

/**
 * TensorFlow's greeting, which nobody needs to see. It is another program's text, so only its wording identifies it;
 * if the wording changes, it is shown.
 */
const greeting = /^(WARNING: All log messages before absl::|I\d{4} .* oneDNN custom operations are on)/

const eventsFd = 3

export interface ProcessOptions {
  /** Names its lines and its progress where several processes run. */
  readonly source?: string
  /** Whether the child stops, with a checkpoint, when this process ends, even if it is killed. */
  readonly endsWithParent?: boolean
}

const start = (args: ReadonlyArray<string>, { endsWithParent = false }: ProcessOptions) =>
  spawn(process.execPath, [cli, ...args], {
    detached: true,
    stdio: [endsWithParent ? "pipe" : "ignore", "pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      [eventsVariable]: String(eventsFd),
      [endsWithParentVariable]: endsWithParent ? "1" : undefined,
    },
  })

/** A process that could not be started has no streams. */
const eachLine = (stream: unknown, use: (line: string) => void) => {
  if (!(stream instanceof Readable)) return
  // A broken pipe only loses lines; how the process ended is known from its exit code.
  stream.on("error", () => {})
  createInterface({ input: stream }).on("line", use)
}

const logLevels = { info: "Info", warning: "Warn", error: "Error" } as const

/** Logs or displays an event. */
const show = (event: ProcessEvent, source: string | undefined): Effect.Effect<void, never, Display> => {
  switch (event.event) {
    case "log": {
      const { level, stage, text } = event
      const [mark, line] = source === undefined ? [stage, text] : [source, stage ? `${stage}: ${text}` : text]
      return Effect.annotateLogs(Effect.logWithLevel(logLevels[level])(line), { stage: mark })
    }
    case "progress": {
      const tick = { ...event, loss: event.loss ?? Number.NaN }
      return Effect.flatMap(Display, (display) => display.progress(tick, source))
    }
    case "error":
      return Effect.void
  }
}

export const startProcess = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  options: ProcessOptions = {},
) {
  const { source } = options
  const display = yield* Display
  const runSync = Effect.runSyncWith(yield* Effect.context<Display>())
  const over = yield* Deferred.make<Ended>()
  const child = start(args, options)
  let printed = ""
  let reason: string | undefined
  child.stdout?.on("data", (data) => (printed += String(data)))
  eachLine(child.stdio[eventsFd], (line) => {
    const event = Option.getOrUndefined(decodeEvent(line))
    if (event === undefined) return
    if (event.event === "error") reason = event.message
    runSync(show(event, source))
  })
  // Only libraries and bugs write here; a command reports events.
  eachLine(child.stderr, (line) => {
    if (!greeting.test(line)) display.line(source ?? "", line)
  })
  const end = (code: number | null, otherwise: string) =>
    Deferred.doneUnsafe(over, Effect.succeed({ code, reason: reason ?? otherwise }))
  child.on("error", (error) => end(null, `cannot start its process: ${error.message}`))
  child.on("close", (code, signal) => {
    display.clear(source)
    end(code, code === null ? `its process was killed by ${signal}` : `its process exited with code ${code}`)
  })
  const ended = Deferred.await(over)
  const stop = Effect.suspend(() => {
    child.kill("SIGTERM")
    const kill = Effect.sleep(graceMs).pipe(
      Effect.andThen(Effect.suspend(() => (child.kill("SIGKILL"), ended))),
    )
    return Effect.raceFirst(ended, kill)
  })
  return { pid: child.pid, ended, stop, printed: () => printed }
})
