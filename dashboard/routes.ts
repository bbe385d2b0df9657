/** What the dashboard answers at which address. Requests that come here are allowed and signed in (`server.ts`). */
import { Context, Effect, FileSystem, type Path } from "effect"
import { type HttpClient, HttpServerRequest, HttpServerResponse } from "effect/http"
import { thinRows } from "./curves/thinRows.ts"
import { readBrowserModules } from "./assets/modules.ts"
import { icon, shellPage } from "./assets/shell.ts"
import { dashboardStyle } from "./assets/style.ts"
import { decodeCursors, decodeTopics, encodeCursors, openHub } from "./events/hub.ts"
import { eventStream } from "./events/stream.ts"
import { mostCompared } from "./limits.ts"
import { imageLimitBytes, openPredictions } from "./predictions.ts"
import { collectionDetail } from "./runs/collectionDetail.ts"
import { watchQueue } from "./runs/queuedRuns.ts"
import type { Queue } from "../operations/queue/Queue.ts"
import { matchPath, type PathParameters } from "./pathPattern.ts"
import { ownHeaders, staticPageHeaders } from "./security/headers.ts"
import { isRunFile, isRunId, runFilePath, runFiles } from "./security/runFolder.ts"
import { championsPage, comparedPage, ensemblePageOf, runPage, sweepPageOf } from "./staticPages.ts"
import { style } from "../views/page/style.ts"

type Services = FileSystem.FileSystem | Path.Path | HttpClient.HttpClient
type Response = HttpServerResponse.HttpServerResponse

/** A reader's browser that opens an address. */
const isPage = (headers: HttpServerRequest.HttpServerRequest["headers"]) =>
  (headers.accept ?? "").includes("text/html")

const answer = (body: string, contentType: string, status = 200) =>
  HttpServerResponse.text(body, { status, contentType, headers: ownHeaders })

const json = (value: unknown, status = 200) =>
  answer(JSON.stringify(value), "application/json; charset=utf-8", status)

const nothing = (problem = "there is nothing at this address") => json({ problem }, 404)

/** The query of the request that is answered. */
const query = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request) => new URL(request.originalUrl, "http://localhost").searchParams,
)

/** What the pattern of the route found in the path. */
class Parameters extends Context.Service<Parameters, PathParameters>()("tidemark/dashboard/Parameters") {}

const parameter = (name: string) => Effect.map(Parameters, (found) => found[name] ?? "")

interface Route {
  readonly method: "GET" | "POST"
  readonly pattern: string
  readonly handle: Effect.Effect<Response, never, Services | Parameters | HttpServerRequest.HttpServerRequest>
}

/** A page, shown in a frame of the dashboard, or saved with `?save`. Its file name has only harmless characters. */
const staticPage = Effect.fnUntraced(function* (page: string | undefined, name: string) {
  if (page === undefined) return nothing()
  const isSaved = (yield* query).has("save")
  return HttpServerResponse.text(page, {
    contentType: "text/html; charset=utf-8",
    headers: {
      ...staticPageHeaders,
      ...(isSaved
        ? { "content-disposition": `attachment; filename="${name.replaceAll(/[^0-9A-Za-z_.-]/g, "-")}.html"` }
        : {}),
    },
  })
})

/** Whatever fails while an answer is made is shown by the page, not to the log alone. */
const withProblem = <E extends { readonly message: string }, R>(handle: Effect.Effect<Response, E, R>) =>
  handle.pipe(Effect.catch((error: E) => Effect.succeed(json({ problem: error.message }, 422))))

const views = [
  "/",
  "/runs/:id",
  "/compare",
  "/sweeps/:name",
  "/ensembles/:name",
  "/champions",
  "/draw",
] as const

export interface RoutesOptions {
  readonly runsDir: string
  readonly hasStreams: boolean
  readonly queue?: Queue["Service"] | undefined
}

