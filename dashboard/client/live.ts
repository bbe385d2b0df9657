/**
 * What this tab follows: (topics, receiver) -> messages, from the worker that all tabs share, or from a connection of its own
 * where a browser has no shared workers.
 */
import type { Message } from "../messages.ts"
import { openConnection, type Status } from "./connection.ts"
import type { TabRequest, WorkerAnswer } from "./liveWorker.ts"

type Receive = (message: Message) => void

let receive: Receive = () => {}
let onStatus: (status: Status) => void = () => {}

interface ScriptUrls {
  readonly createPolicy: (
    name: string,
    rules: { readonly createScriptURL: (url: string) => string },
  ) => { readonly createScriptURL: (url: string) => string }
}

/** The address in the page, which the server wrote; nothing else can become a script. */
const workerAddress = (): string => {
  const address = document.body.dataset.liveWorker ?? ""
  const policies: ScriptUrls | undefined = Reflect.get(globalThis, "trustedTypes")
  return policies === undefined
    ? address
    : policies.createPolicy("tidemark", { createScriptURL: () => address }).createScriptURL(address)
}

const shareConnection = (): ((topics: ReadonlyArray<string>) => void) | undefined => {
  if (typeof SharedWorker === "undefined" || navigator.locks === undefined) return undefined
  const worker = new SharedWorker(workerAddress(), { type: "module", name: "tidemark" })
  const lock = `tidemark-tab-${crypto.randomUUID()}`
  const send = (request: TabRequest) => worker.port.postMessage(request)
  // Held until the tab is gone. The worker hears of it when it is held: it must not get it first.
  void navigator.locks.request(lock, () => {
    send({ lock })
    return new Promise(() => {})
  })
  worker.port.addEventListener("message", ({ data }: MessageEvent<WorkerAnswer>) => {
    if ("message" in data) receive(data.message)
    else onStatus(data.status)
  })
  worker.port.start()
  return (topics) => send({ topics })
}

const ownConnection = () => {
  const connection = openConnection(
    (message) => receive(message),
    (status) => onStatus(status),
  )
  return (topics: ReadonlyArray<string>) => connection.follow(new Set(topics))
}

let send: ((topics: ReadonlyArray<string>) => void) | undefined

/** Follows these topics instead of those before. */
export const follow = (topics: ReadonlyArray<string>, receiver: Receive): void => {
  receive = receiver
  send ??= shareConnection() ?? ownConnection()
  // What comes for a topic that stays would be only what is new: everything is wanted.
  send([])
  send(topics)
}

export const onConnectionStatus = (listener: (status: Status) => void): void => {
  onStatus = listener
}
