/** What an effect of the API needs from outside, provided: files, HTTP, and a terminal that shows nothing. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Deferred, Effect, Fiber, Layer, Stream } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { Display } from "../pipeline/Display.ts"
import { layerDisplayLog } from "../pipeline/displayLog.ts"
import { StopSignal } from "../pipeline/StopSignal.ts"
import { toTidemarkError } from "./TidemarkError.ts"
import type { RunEvent } from "./types.ts"

export type OnEvent = (event: RunEvent) => void

/** Progress and log lines as events; the log file of a run has all lines, whoever listens. */
const layerEvents = (onEvent: OnEvent) =>
  layerDisplayLog.pipe(
    Layer.provideMerge(
      Layer.succeed(Display, {
        line: (stage, text, level = "info") => onEvent({ kind: "log", level, stage, text }),
        progress: ({ batchSize, iteration, loss, total }) =>
          Effect.sync(() =>
            onEvent({
              kind: "progress",
              iteration,
              total,
              batchSize,
              loss: Number.isFinite(loss) ? loss : null,
            }),
          ),
        clear: () => {},
      }),
    ),
  )

const layerServices = (onEvent: OnEvent) =>
  Layer.mergeAll(layerEvents(onEvent), FetchHttpClient.layer, NodeServices.layer)

/** Provides everything; errors become those of the API. */
export const standalone = <A, E extends Parameters<typeof toTidemarkError>[0], R>(
  effect: Effect.Effect<A, E, R>,
  onEvent: OnEvent = () => {},
) => effect.pipe(Effect.provide(layerServices(onEvent)), Effect.mapError(toTidemarkError))

/** The same for a stream. */
export const standaloneStream = <A, E extends Parameters<typeof toTidemarkError>[0], R>(
  stream: Stream.Stream<A, E, R>,
) => stream.pipe(Stream.provide(layerServices(() => {})), Stream.mapError(toTidemarkError))

/**
 * Runs an effect that trains. An interruption does not cut it off: it asks the run to stop, and waits until the run has saved a
 * checkpoint.
 */
export const stoppable = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, StopSignal>> =>
  Effect.gen(function* () {
    const asked = yield* Deferred.make<string>()
    let signal: string | undefined
    const stop = StopSignal.of({ requested: () => signal, awaited: Deferred.await(asked) })
    const fiber = yield* effect.pipe(Effect.provideService(StopSignal, stop), Effect.forkDetach)
    return yield* Fiber.join(fiber).pipe(
      Effect.onInterrupt(() =>
        Effect.suspend(() => {
          signal = "its caller"
          Deferred.doneUnsafe(asked, Effect.succeed(signal))
          return Fiber.await(fiber)
        }),
      ),
    )
  })
