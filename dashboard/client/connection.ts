/**
 * The connection to the dashboard's server: (topics) -> messages as they come.
 *
 * An event stream, or polls where none can be opened. What was received is known by the id of the last event, so after a lost
 * connection, a restart of the server or a sleep of the machine nothing is missing or received twice.
 */
import { mostTopics } from "../limits.ts"
import type { Message, PollAnswer } from "../messages.ts"

export type Status = "connecting" | "live" | "polling" | "lost" | "signedOut"

export interface Connection {
  readonly follow: (topics: ReadonlySet<string>) => void
  /** Everything of a topic is sent again: for a reader that joined late. */
  readonly renew: (topic: string) => void
}

const pollMs = 1000
/** The server gives a sign of life every ten seconds. */
const silenceMs = 25_000
/** Polls between two tries to open a stream. */
const pollsBeforeStream = 15

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

export const openConnection = (
  onMessage: (message: Message) => void,
  onStatus: (status: Status) => void,
): Connection => {
  let topics: ReadonlyArray<string> = []
  /** What was received of each topic, as the server wrote it. */
  let cursors = new Map<string, string>()
  let source: EventSource | undefined
  let heardAt = Date.now()
  /** Ends the polls of an earlier set of topics. */
  let generation = 0
  /** The last stream was opened: after the server was away, the next one is tried as soon as it responds. */
  let hasStreamed = false
  let opening: ReturnType<typeof setTimeout> | undefined

  const address = (path: string) => {
    const since = topics.map((topic) => cursors.get(topic) ?? "")
    return `${path}?topics=${encodeURIComponent(topics.join(","))}&since=${encodeURIComponent(since.join(","))}`
  }

  /** The cursors of an event or an answer are in the order of its topics. */
  const receivedUpTo = (of: ReadonlyArray<string>, since: string) => {
    const found = since.split(",")
    cursors = new Map(of.map((topic, i) => [topic, found[i] ?? ""]))
  }

  const close = () => {
    generation++
    source?.close()
    source = undefined
  }

  /** True if the server answered. */
  const poll = async (own: number): Promise<boolean> => {
    const asked = topics
    try {
      const response = await fetch(address("/api/poll"), { headers: { accept: "application/json" } })
      if (own !== generation) return true
      if (response.status === 401) {
        onStatus("signedOut")
        return false
      }
      if (!response.ok) throw new Error(`found status ${response.status}`)
      const answer: PollAnswer = await response.json()
      if (own !== generation) return true
      receivedUpTo(asked, answer.since)
      for (const message of answer.messages) onMessage(message)
      onStatus("polling")
      return true
    } catch {
      if (own === generation) onStatus("lost")
      return false
    }
  }

  /** Polls until something else is followed, or a stream can be tried again. A page may be open for days. */
  const pollUntilStream = async (own: number): Promise<void> => {
    const isCurrent = () => own === generation
    for (let polls = 1; isCurrent(); polls++) {
      const isAnswered = await poll(own)
      if (!isCurrent()) return
      if (isAnswered && (hasStreamed || polls % pollsBeforeStream === 0)) return open()
      await wait(pollMs)
    }
  }

  const open = () => {
    close()
    if (topics.length === 0) return
    const own = generation
    heardAt = Date.now()
    hasStreamed = false
    if (typeof EventSource === "undefined") return void pollUntilStream(own)
    const asked = topics
    const stream = new EventSource(address("/api/events"))
    source = stream
    stream.addEventListener("open", () => {
      heardAt = Date.now()
      hasStreamed = true
      onStatus("live")
    })
    stream.addEventListener("alive", () => (heardAt = Date.now()))
    stream.addEventListener("message", (event: MessageEvent<string>) => {
      heardAt = Date.now()
      receivedUpTo(asked, event.lastEventId)
      onMessage(JSON.parse(event.data))
    })
    stream.addEventListener("error", () => {
      if (own !== generation) return
      // While the browser tries again by itself there is nothing to do.
      if (stream.readyState === EventSource.CONNECTING) return onStatus("lost")
      close()
      void pollUntilStream(generation)
    })
  }

  /** Several changes at once are one. What still comes from before must not count as received. */
  const reopen = () => {
    close()
    clearTimeout(opening)
    opening = setTimeout(open, 20)
  }

  setInterval(() => {
    // A connection that was cut without a word, as by a sleep.
    if (source !== undefined && Date.now() - heardAt > silenceMs) reopen()
  }, 5000)

  return {
    follow: (wanted) => {
      const isSame = wanted.size === topics.length && topics.every((topic) => wanted.has(topic))
      if (isSame) return
      // Of too many runs the newest ones count. Every view needs the table of all.
      const others = [...wanted].filter((topic) => topic !== "runs")
      topics = [...(wanted.has("runs") ? ["runs"] : []), ...others.slice(1 - mostTopics)]
      cursors = new Map([...cursors].filter(([topic]) => wanted.has(topic)))
      reopen()
    },
    renew: (topic) => {
      cursors.delete(topic)
      reopen()
    },
  }
}
