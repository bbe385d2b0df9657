/**
 * Being asked to stop: SIGINT (Ctrl-C), SIGTERM, SIGHUP (a closed terminal).
 *
 * The first signal is a request: the stage that runs saves what it has and ends with `Interrupted`. A second one ends
 * the process at once, which is safe as well: files are whole, and the last checkpoint stays.
 */
import { Context, Deferred, Effect, Layer } from "effect"
import { exitCodes } from "../schemas/exitCodes.ts"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

export class StopSignal extends Context.Service<
  StopSignal,
  {
    /** The first signal that came, if one has. */
    readonly requested: () => string | undefined
    /** Waits for it. */
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
