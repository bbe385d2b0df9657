/** What becomes of requests to a bucket when the service, the network or a proxy misbehaves: a server that follows a script. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { makeS3Store } from "../../../storage/store/s3/s3Store.ts"
import { RequestPolicy } from "../../../storage/store/s3/s3Request.ts"
import { bytesOf } from "./storeSuite.ts"

interface Response {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The body is sent in ten pieces over this time. */
  readonly bodyMs?: number
}
/** What the server does with a request: responds, or cuts the connection with the request carried out or not. */
type Step = Response | "cut" | "carry out and cut" | "carry out"

let server: Server
let steps: Array<Step> = []
let requests: Array<IncomingMessage> = []
const objects = new Map<string, string>()
const etag = { etag: '"1"' }

const error = (status: number, code: string, more = ""): Response => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>of &quot;${code}&quot;</Message>${more}</Error>`,
  headers: { "content-type": "application/xml" },
})

/** A service that keeps `If-None-Match`, and takes any `If-Match` of a version that is there. */
const carryOut = (request: IncomingMessage, body: string): Response => {
  const key = request.url ?? ""
  if (request.method === "GET") {
    const found = objects.get(key)
    return found === undefined ? error(404, "NoSuchKey") : { status: 200, body: found, headers: etag }
  }
  if (request.headers["if-none-match"] === "*" && objects.has(key)) return error(412, "PreconditionFailed")
  if (request.headers["if-match"] === '"0"') {
    if (objects.has(key)) return error(412, "PreconditionFailed")
  }
  objects.set(key, body)
  return { status: 200, headers: etag }
}

const sendSlowly = (response: ServerResponse, body: string, bodyMs: number) => {
  response.flushHeaders()
  const size = Math.ceil(body.length / 10)
  const send = (start: number) => {
    if (response.destroyed) return
    response.write(body.slice(start, start + size))
    if (start + size >= body.length) response.end()
    else setTimeout(send, bodyMs / 10, start + size)
  }
  setTimeout(send, bodyMs / 10, 0)
}

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = "the-key"
  process.env.AWS_SECRET_ACCESS_KEY = "the-secret"
  server = createServer((request, response) => {
    const pieces: Array<Buffer> = []
    request.on("data", (piece: Buffer) => pieces.push(piece))
    request.on("end", () => {
      requests.push(request)
      const step = steps.shift() ?? "carry out"
      const scripted =
        typeof step === "object"
          ? step
          : step === "cut"
            ? undefined
            : carryOut(request, Buffer.concat(pieces).toString())
      if (scripted === undefined || step === "carry out and cut") return void request.socket.destroy()
      response.writeHead(scripted.status, scripted.headers)
      if (scripted.bodyMs === undefined) return void response.end(scripted.body)
      sendSlowly(response, scripted.body ?? "", scripted.bodyMs)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
})
afterAll(() => server.close())
beforeEach(() => {
  steps = []
  requests = []
  objects.clear()
})

const endpoint = () => {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
}
const openStore = Effect.suspend(() => makeS3Store(`s3://models/runs?endpoint=${endpoint()}`))

const provide = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.provide(FetchHttpClient.layer),
    Effect.provideService(RequestPolicy, {
      responseMs: 400,
      leastBytesPerSecond: 50_000,
      retries: 3,
      backoffMs: 5,
    }),
  )

