/**
 * Tells an address of a night: (webhook, night) -> POST of its line as JSON. A failing webhook is a warning, no more.
 */
import { Effect, Schedule, Schema } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Night } from "../../schemas/ScheduledRun.ts"
import type { Webhook } from "../../schemas/Schedule.ts"

const encode = Schema.encodeSync(Night)

export const tell = Effect.fn("tell")(function* ({ retries, timeoutSeconds, url }: Webhook, night: Night) {
  const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
  yield* HttpClientRequest.post(url).pipe(
    HttpClientRequest.bodyJsonUnsafe(encode(night)),
    client.execute,
    Effect.timeout(`${timeoutSeconds} seconds`),
    Effect.retry({ schedule: Schedule.exponential("1 second"), times: retries }),
    // The address may hold a secret: only its host is said.
    Effect.catchCause(() =>
      Effect.logWarning(`${new URL(url).host} could not be told of the night, in ${retries + 1} tries`),
    ),
  )
})
