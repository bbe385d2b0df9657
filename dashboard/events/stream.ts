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
    // A part of a topic at a time: the rows of many runs together would take much memory.
    const step = Effect.fnUntraced(function* (state: {
      readonly cursors: Cursors
      readonly position: number
      readonly aliveAtMs: number
      readonly isFirst: boolean
      /** The topic at this position has more news. */
      readonly hasMore: boolean
    }) {
      const { aliveAtMs, isFirst, position } = state
      if (position === 0 && !isFirst && !state.hasMore) yield* Effect.sleep(hub.pauseMs())
      const { cursors, event, hasMore } =
        topics.length === 0
          ? { cursors: state.cursors, event: undefined, hasMore: false }
          : yield* hub.newsOf(topics, state.cursors, position)
      const now = yield* Clock.currentTimeMillis
      const isDue = event !== undefined || now - aliveAtMs > aliveMs || isFirst
      const text = [
        isFirst ? `retry: ${retryMs}\n\n` : "",
        event === undefined
          ? isDue
            ? "event: alive\ndata: 1\n\n"
            : ""
          : Sse.encoder.write({
              _tag: "Event",
              event: "message",
              id: event.id,
              data: JSON.stringify(event.message),
            }),
      ].join("")
      return [
        encoder.encode(text),
        {
          cursors,
          position: hasMore ? position : topics.length === 0 ? 0 : (position + 1) % topics.length,
          aliveAtMs: isDue ? now : aliveAtMs,
          isFirst: false,
          hasMore,
        },
      ] as const
    })
    const own = Symbol("stream")
    const body = Stream.unfold(
      { cursors: since, position: 0, aliveAtMs: 0, isFirst: true, hasMore: false },
      step,
    ).pipe(
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
