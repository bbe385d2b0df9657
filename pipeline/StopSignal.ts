/**
 * The request to stop: SIGINT (Ctrl-C), SIGTERM or SIGHUP (a closed terminal).
 *
 * On the first signal the running stage saves its progress and fails with `Interrupted`. A second signal ends the process at
 * once. That is safe too: every file is whole, and the last checkpoint stays.
 */
import { Context, Deferred, Effect, Layer } from "effect"
import { exitCodes } from "../schemas/exitCodes.ts"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

export class StopSignal extends Context.Service<
  StopSignal,
  {
    /** The first signal, undefined before it. */
    readonly requested: () => string | undefined
    /** Waits for the first signal. */
    readonly awaited: Effect.Effect<string>
  }
>()("tidemark/pipeline/StopSignal") {
  static readonly layer = Layer.effect(
    StopSignal,
    Effect.gen(function* () {
      const first = yield* Deferred.make<string>()
      let signal: string | undefined
      const onSignal = (name: string) => {
        if (signal !== undefined) process.exit(exitCodes.interrupted)
        signal = name
        Deferred.doneUnsafe(first, Effect.succeed(name))
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
      return StopSignal.of({ requested: () => signal, awaited: Deferred.await(first) })
    }),
  )
}