describe("a bucket in trouble", () => {
  it.live("creates once, though the response to the first try is lost", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        steps = ["carry out and cut"]
        assert.isTrue(yield* store.create("a", bytesOf("mine")))
        assert.deepStrictEqual(
          requests.map(({ method }) => method),
          ["PUT", "PUT", "GET"],
        )
        assert.isFalse(yield* store.create("a", bytesOf("other")))
        // Another writer was faster while this one's first try was cut.
        steps = ["cut"]
        objects.set("/models/runs/b", "theirs")
        assert.isFalse(yield* store.create("b", bytesOf("mine")))
      }),
    ),
  )

  it.live("replaces once, though the response to the first try is lost", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        steps = ["carry out and cut"]
        assert.strictEqual(yield* store.replace("a", bytesOf("mine"), '"0"'), '"1"')
        objects.set("/models/runs/a", "theirs")
        steps = ["cut"]
        assert.isUndefined(yield* store.replace("a", bytesOf("mine"), '"0"'))
      }),
    ),
  )

  it.live("tries again when the service is busy, broken, or in conflict with itself", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        steps = [
          error(503, "SlowDown"),
          { ...error(503, "SlowDown"), headers: { "retry-after": "0" } },
          { status: 500 },
        ]
        assert.isTrue(yield* store.create("a", bytesOf("a")))
        steps = [
          error(409, "ConditionalRequestConflict"),
          error(400, "IncompleteBody"),
          error(400, "RequestTimeout"),
        ]
        assert.isTrue(yield* store.create("b", bytesOf("b")))
        steps = [
          error(503, "SlowDown"),
          error(503, "SlowDown"),
          error(503, "SlowDown"),
          error(503, "SlowDown"),
        ]
        const busy = yield* Effect.flip(store.create("c", bytesOf("c")))
        assert.strictEqual(busy._tag, "StoreUnavailable")
        assert.match(busy.message, /: found SlowDown \(HTTP status 503\): of "SlowDown", in 4 tries$/)
      }),
    ),
  )

  it.live("does not take a conflict for its own write: the other writer keeps the object", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        steps = [error(409, "ConditionalRequestConflict")]
        objects.set("/models/runs/a", "theirs")
        assert.isFalse(yield* store.create("a", bytesOf("mine")))
        assert.strictEqual(requests.length, 2)
      }),
    ),
  )

  it.live("waits for a large object as long as its size allows, and no longer", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        const body = "x".repeat(50_000)
        const headers = { ...etag, "content-length": String(body.length) }
        // Longer than the wait for a response, which is 400 ms; so many bytes may take a second more.
        steps = [{ status: 200, body, headers, bodyMs: 800 }]
        assert.strictEqual((yield* store.read("a"))?.bytes.byteLength, body.length)
        assert.strictEqual(requests.length, 1)
        const stuck = {
          status: 200,
          body: "little",
          headers: { ...etag, "content-length": "6" },
          bodyMs: 3000,
        }
        steps = [stuck, stuck, stuck, stuck]
        const { message } = yield* Effect.flip(store.read("a"))
        assert.match(message, /: no whole response within 0 s, in 4 tries$/)
      }),
    ),
  )

  it.live("does not take a 404 for an object of somebody else", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        steps = [{ status: 404 }]
        const missing = yield* Effect.flip(store.create("a", bytesOf("a")))
        assert.strictEqual(missing._tag, "StoreUnavailable")
        assert.match(
          missing.message,
          /: found HTTP status 404, expected a response of an S3-compatible service; check the endpoint/,
        )
        steps = [error(404, "NoSuchKey")]
        assert.match((yield* Effect.flip(store.create("a", bytesOf("a")))).message, /found HTTP status 404/)
      }),
    ),
  )

  it.live("says what to do about keys, clocks, regions and proxies, at once and without the keys", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        const says = Effect.fnUntraced(function* (step: Step, expected: RegExp) {
          requests = []
          steps = [step]
          const { message } = yield* Effect.flip(store.create("a", bytesOf("a")))
          assert.match(message, expected)
          assert.notMatch(message, /the-key|the-secret/)
          assert.strictEqual(requests.length, 1)
        })
        yield* says(
          error(403, "InvalidAccessKeyId"),
          /it does not know the access key; check AWS_ACCESS_KEY_ID/,
        )
        yield* says(
          error(403, "SignatureDoesNotMatch"),
          /the secret key is not that of the access key; check/,
        )
        yield* says(error(403, "AccessDenied"), /the keys may not do this; allow s3:GetObject/)
        yield* says(error(400, "ExpiredToken"), /the session token has expired; get new keys/)
        yield* says(error(404, "NoSuchBucket"), /there is no such bucket; create it/)
        yield* says(error(501, "NotImplemented"), /does not implement conditional writes; use one that does/)
        yield* says(
          {
            ...error(403, "RequestTimeTooSkewed"),
            headers: { date: new Date(Date.now() + 3_600_000).toUTCString() },
          },
          /the clock of this machine is 3\d{3} s behind that of the store; set the clock/,
        )
        yield* says(
          error(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>"),
          /the bucket is in another region; add region=eu-central-1 to the address$/,
        )
        yield* says(
          {
            status: 301,
            headers: { "x-amz-bucket-region": "us-west-2" },
            body: "<Error><Code>PermanentRedirect</Code></Error>",
          },
          /add region=us-west-2 to the address$/,
        )
        yield* says(
          { status: 307, headers: { location: "https://elsewhere.example/" } },
          /found a redirect to another/,
        )
      }),
    ),
  )

  it.live("takes pages of a proxy for no response of the store, whatever their status", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        const page = {
          body: "<!DOCTYPE html><title>Sign in</title>",
          headers: { "content-type": "text/html" },
        }
        steps = [
          { status: 200, ...page },
          { status: 404, ...page },
          { status: 502, ...page },
        ]
        assert.isTrue(yield* store.create("a", bytesOf("a")))
        steps = [1, 2, 3, 4].map(() => ({ status: 200, ...page }))
        const { message } = yield* Effect.flip(store.read("a"))
        assert.match(
          message,
          /found an HTML page \(HTTP status 200\), expected .* the proxy in between, in 4 tries$/,
        )
        objects.set("/models/runs/report", page.body)
        assert.deepStrictEqual((yield* store.read("report"))?.bytes, bytesOf(page.body))
        steps = [{ status: 200, body: "ok" }]
        assert.match(
          (yield* Effect.flip(store.create("b", bytesOf("b")))).message,
          /a response without an ETag/,
        )
        steps = [{ status: 200, body: "{}", headers: etag }]
        assert.match((yield* Effect.flip(store.list("b"))).message, /found no list of objects/)
      }),
    ),
  )

  it.live("sends keys only in the signature, and never follows a redirect with it", () =>
    provide(
      Effect.gen(function* () {
        const store = yield* openStore
        yield* store.create("a", bytesOf("a"))
        const { headers } = requests[0] ?? assert.fail("no request")
        assert.match(
          headers.authorization ?? "",
          /^AWS4-HMAC-SHA256 Credential=the-key\/\d{8}\/us-east-1\/s3\//,
        )
        assert.match(
          headers.authorization ?? "",
          /SignedHeaders=host;if-none-match;x-amz-content-sha256;x-amz-date/,
        )
        assert.notInclude(JSON.stringify(headers), "the-secret")
        requests = []
        steps = [{ status: 307, headers: { location: `${endpoint()}/models/runs/elsewhere` } }]
        yield* Effect.flip(store.read("a"))
        assert.deepStrictEqual(
          requests.map(({ url }) => url),
          ["/models/runs/a"],
        )
      }),
    ),
  )
})
