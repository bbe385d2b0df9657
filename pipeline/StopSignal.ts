/**
 * The request to stop: SIGINT (Ctrl-C), SIGTERM, SIGHUP (a closed terminal), or the end of the process that started this one.
 *
 * On the first request the running stage saves its progress and fails with `Interrupted`. A second one ends the process at
 * once. That is safe too: every file is whole, and the last checkpoint stays.
 */
import { isatty } from "node:tty"
import { Context, Deferred, Effect, Layer } from "effect"
import { exitCodes } from "../schemas/exitCodes.ts"
import { endsWithParentVariable } from "../schemas/ProcessEvent.ts"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/**
 * `nohup` asks a process to outlive its terminal, but Node.js resets the signals that were ignored when it started. `nohup`
 * also leaves no stream on the terminal: then its closing is no request to stop. Asked before: a terminal that is closed is none.
 */
const hasTerminal = () => [0, 1, 2].some((fd) => isatty(fd))

/** Calls `onEnd` when the process that started this one ends, however it does: its end of standard input is closed then. */
const onParentEnd = (onEnd: () => void) => {
  const end = () => onEnd()
  const { stdin } = process
  stdin.on("end", end).on("error", end).resume()
  // Waiting for it must not keep a finished process alive.
  if ("unref" in stdin) stdin.unref()
  return () => stdin.off("end", end).off("error", end).pause()
}

export class StopSignal extends Context.Service<
  StopSignal,
  {
    /** The first signal, or what else asked to stop; undefined before it. */
    readonly requested: () => string | undefined
    /** Waits for the first request. */
    readonly awaited: Effect.Effect<string>
  }
>()("tidemark/pipeline/StopSignal") {
  static readonly layer = Layer.effect(
    StopSignal,
    Effect.gen(function* () {
      const first = yield* Deferred.make<string>()
      const endsWithTerminal = hasTerminal()
      let signal: string | undefined
      const request = (name: string) => {
        signal = name
        Deferred.doneUnsafe(first, Effect.succeed(name))
      }
      const onSignal = (name: string) => {
        if (name === "SIGHUP" && !endsWithTerminal) return
        if (signal !== undefined) process.exit(exitCodes.interrupted)
        request(name)
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          for (const name of signals) process.on(name, onSignal)
        }),
        () =>
          Effect.sync(() => {
            for (const name of signals) process.off(name, onSignal)
          }),
      )
      if (process.env[endsWithParentVariable] !== undefined) {
        yield* Effect.acquireRelease(
          Effect.sync(() =>
            onParentEnd(() => {
              if (signal === undefined) request("the end of the process that started it")
            }),
          ),
          (stopWatching) => Effect.sync(stopWatching),
        )
      }
      return StopSignal.of({ requested: () => signal, awaited: Deferred.await(first) })
    }),
  )
}
