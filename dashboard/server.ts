/**
 * The dashboard's server: (runs folder, port) -> the address to open. It listens on the loopback interface alone, and every
 * request passes `security/requestPolicy.ts` and the session before anything else looks at it.
 */
import { createServer } from "node:http"
import { resolve } from "node:path"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Schema } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { program } from "../format/program.ts"
import type { Queue } from "../operations/queue/Queue.ts"
import { Failure } from "../schemas/Failure.ts"
import { forwardPage, signedOutPage } from "./assets/shell.ts"
import { routes } from "./routes.ts"
import { ownHeaders } from "./security/headers.ts"
import { refusalOf } from "./security/requestPolicy.ts"
import { makeSession, type Session, sessionKey } from "./security/session.ts"

/** The port cannot be listened on. */
export class PortUnavailable extends Failure<PortUnavailable>()("PortUnavailable", {
  exitCode: "unavailable",
  fields: { port: Schema.Int, problem: Schema.String },
  message: ({ port, problem }) =>
    `cannot listen on port ${port} of 127.0.0.1: ${problem}; choose another with --port, or --port 0 for any free one`,
}) {}

/** Headers by lower-case name, and only those that occur once: two `Host` headers are no host. */
const headersOf = (source: object): Readonly<Record<string, string | undefined>> => {
  const raw: unknown = Reflect.get(source, "rawHeaders")
  if (!Array.isArray(raw)) return {}
  const found: Record<string, string | undefined> = Object.create(null)
  const seen = new Set<string>()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = String(raw[i]).toLowerCase()
    found[name] = seen.has(name) ? undefined : String(raw[i + 1])
    seen.add(name)
  }
  return found
}

/** The request target as it came. */
const targetOf = (source: object): string => String(Reflect.get(source, "url") ?? "")

const plain = (status: number, message: string, headers = {}) =>
  HttpServerResponse.text(`${message}\n`, { status, headers: { ...ownHeaders, ...headers } })

const page = (markup: string, status: number) =>
  HttpServerResponse.text(markup, {
    status,
    contentType: "text/html; charset=utf-8",
    headers: ownHeaders,
  })

/** `/?token=…`: the token becomes the cookie, and leaves the address. */
const signIn = (session: Session, url: URL) => {
  const cookie = session.redeem(url.searchParams.get("token") ?? "")
  url.searchParams.delete("token")
  const response = page(forwardPage(`${url.pathname}${url.search}`), 200)
  if (cookie === undefined) return response
  return HttpServerResponse.setCookieUnsafe(response, session.cookieName, cookie, {
    httpOnly: true,
    sameSite: "strict",
    path: "/",
    maxAge: "30 days",
  })
}

/** A browser that may have the cookie but did not send it, because the reader followed a link from another site. */
const comesFromAnotherSite = (site: string | undefined) => site === "cross-site" || site === "same-site"

/** Decides on a request; `handle` answers those that are allowed. */
const guarded = <E, R>(
  session: () => Session,
  handle: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const target = targetOf(request.source)
    const refusal = refusalOf({
      method: request.method,
      target,
      headers: headersOf(request.source),
    })
    if (refusal !== undefined) {
      return plain(
        refusal.status,
        refusal.message,
        refusal.status === 405 ? { allow: "GET, HEAD, POST" } : {},
      )
    }
    const url = new URL(target, "http://localhost")
    // A look-ahead by HEAD does not use the token up.
    if (request.method === "GET" && url.pathname === "/" && url.searchParams.has("token")) {
      return signIn(session(), url)
    }
    if (!session().isSignedIn(request.cookies)) {
      const isPage = request.method === "GET" && (request.headers.accept ?? "").includes("text/html")
      if (!isPage) return plain(401, "not signed in: open the address that the dashboard printed")
      return comesFromAnotherSite(request.headers["sec-fetch-site"])
        ? page(forwardPage(`${url.pathname}${url.search}`), 200)
        : page(signedOutPage(`${program} dashboard`), 401)
    }
    return yield* handle
  })

export interface DashboardOptions {
  readonly runsDir: string
  /** 0 for any free one. */
  readonly port: number
  /** Whose runs are shown as queued. */
  readonly queue?: Queue["Service"] | undefined
  /** Where the key of the cookies is. */
  readonly keyFolder?: string
  /** Without event streams browsers poll; for tests. */
  readonly hasStreams?: boolean
}

/** Serves until the scope ends. The address has a token that signs one browser in. */
export const serveDashboard = Effect.fn("serveDashboard")(function* (options: DashboardOptions) {
  const runsDir = resolve(options.runsDir)
  // A slow sender cannot hold a connection for long.
  const node = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 })
  const server = yield* NodeHttpServer.make(() => node, {
    host: "127.0.0.1",
    port: options.port,
    exclusive: true,
    gracefulShutdownTimeout: "100 millis",
  }).pipe(
    Effect.mapError(({ cause }) => {
      const code = typeof cause === "object" && cause !== null ? Reflect.get(cause, "code") : undefined
      const problem =
        code === "EADDRINUSE"
          ? "another program uses it"
          : cause instanceof Error
            ? cause.message
            : String(code)
      return new PortUnavailable({ port: options.port, problem })
    }),
  )
  const address = node.address()
  const port = typeof address === "object" && address !== null ? address.port : options.port
  const session = makeSession(sessionKey(options.keyFolder), runsDir, port)
  const handle = yield* routes({ runsDir, hasStreams: options.hasStreams ?? true, queue: options.queue })
  yield* server.serve(guarded(() => session, handle))
  // Streams never end by themselves.
  yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
  const origin = `http://127.0.0.1:${port}`
  return { port, origin, address: () => `${origin}/?token=${session.token()}` }
})
