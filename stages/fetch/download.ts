/**
 * One file over HTTP: (URL, size limit, the version that is known) -> the bytes as served, or why not.
 *
 * Transient failures (no connection, a connection that breaks or stalls, status 408, 429 or 5xx) are tried again with
 * exponential backoff and jitter; a definite answer is not. The bytes are unverified: `stages/fetch/content.ts` is next.
 */
import { Cause, Clock, Context, type Duration, Effect, Schedule, Schema, Stream } from "effect"
import { HttpClient, type HttpClientError, type HttpClientResponse } from "effect/http"
import { Failure } from "../../schemas/Failure.ts"
import { SourceFailed } from "./sources.ts"

/** How patient a download is. */
export const DownloadPolicy = Context.Reference<{
  /** The longest wait for the answer to begin, and for each next piece of it. */
  readonly stall: Duration.Input
  readonly retries: number
  /** The first wait before another try; doubled each time, with jitter. */
  readonly backoff: Duration.Input
}>("tidemark/stages/fetch/DownloadPolicy", {
  defaultValue: () => ({ stall: "30 seconds", retries: 3, backoff: "500 millis" }),
})

/** What a server calls a version of a file (RFC 9110, section 8.8). */
export interface Version {
  readonly etag?: string
  readonly lastModified?: string
}

export interface Downloaded extends Version {
  readonly bytes: Uint8Array
}

/** An attempt that failed, and whether another may succeed. */
class AttemptFailed extends Failure<AttemptFailed>()("AttemptFailed", {
  exitCode: "unavailable",
  fields: { found: Schema.String, expected: Schema.String, transient: Schema.Boolean },
  message: ({ expected, found }) => `found ${found}, expected ${expected}`,
}) {}

/** Progress is logged this often. */
const progressMs = 5000

/** The innermost reason: fetch says only "fetch failed", its cause says why. */
const reasonOf = (error: HttpClientError.HttpClientError): string => {
  let cause: unknown = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (!(cause instanceof Error)) return String(cause)
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message
}

const broken = (error: HttpClientError.HttpClientError | Cause.TimeoutError): AttemptFailed =>
  new AttemptFailed({
    found: Cause.isTimeoutError(error) ? "no answer in time" : `a broken connection (${reasonOf(error)})`,
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

/** Undefined where the server has no other version than the one that is known. */
const attempt = Effect.fnUntraced(function* (url: string, limitBytes: number, known: Version) {
  const { stall } = yield* DownloadPolicy
  const client = yield* HttpClient.HttpClient
  // Published digests are of the file as it lies on the server, so it must not be compressed on the way.
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

/** Undefined where the file is still the version that is known. */
export const downloadIfChanged = Effect.fn("download")(function* (
  url: string,
  limitBytes: number,
  known: Version,
) {
  const { backoff, retries } = yield* DownloadPolicy
  const versioned = known.etag !== undefined || known.lastModified !== undefined
  yield* Effect.logInfo(versioned ? `looking whether ${url} has changed` : `downloading ${url}`)
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
