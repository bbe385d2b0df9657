/**
 * Downloads one file over HTTP: (URL, size limit, known version) -> the bytes as served, or the failure.
 *
 * Transient failures (no connection, a broken, stalled or very slow connection, status 408, 429 or 5xx) are retried with exponential
 * backoff and jitter, and not before the time that the server names (Retry-After); others are not. An address is shown
 * without its secrets. The bytes are not verified; `stages/fetch/content.ts` does that.
 */
import { Cause, Clock, Context, Duration, Effect, Result, Schedule, Schema, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError, HttpClientResponse } from "effect/http"
import { showUrl, showUrls } from "../../format/showUrl.ts"
import { Failure } from "../../schemas/Failure.ts"
import { SourceFailed } from "./sources.ts"

/** Time limits and retries of a download. */
export const DownloadPolicy = Context.Reference<{
  /** The longest wait for the response, for each piece of its body, and for the time that a busy server names. */
  readonly stall: Duration.Input
  /** Over each wait of that length, a server that sends less is given up: it would hold a run for days. */
  readonly leastBytesPerSecond: number
  /** The longest time for one file, all attempts together. */
  readonly total: Duration.Input
  readonly retries: number
  /** The wait before the first retry. It doubles each time, with jitter. */
  readonly backoff: Duration.Input
}>("tidemark/stages/fetch/DownloadPolicy", {
  defaultValue: () => ({
    stall: "30 seconds",
    leastBytesPerSecond: 1000,
    total: "1 hour",
    retries: 3,
    backoff: "500 millis",
  }),
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
  fields: {
    found: Schema.String,
    expected: Schema.String,
    transient: Schema.Boolean,
    /** The least wait before another attempt. */
    waitMs: Schema.Finite,
  },
  message: ({ expected, found }) => `found ${found}, expected ${expected}`,
}) {}

/** Progress is logged this often. */
const progressMs = 5000

/** The innermost cause, because the message of fetch is only "fetch failed": its code or its message. */
const reasonOf = (error: HttpClientError.HttpClientError): string => {
  let cause: unknown = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (!(cause instanceof Error)) return String(cause)
  return "code" in cause && typeof cause.code === "string" ? cause.code : showUrls(cause.message)
}

/** Codes of a name that does not resolve. Another attempt in a few seconds would wait for the same answer. */
const unresolved = ["ENOTFOUND", "EAI_AGAIN"]

const broken = (error: HttpClientError.HttpClientError | Cause.TimeoutError): AttemptFailed => {
  const reason = Cause.isTimeoutError(error) ? undefined : reasonOf(error)
  const isUnresolved = reason !== undefined && unresolved.includes(reason)
  return new AttemptFailed({
    found: isUnresolved
      ? `no address of the host (${reason})`
      : reason === undefined
        ? "no response in time"
        : `a broken connection (${reason})`,
    expected: "the file",
    transient: !isUnresolved,
    waitMs: 0,
  })
}

const tooLarge = (limitBytes: number) =>
  new AttemptFailed({
    found: `more than ${limitBytes} bytes`,
    expected: `at most ${limitBytes}`,
    transient: false,
    waitMs: 0,
  })

const tooSlow = (received: number, durationMs: number, leastBytesPerSecond: number) =>
  new AttemptFailed({
    found: `a server that is too slow (${received} bytes in ${(durationMs / 1000).toFixed(0)} s)`,
    expected: `at least ${leastBytesPerSecond} bytes a second`,
    transient: true,
    waitMs: 0,
  })

/** Of the bytes received so far: fails if the last `stall` brought fewer than the policy requires. */
const makeSpeedCheck = Effect.gen(function* () {
  const { leastBytesPerSecond, stall } = yield* DownloadPolicy
  const windowMs = Duration.toMillis(stall)
  let [startedAt, receivedAtStart] = [yield* Clock.currentTimeMillis, 0]
  return (now: number, received: number) => {
    const [durationMs, bytes] = [now - startedAt, received - receivedAtStart]
    if (durationMs < windowMs) return Effect.void
    ;[startedAt, receivedAtStart] = [now, received]
    return bytes < (leastBytesPerSecond * durationMs) / 1000
      ? Effect.fail(tooSlow(bytes, durationMs, leastBytesPerSecond))
      : Effect.void
  }
})

/** How long the server requires a wait of (RFC 9110, section 10.2.3: seconds or a date); 0 if it does not. */
const retryAfterMs = (text: string | undefined, nowMs: number): number => {
  if (text === undefined) return 0
  const waitMs = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : 0
}

/** What a status means that no server should send in response to such a request. */
const oddStatuses: Record<number, string> = {
  204: " (no content)",
  206: " (a part of the file), although no part was requested",
  304: " (not modified), although the request had no condition",
}

