/**
 * Notifies a webhook of a scheduled run: (webhook, scheduled run) -> POST of its record as JSON. A failure is only a
 * warning.
 */
import { Effect, Schedule, Schema, Semaphore } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import type { Webhook } from "../../schemas/Schedule.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"

const encode = Schema.encodeSync(ScheduledRun)

const post = Effect.fn("postWebhook")(function* (
  { retries, timeoutSeconds, url }: Webhook,
  scheduledRun: ScheduledRun,
) {
  const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
  yield* HttpClientRequest.post(url).pipe(
    HttpClientRequest.bodyJsonUnsafe(encode(scheduledRun)),
    client.execute,
    Effect.timeout(`${timeoutSeconds} seconds`),
    Effect.retry({ schedule: Schedule.exponential("1 second"), times: retries }),
    // The address may contain a secret, so only its host is logged.
    Effect.catchCause(() =>
      Effect.logWarning(
        `cannot notify ${new URL(url).host} of the scheduled run: ${retries + 1} requests failed`,
      ),
    ),
  )
})

/** Sends in parallel with the runs, one request after the other: an address that hangs delays no run. */
export const makeWebhookSender = Effect.fnUntraced(function* (webhook: Webhook) {
  const { requested } = yield* StopSignal
  const http = yield* HttpClient.HttpClient
  const scope = yield* Effect.scope
  const sending = yield* Semaphore.make(1)
  return {
    send: (scheduledRun: ScheduledRun) =>
      post(webhook, scheduledRun).pipe(
        sending.withPermits(1),
        Effect.provideService(HttpClient.HttpClient, http),
        Effect.forkIn(scope, { startImmediately: true }),
        Effect.asVoid,
      ),
    /** Waits for all requests, or for the time of one if the schedule was stopped. */
    flush: Effect.suspend(() => {
      const all = sending.withPermits(1)(Effect.void)
      return requested() === undefined
        ? all
        : Effect.asVoid(Effect.timeoutOption(all, `${webhook.timeoutSeconds} seconds`))
    }),
  }
})
