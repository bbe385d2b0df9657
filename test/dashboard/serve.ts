/** A dashboard in this process, and requests to it as programs and browsers send them. */
import { mkdtempSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Exit, Layer, Scope } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { type DashboardOptions, serveDashboard } from "../../dashboard/server.ts"
import type { Message } from "../../dashboard/messages.ts"
import { signIn } from "./dashboardProcess.ts"

const services = Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)

export interface Served {
  readonly port: number
  readonly origin: string
  readonly address: () => string
  /** The `Cookie` header of a browser that is signed in. */
  readonly cookie: string
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>
  readonly close: () => Promise<void>
}

/** Signs in, and so uses the first token up. */
export const serve = async (runsDir: string, options: Partial<DashboardOptions> = {}): Promise<Served> => {
  const ownKeys = options.keyFolder === undefined ? mkdtempSync(join(tmpdir(), "tidemark-key-")) : undefined
  const scope = await Effect.runPromise(Scope.make())
  const { address, origin, port } = await Effect.runPromise(
    serveDashboard({
      runsDir,
      port: 0,
      ...(ownKeys === undefined ? {} : { keyFolder: ownKeys }),
      ...options,
    }).pipe(Scope.provide(scope), Effect.provide(services)),
  )
  const cookie = await signIn(address())
  return {
    port,
    origin,
    address,
    cookie,
    get: (path, headers = {}) =>
      fetch(`${origin}${path}`, { headers: { cookie, ...headers }, redirect: "manual" }),
    close: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      if (ownKeys !== undefined) rmSync(ownKeys, { recursive: true, force: true })
    },
  }
}

/** Sends bytes as they are, and answers the status and the whole response. */
export const sendRaw = (
  port: number,
  request: string,
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request))
    // A server that waits for more bytes has not answered.
    socket.setTimeout(5000, () => socket.destroy())
    let text = ""
    socket.setEncoding("utf8")
    socket.on("data", (data) => (text += String(data)))
    socket.on("error", reject)
    socket.on("close", () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text }))
  })

export interface StreamedEvent {
  readonly id: string
  readonly message: Message
  readonly atMs: number
}

/** An event stream: events as they come, until it is closed. */
export const openStream = async (
  served: Pick<Served, "cookie" | "origin">,
  topics: string,
  lastEventId?: string,
) => {
  const abort = new AbortController()
  const response = await fetch(`${served.origin}/api/events?topics=${encodeURIComponent(topics)}`, {
    headers: {
      cookie: served.cookie,
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    },
    signal: abort.signal,
  })
  const events: Array<StreamedEvent> = []
  const read = async () => {
    let text = ""
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const blocks = text.split("\n\n")
      text = blocks.pop() ?? ""
      for (const block of blocks) {
        const field = (name: string) =>
          block
            .split("\n")
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2)
        const [id, data] = [field("id"), field("data")]
        if (id !== undefined && data !== undefined)
          events.push({ id, message: JSON.parse(data), atMs: performance.now() })
      }
    }
  }
  const ended = read().catch(() => undefined)
  return {
    response,
    events,
    /** Waits for an event that is like this. */
    until: async (isWanted: (event: StreamedEvent) => boolean, withinMs = 5000) => {
      const begun = performance.now()
      while (performance.now() - begun < withinMs) {
        const found = events.find(isWanted)
        if (found !== undefined) return found
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      throw new Error(`no such event within ${withinMs} ms; found ${JSON.stringify(events).slice(0, 500)}`)
    },
    close: async () => {
      abort.abort()
      await ended
    },
  }
}
