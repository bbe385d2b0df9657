/**
 * Sends requests to a bucket: (method, key, conditions, bytes) -> the response, and whether an earlier try may have been carried out.
 *
 * Every request is signed with the digest of its body (Signature Version 4, by aws4fetch), so that a body that arrives broken is
 * refused. A request without a response, and one that the service is too busy for, is tried again with exponential backoff and
 * jitter, and not before the time that the service names.
 */
import { AwsV4Signer } from "aws4fetch"
import { Clock, Context, Effect, Redacted, Schedule, Schema } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { showUrls } from "../../../format/showUrl.ts"
import { Failure } from "../../../schemas/Failure.ts"
import { digestOf } from "../../codeTexts.ts"
import { StoreRefused, StoreUnavailable } from "../ObjectStore.ts"
import { type S3Response, meaningOf } from "./s3Responses.ts"
import type { S3Address } from "./s3Address.ts"
import { readCredentials } from "./s3Credentials.ts"

/** Time limits and retries of a request. */
export const RequestPolicy = Context.Reference<{
  /** The longest wait for a response, apart from the time that the bytes take. */
  readonly responseMs: number
  /** A connection that is slower is given up. */
  readonly leastBytesPerSecond: number
  readonly retries: number
  /** The wait before the first retry. It doubles each time, with jitter. */
  readonly backoffMs: number
}>("tidemark/storage/store/s3/RequestPolicy", {
  defaultValue: () => ({ responseMs: 20_000, leastBytesPerSecond: 50_000, retries: 5, backoffMs: 200 }),
})

export interface S3Request {
  readonly method: "GET" | "PUT" | "DELETE"
  /** Below the prefix of the address; empty for the bucket itself. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface KnownResponse extends S3Response {
  /** Whether a try without a clear response came before: what this response is about may be this call's own work. */
  readonly isRepeated: boolean
}

/** A try that another one may follow. */
class TryFailed extends Failure<TryFailed>()("TryFailed", {
  exitCode: "unavailable",
  fields: { reason: Schema.String, waitMs: Schema.Finite },
  message: ({ reason }) => reason,
}) {}

/** The innermost cause, because the message of fetch is only "fetch failed": its code or its message. */
const reasonOf = (error: HttpClientError.HttpClientError) => {
  let cause: unknown = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (cause instanceof AggregateError && cause.message === "") cause = cause.errors[0]
  if (!(cause instanceof Error)) return String(cause)
  return "code" in cause && typeof cause.code === "string" ? cause.code : showUrls(cause.message)
}

const noBody = new Uint8Array()

export const makeS3Client = Effect.fnUntraced(function* (address: S3Address) {
  const http = yield* HttpClient.HttpClient
  const policy = yield* RequestPolicy

  const sign = Effect.fnUntraced(function* ({
    body = noBody,
    headers = {},
    key,
    method,
    query = {},
  }: S3Request) {
    const { accessKeyId, secretAccessKey, sessionToken } = yield* readCredentials().pipe(
      Effect.mapError(
        ({ message }) =>
          new StoreRefused({ store: address.shown, reason: message, advice: "then try again" }),
      ),
    )
    const url = new URL(key === "" ? `${address.url}/` : `${address.url}/${address.prefix}${key}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const now = new Date(yield* Clock.currentTimeMillis)
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, "x-amz-content-sha256": digestOf(body) },
      accessKeyId: Redacted.value(accessKeyId),
      secretAccessKey: Redacted.value(secretAccessKey),
      ...(sessionToken === undefined ? {} : { sessionToken: Redacted.value(sessionToken) }),
      service: "s3",
      region: address.region,
      datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ""),
    })
    const signed = yield* Effect.promise(() => signer.sign())
    return HttpClientRequest.make(method)(signed.url, {
      headers: { ...Object.fromEntries(signed.headers), "accept-encoding": "identity" },
      ...(method === "PUT" ? { body: HttpBody.uint8Array(body, "application/octet-stream") } : {}),
    })
  })

  /** Fails if it takes longer than `responseMs` and the time of so many bytes. */
  const within = <A, E, R>(what: string, bytes: number, effect: Effect.Effect<A, E, R>) => {
    const limitMs = policy.responseMs + (1000 * bytes) / policy.leastBytesPerSecond
    const slow = new TryFailed({ reason: `${what} within ${Math.round(limitMs / 1000)} s`, waitMs: 0 })
    return Effect.timeoutOrElse(effect, { duration: limitMs, orElse: () => Effect.fail(slow) })
  }

  const receive = Effect.fnUntraced(
    function* (request: HttpClientRequest.HttpClientRequest, sentBytes: number) {
      const response = yield* within("no response", sentBytes, http.execute(request))
      const length = Number(response.headers["content-length"] ?? 0)
      const body = yield* within(
        "no whole response",
        Number.isFinite(length) ? length : 0,
        response.arrayBuffer,
      )
      const bytes = new Uint8Array(body)
      return { status: response.status, headers: response.headers, bytes } satisfies S3Response as S3Response
    },
    // A signature is for one address, so that of a redirect is not asked.
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
  )

  const send = Effect.fnUntraced(function* (request: S3Request) {
    let isRepeated = false
    const once = Effect.gen(function* () {
      const response = yield* receive(yield* sign(request), request.body?.byteLength ?? 0).pipe(
        Effect.catch((error) => {
          isRepeated = true
          if (error instanceof TryFailed) return Effect.fail(error)
          return Effect.fail(new TryFailed({ reason: `a broken connection (${reasonOf(error)})`, waitMs: 0 }))
        }),
      )
      const meaning = meaningOf(response, yield* Clock.currentTimeMillis)
      switch (meaning.meaning) {
        case "done":
          return { ...response, isRepeated } satisfies KnownResponse as KnownResponse
        case "busy":
          if (meaning.isUnclear) isRepeated = true
          return yield* new TryFailed(meaning)
        case "refused": {
          const { advice, reason } = meaning
          return yield* new StoreRefused({ store: address.shown, reason, advice })
        }
      }
    })
    return yield* once.pipe(
      Effect.retry({
        schedule: Schedule.exponential(policy.backoffMs).pipe(
          Schedule.jittered,
          Schedule.addDelay(({ input }) => Effect.succeed(input instanceof TryFailed ? input.waitMs : 0)),
        ),
        times: policy.retries,
        while: (error) => error instanceof TryFailed,
      }),
      Effect.catchTag("TryFailed", ({ reason }) =>
        Effect.fail(
          new StoreUnavailable({ store: address.shown, reason: `${reason}, in ${policy.retries + 1} tries` }),
        ),
      ),
    )
  })
  return send
})