export const routes = ({ hasStreams, queue, runsDir }: RoutesOptions) =>
  Effect.gen(function* () {
    const modules = yield* Effect.promise(readBrowserModules)
    const hub = yield* openHub(runsDir, queue === undefined ? undefined : yield* watchQueue(queue, runsDir))
    const predict = yield* openPredictions(runsDir)
    const services = yield* Effect.context<Services>()
    const get = (pattern: string, handle: Route["handle"]): Route => ({ method: "GET", pattern, handle })
    const fixed = (path: string, response: Response) => get(path, Effect.succeed(response))
    const shell = answer(shellPage(modules), "text/html; charset=utf-8")
    const unknownView = answer(shellPage(modules), "text/html; charset=utf-8", 404)
    const sheet = answer(`${style}\n${dashboardStyle}`, "text/css; charset=utf-8")

    const events = Effect.gen(function* () {
      if (!hasStreams) return json({ problem: "event streams are off" }, 503)
      const request = yield* HttpServerRequest.HttpServerRequest
      const search = yield* query
      // After a lost connection the browser sends the id of the last event that it got.
      const since = request.headers["last-event-id"] ?? search.get("since") ?? ""
      return yield* eventStream(hub, decodeTopics(search.get("topics")), decodeCursors(since))
    })
    const poll = Effect.gen(function* () {
      const search = yield* query
      const topics = decodeTopics(search.get("topics"))
      const { cursors, events } = yield* hub.messagesSince(topics, decodeCursors(search.get("since") ?? ""))
      return json({ messages: events.map(({ message }) => message), since: encodeCursors(cursors) })
    })
    const rows = Effect.gen(function* () {
      const search = yield* query
      const id = yield* parameter("id")
      const all = isRunId(id) ? hub.rowsOf(id) : undefined
      if (all === undefined) return nothing("there is no such run")
      const bound = (name: string, none: number) => {
        const value = Number(search.get(name) ?? Number.NaN)
        return Number.isFinite(value) ? value : none
      }
      const found = thinRows(all, { from: bound("from", -Infinity), to: bound("to", Infinity) })
      return json({ rows: found })
    })
    const file = Effect.gen(function* () {
      const [id, name] = [yield* parameter("id"), yield* parameter("name")]
      const path = runFilePath(runsDir, id, name)
      if (path === undefined || !isRunFile(name)) return nothing()
      // In parts: metrics may be large, and streams to other browsers wait meanwhile.
      const fs = yield* FileSystem.FileSystem
      return HttpServerResponse.stream(fs.stream(path), {
        contentType: runFiles[name],
        headers: { ...ownHeaders, "content-disposition": `attachment; filename="${id}-${name}"` },
      })
    })
    const drawn = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const size = Number(request.headers["content-length"] ?? Number.NaN)
      if (!(size <= imageLimitBytes)) {
        return json({ problem: `an image file has at most ${imageLimitBytes / 2 ** 20} MiB` }, 413)
      }
      const bytes = new Uint8Array(yield* request.arrayBuffer)
      if (bytes.length === 0) return json({ problem: "the image is empty" }, 422)
      return json(yield* predict((yield* query).get("model") ?? "", bytes))
    })

    const table: ReadonlyArray<Route> = [
      fixed("/style.css", sheet),
      ...views.map((path) => fixed(path, shell)),
      fixed("/icon.svg", answer(icon, "image/svg+xml")),
      ...[...modules.scripts].map(([address, script]) =>
        fixed(`/${address.slice(1)}`, answer(script, "text/javascript; charset=utf-8")),
      ),
      get("/api/events", withProblem(events)),
      get("/api/poll", withProblem(poll)),
      get("/api/runs/:id/rows", withProblem(rows)),
      get(
        "/api/collections/:kind/:name",
        withProblem(
          Effect.gen(function* () {
            const found = yield* collectionDetail(runsDir, yield* parameter("kind"), yield* parameter("name"))
            return found === undefined ? nothing() : json(found)
          }),
        ),
      ),
      get("/files/:id/:name", withProblem(file)),
      get(
        "/pages/:id/report.html",
        withProblem(
          Effect.gen(function* () {
            const id = yield* parameter("id")
            return yield* staticPage(yield* runPage(runsDir, id), id)
          }),
        ),
      ),
      get(
        "/pages/comparison.html",
        withProblem(
          Effect.gen(function* () {
            const ids = (yield* query).getAll("run")
            if (ids.length > mostCompared)
              return json({ problem: `a comparison in the dashboard has at most ${mostCompared} runs` }, 422)
            return yield* staticPage(yield* comparedPage(runsDir, ids), "comparison")
          }),
        ),
      ),
      get(
        "/pages/history.html",
        withProblem(
          Effect.gen(function* () {
            return yield* staticPage(yield* championsPage(runsDir), "history")
          }),
        ),
      ),
      get(
        "/pages/sweeps/:name/report.html",
        withProblem(
          Effect.gen(function* () {
            const name = yield* parameter("name")
            return yield* staticPage(yield* sweepPageOf(runsDir, name), name)
          }),
        ),
      ),
      get(
        "/pages/ensembles/:name/report.html",
        withProblem(
          Effect.gen(function* () {
            const name = yield* parameter("name")
            return yield* staticPage(yield* ensemblePageOf(runsDir, name), name)
          }),
        ),
      ),
      { method: "POST", pattern: "/api/predict", handle: withProblem(drawn) },
    ]
    /** Answers the request of the context. */
    return Effect.gen(function* () {
      const { headers, method, originalUrl } = yield* HttpServerRequest.HttpServerRequest
      const { pathname } = new URL(originalUrl, "http://localhost")
      const wanted = method === "HEAD" ? "GET" : method
      for (const route of table) {
        const found = route.method === wanted ? matchPath(route.pattern, pathname) : undefined
        if (found === undefined) continue
        return yield* route.handle.pipe(
          Effect.provideService(Parameters, found),
          Effect.provideContext(services),
        )
      }
      // A view that does not exist says so in the browser.
      return wanted === "GET" && isPage(headers) ? unknownView : nothing()
    })
  })