/** The failure of a response that is not the file. */
const statusFailed = Effect.fnUntraced(function* (response: HttpClientResponse.HttpClientResponse) {
  const { headers, status } = response
  const { stall } = yield* DownloadPolicy
  const waitMs = retryAfterMs(headers["retry-after"], yield* Clock.currentTimeMillis)
  const isTooLong = waitMs > Duration.toMillis(stall)
  const isLost = [301, 302, 303, 307, 308].includes(status) && headers.location === undefined
  const details = isLost ? ", a redirect without an address" : (oddStatuses[status] ?? "")
  const asks = isTooLong ? `; the server requires a wait of ${Math.ceil(waitMs / 1000)} s` : ""
  return yield* new AttemptFailed({
    found: `HTTP status ${status}${details}${asks}`,
    expected: "200",
    transient: HttpClient.isTransientResponse(response) && !isTooLong,
    waitMs,
  })
})

const decoded = (text: string) =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(text)),
    () => text,
  )

/** Servers know only URLs without a user and password, which belong into a header (RFC 7617). */
const requestOf = (url: string) => {
  const { password, username } = new URL(url)
  if (username === "" && password === "") return { url, headers: {} }
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`)
  return {
    url: url.replace(/^(https?:\/\/)[^/?#\\]*@/i, "$1"),
    headers: { authorization: `Basic ${credentials.toString("base64")}` },
  }
}

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
  const checkSpeed = yield* makeSpeedCheck
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
        yield* checkSpeed(now, received)
        if (now - loggedAt < progressMs) return
        loggedAt = now
        const share = Number.isNaN(total) ? "" : ` (${Math.floor((100 * received) / total)} %)`
        yield* Effect.logInfo(`${showUrl(url)}: ${(received / 1e6).toFixed(1)} MB${share}`)
      }),
    ),
  )
  // One copy: a file may have 2 GB.
  const content = new Uint8Array(received)
  let at = 0
  for (const piece of pieces) {
    content.set(piece, at)
    at += piece.byteLength
  }
  return content
})

/** Whether a request for another version than the known one has a condition. */
const isConditional = ({ etag, lastModified }: Version) => etag !== undefined || lastModified !== undefined

/** Undefined if the server still has the known version. */
const attempt = Effect.fnUntraced(function* (url: string, limitBytes: number, known: Version) {
  const { stall } = yield* DownloadPolicy
  const client = yield* HttpClient.HttpClient
  const request = requestOf(url)
  // Published digests are of the file on the server, so the transfer must not compress it.
  const headers = {
    "accept-encoding": "identity",
    ...request.headers,
    ...(known.etag === undefined ? {} : { "if-none-match": known.etag }),
    ...(known.lastModified === undefined ? {} : { "if-modified-since": known.lastModified }),
  }
  const response = yield* client
    .get(request.url, { headers })
    .pipe(Effect.timeout(stall), Effect.mapError(broken))
  if (response.status === 304 && isConditional(known)) return undefined
  if (response.status !== 200) {
    return yield* statusFailed(response)
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
  const { backoff, retries, total } = yield* DownloadPolicy
  const shown = showUrl(url)
  yield* Effect.logInfo(
    isConditional(known) ? `checking whether ${shown} has changed` : `downloading ${shown}`,
  )
  return yield* attempt(url, limitBytes, known).pipe(
    // The terminal gets one line for each source, when all attempts have failed.
    Effect.tapError((error) => Effect.logDebug(`${shown}: ${error.found}`)),
    Effect.retry({
      schedule: Schedule.exponential(backoff).pipe(
        Schedule.jittered,
        Schedule.addDelay(({ input }) => Effect.succeed(input instanceof AttemptFailed ? input.waitMs : 0)),
      ),
      times: retries,
      while: (error) => error.transient,
    }),
    Effect.timeoutOrElse({
      duration: total,
      orElse: () => {
        const limit = Duration.format(Duration.fromInputUnsafe(total))
        return Effect.fail({
          found: `a download of more than ${limit}`,
          expected: `the file within ${limit}`,
          transient: false,
        })
      },
    }),
    Effect.mapError(({ expected, found, transient }) => {
      const times = transient && retries > 0 ? ` in ${retries + 1} attempts` : ""
      return new SourceFailed({ source: shown, found: `${found}${times}`, expected })
    }),
  )
})

export const download = (url: string, limitBytes: number) =>
  Effect.flatMap(downloadIfChanged(url, limitBytes, {}), (downloaded) =>
    downloaded === undefined
      ? Effect.fail(new SourceFailed({ source: url, found: "HTTP status 304", expected: "200" }))
      : Effect.succeed(downloaded.bytes),
  )
