/**
 * Downloads one file over HTTP: (URL, size limit, known version) -> the bytes as served, or the failure.
 *
 * Transient failures (no connection, a broken or stalled connection, status 408, 429 or 5xx) are retried with exponential
 * backoff and jitter; others are not. The bytes are not verified; `stages/fetch/content.ts` does that.
 */
import { Cause, Clock, Context, type Duration, Effect, Schedule, Schema, Stream } from "effect"
import { HttpClient, type HttpClientError, type HttpClientResponse } from "effect/http"
import { Failure } from "../../schemas/Failure.ts"
import { SourceFailed } from "./sources.ts"

/** Time limits and retries of a download. */
export const DownloadPolicy = Context.Reference<{
  /** The longest wait for the response, and for each piece of its body. */
  readonly stall: Duration.Input
  readonly retries: number
  /** The wait before the first retry. It doubles each time, with jitter. */
  readonly backoff: Duration.Input
}>("tidemark/stages/fetch/DownloadPolicy", {
  defaultValue: () => ({ stall: "30 seconds", retries: 3, backoff: "500 millis" }),
})

/** The version of a file in the words of its server (RFC 9110, section 8.8). */
export interface Version {
  readonly etag?: string
  readonly lastModified?: string
}

export interface Downloaded extends Version {
  readonly bytes: Uint8Array
}

/** A failed attempt. `transient`: another may succeed. */
class AttemptFailed extends Failure<AttemptFailed>()("AttemptFailed", {
  exitCode: "unavailable",
  fields: { found: Schema.String, expected: Schema.String, transient: Schema.Boolean },
  message: ({ expected, found }) => `found ${found}, expected ${expected}`,
}) {}

/** Progress is logged this often. */
const progressMs = 5000

/** The innermost cause, because the message of fetch is only "fetch failed". */
const reasonOf = (error: HttpClientError.HttpClientError): string => {
  let cause: unknown = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (!(cause instanceof Error)) return String(cause)
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message
}

const broken = (error: HttpClientError.HttpClientError | Cause.TimeoutError): AttemptFailed =>
  new AttemptFailed({
    found: Cause.isTimeoutError(error) ? "no response in time" : `a broken connection (${reasonOf(error)})`,
    expected: "the file",
    transient: true,
  })

const tooLarge = (limitBytes: number) =>
  new AttemptFailed({
    found: `more than ${limitBytes} bytes`,
    expected: `at most ${limitBytes}`,
    transient: false,
  })

/** The bytes of a response, with a log line of the progress every few seconds. */
const receive = Effect.fnUntraced(function* (
  url: string,
  response: HttpClientResponse.HttpClientResponse,
  limitBytes: number,
) {
  const { stall } = yield* DownloadPolicy
  const total = Number(response.headers["content-length"] ?? Number.NaN)
  if (total > limitBytes) return yield* tooLarge(limitBytes)
  const pieces: Array<Uint8Array> = []
  let received = 0
  let loggedAt = yield* Clock.currentTimeMillis
  yield* response.stream.pipe(
    Stream.mapError(broken),
    Stream.timeoutOrElse({ duration: stall, orElse: () => Stream.fail(broken(new Cause.TimeoutError())) }),
    Stream.runForEach(
      Effect.fnUntraced(function* (piece: Uint8Array) {
        received += piece.byteLength
        if (received > limitBytes) return yield* tooLarge(limitBytes)
        pieces.push(piece)
        const now = yield* Clock.currentTimeMillis
        if (now - loggedAt < progressMs) return
        loggedAt = now
        const share = Number.isNaN(total) ? "" : ` (${Math.floor((100 * received) / total)} %)`
        yield* Effect.logInfo(`${url}: ${(received / 1e6).toFixed(1)} MB${share}`)
      }),
    ),
  )
  return new Uint8Array(Buffer.concat(pieces, received))
})

/** Undefined if the server still has the known version. */
const attempt = Effect.fnUntraced(function* (url: string, limitBytes: number, known: Version) {
  const { stall } = yield* DownloadPolicy
  const client = yield* HttpClient.HttpClient
  // Published digests are of the file on the server, so the transfer must not compress it.
  const headers = {
    "accept-encoding": "identity",
    ...(known.etag === undefined ? {} : { "if-none-match": known.etag }),
    ...(known.lastModified === undefined ? {} : { "if-modified-since": known.lastModified }),
  }
  const response = yield* client.get(url, { headers }).pipe(Effect.timeout(stall), Effect.mapError(broken))
  if (response.status === 304) return undefined
  if (response.status !== 200) {
    return yield* new AttemptFailed({
      found: `HTTP status ${response.status}`,
      expected: "200",
      transient: HttpClient.isTransientResponse(response),
    })
  }
  const { etag, "last-modified": lastModified } = response.headers
  const downloaded: Downloaded = {
    bytes: yield* receive(url, response, limitBytes),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  }
  return downloaded
})

/** Undefined if the server still has the version `known`. */
export const downloadIfChanged = Effect.fn("download")(function* (
  url: string,
  limitBytes: number,
  known: Version,
) {
  const { backoff, retries } = yield* DownloadPolicy
  const versioned = known.etag !== undefined || known.lastModified !== undefined
  yield* Effect.logInfo(versioned ? `checking whether ${url} has changed` : `downloading ${url}`)
  return yield* attempt(url, limitBytes, known).pipe(
    Effect.tapError((error) => (error.transient ? Effect.logWarning(`${url}: ${error.found}`) : Effect.void)),
    Effect.retry({
      schedule: Schedule.exponential(backoff).pipe(Schedule.jittered),
      times: retries,
      while: (error) => error.transient,
    }),
    Effect.mapError(({ expected, found }) => new SourceFailed({ source: url, found, expected })),
  )
})

export const download = (url: string, limitBytes: number) =>
  Effect.flatMap(downloadIfChanged(url, limitBytes, {}), (downloaded) =>
    downloaded === undefined
      ? Effect.fail(new SourceFailed({ source: url, found: "HTTP status 304", expected: "200" }))
      : Effect.succeed(downloaded.bytes),
  )
