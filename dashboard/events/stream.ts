/** Server-sent events: (topics, what the browser has) -> a response that ends when the browser leaves. */
import { Clock, Effect, type FileSystem, type Path, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { Sse } from "effect/encoding"
import { ownHeaders } from "../security/headers.ts"
import type { Cursors, Hub } from "./hub.ts"

/** An event without content, so often, tells the browser that the connection lives. */
const aliveMs = 10_000
/** How long a browser waits before it connects again. */
const retryMs = 1000

const encoder = new TextEncoder()

/** The topics of each stream that is open now, for tests. */
const open = new Map<symbol, ReadonlyArray<string>>()
export const openStreams = {
  get count() {
    return open.size
  },
  topics: () => [...open.values()].flat(),
}

export const eventStream = (
  hub: Hub,
  topics: ReadonlyArray<string>,
  since: Cursors,
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const step = Effect.fnUntraced(function* (state: {
      readonly cursors: Cursors
      readonly aliveAtMs: number
      readonly isFirst: boolean
    }) {
      if (!state.isFirst) yield* Effect.sleep(hub.pauseMs())
      const { cursors, events } = yield* hub.messagesSince(topics, state.cursors)
      const now = yield* Clock.currentTimeMillis
      const isDue = events.length > 0 || now - state.aliveAtMs > aliveMs || state.isFirst
      const text = [
        ...(state.isFirst ? [`retry: ${retryMs}\n\n`] : []),
        ...events.map(({ id, message }) =>
          Sse.encoder.write({ _tag: "Event", event: "message", id, data: JSON.stringify(message) }),
        ),
        ...(isDue && events.length === 0 ? ["event: alive\ndata: 1\n\n"] : []),
      ].join("")
      return [
        encoder.encode(text),
        { cursors, aliveAtMs: isDue ? now : state.aliveAtMs, isFirst: false },
      ] as const
    })
    const own = Symbol("stream")
    const body = Stream.unfold({ cursors: since, aliveAtMs: 0, isFirst: true }, step).pipe(
      Stream.filter((bytes) => bytes.length > 0),
      Stream.onStart(Effect.sync(() => void open.set(own, topics))),
      Stream.ensuring(Effect.sync(() => void open.delete(own))),
      Stream.provideContext(services),
    )
    return HttpServerResponse.stream(body, {
      contentType: "text/event-stream; charset=utf-8",
      headers: { ...ownHeaders, "x-accel-buffering": "no" },
    })
  })
