/**
 * One connection for all tabs of a browser: a shared worker that every tab tells its topics.
 *
 * Browsers open few connections to one server, and every stream costs the server work. A tab that is gone is noticed by the lock
 * that it held.
 */
import type { Message } from "../messages.ts"
import { openConnection, type Status } from "./connection.ts"

/** What a tab sends: its topics, or the name of the lock that it holds now. */
export type TabRequest = { readonly topics: ReadonlyArray<string> } | { readonly lock: string }

/** What a tab gets. */
export type WorkerAnswer = { readonly message: Message } | { readonly status: Status }

const tabs = new Map<MessagePort, ReadonlySet<string>>()
let status: Status = "connecting"

const send = (port: MessagePort, answer: WorkerAnswer) => port.postMessage(answer)

const topicOf = (message: Message) => (message.kind === "runs" ? "runs" : `run:${message.id}`)

const connection = openConnection(
  (message) => {
    const topic = topicOf(message)
    for (const [port, topics] of tabs) if (topics.has(topic)) send(port, { message })
  },
  (next) => {
    if (next === status) return
    status = next
    for (const port of tabs.keys()) send(port, { status })
  },
)

const followAll = () => connection.follow(new Set([...tabs.values()].flatMap((topics) => [...topics])))

/** The lock is free when the tab is gone. */
const forgetAfter = (port: MessagePort, lock: string) => {
  void navigator.locks.request(lock, () => {
    tabs.delete(port)
    port.close()
    followAll()
  })
}

const accept = (port: MessagePort) => {
  tabs.set(port, new Set())
  send(port, { status })
  port.addEventListener("message", ({ data }: MessageEvent<TabRequest>) => {
    if ("lock" in data) return forgetAfter(port, data.lock)
    const before = tabs.get(port) ?? new Set()
    const others = [...tabs].filter(([other]) => other !== port)
    tabs.set(port, new Set(data.topics))
    for (const topic of data.topics) {
      // What other tabs have got already is sent again: it replaces the same.
      if (!before.has(topic) && others.some(([, topics]) => topics.has(topic))) connection.renew(topic)
    }
    followAll()
  })
  port.start()
}

addEventListener("connect", (event) => {
  if (event instanceof MessageEvent) for (const port of event.ports) accept(port)
})
