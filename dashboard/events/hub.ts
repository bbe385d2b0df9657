/**
 * What browsers follow: (topics, what a browser has) -> the messages that it lacks, and what it has then.
 *
 * A topic is `runs` or `run:ID`. What a browser has is one text, the id of the last event that it got: it holds a cursor for each
 * topic, and means the same to the next process of the dashboard. So nothing is lost or sent twice after a restart, and no state
 * of a browser is kept here. It is short, because browsers send it back in an address.
 */
import { randomBytes } from "node:crypto"
import { Clock, Effect, Semaphore } from "effect"
import { mostTopics } from "../limits.ts"
import type { Message, RunRow, RunsMessage } from "../messages.ts"
import { openCollections, type CollectionsState } from "../runs/collections.ts"
import { openRunDetail } from "../runs/runDetail.ts"
import type { QueuedRuns } from "../runs/queuedRuns.ts"
import { openRunsTable } from "../runs/runsTable.ts"
import { runFolder } from "../security/runFolder.ts"

/** The time between two looks at the files, and while runs are read for the first time. */
const tickMs = 400
const firstTickMs = 20
/** A run that nobody has followed for this long may be forgotten; its curves are read again on demand. */
const idleMs = 10_000
/** So many of them are kept for the next reader. */
const idleRunsKept = 4

/** What a browser has of each topic, in the order of the topics; "" of what it has not got yet. */
export type Cursors = ReadonlyArray<string>

/** Cursors have neither commas nor line feeds: together they are the id of an event. */
export const encodeCursors = (cursors: Cursors) => cursors.join(",")

export const decodeCursors = (text: string): Cursors => text.slice(0, 16_384).split(",")

/** The topics of a request, without those that cannot be. */
export const decodeTopics = (text: string | null): ReadonlyArray<string> =>
  [...new Set((text ?? "").split(","))]
    .filter((topic) => topic === "runs" || topic.startsWith("run:"))
    .slice(0, mostTopics)

interface NewsEvent {
  readonly message: Message
  readonly id: string
}

/** What is known of a run beside its own folder: the experiment whose champion it is, and whether a schedule resumes it. */
const marksOf = ({ value, waiting }: CollectionsState) => {
  const marks = new Map<string, string>()
  for (const { experiment, run } of value.champions) if (run !== null) marks.set(run, experiment)
  for (const run of waiting) marks.set(run, `${marks.get(run) ?? ""} waiting`)
  return marks
}

/** The runs of which something else is known than before. */
const differentMarks = (before: CollectionsState, after: CollectionsState): ReadonlyArray<string> => {
  const [old, now] = [marksOf(before), marksOf(after)]
  return [...new Set([...old.keys(), ...now.keys()])].filter((run) => old.get(run) !== now.get(run))
}

export type Hub = Effect.Success<ReturnType<typeof openHub>>

const noRuns: ReadonlySet<string> = new Set<string>()

/** `queued`: the runs that wait in a queue. */
export const openHub = Effect.fnUntraced(function* (runsDir: string, queued: QueuedRuns = () => noRuns) {
  const table = openRunsTable(runsDir)
  const readCollections = openCollections(runsDir)
  const details = new Map<string, ReturnType<typeof openRunDetail>>()
  /** Of this process: versions of another one mean nothing here. */
  const boot = randomBytes(6).toString("hex")
  const oneAtATime = yield* Semaphore.make(1)
  let collections: CollectionsState | undefined
  let queuedNow = noRuns
  let lookedAtMs = 0

  const refresh = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (collections !== undefined && table.isComplete() && now - lookedAtMs < tickMs / 2) return collections
    lookedAtMs = now
    forgetIdle(now)
    yield* table.refresh()
    const before = collections
    collections = yield* readCollections(table.running())
    if (before !== undefined && before !== collections) table.touch(differentMarks(before, collections))
    const queuedBefore = queuedNow
    queuedNow = queued()
    if (queuedNow !== queuedBefore) table.touch(queuedNow.symmetricDifference(queuedBefore))
    return collections
  })

  /** With what is known of a run beside its own folder. */
  const adornWith =
    ({ value, waiting }: CollectionsState) =>
    (row: RunRow): RunRow => {
      const championOf = value.champions.find(({ run }) => run === row.id)?.experiment ?? null
      const isResumed = row.state === "stopped" || row.state === "killed"
      const next = queuedNow.has(row.id) ? "queued" : waiting.has(row.id) ? "waiting" : undefined
      const state = isResumed && next !== undefined ? next : row.state
      return championOf === null && state === row.state ? row : { ...row, championOf, state }
    }

  const runsSince = (state: CollectionsState, cursor: string) => {
    const [known, rows, others, complete] = cursor.split(".")
    const replaces = known !== boot
    const since = replaces ? 0 : Number(rows) || 0
    const changed = table.rowsSince(since)
    const removed = replaces ? [] : table.removedSince(since)
    const hasOthers = !replaces && Number(others) === state.version
    const isNews =
      changed.length > 0 ||
      removed.length > 0 ||
      !hasOthers ||
      complete !== String(Number(table.isComplete()))
    const message: RunsMessage = {
      kind: "runs",
      replaces,
      rows: changed.map(adornWith(state)),
      removed,
      isComplete: table.isComplete(),
      collections: hasOthers ? null : state.value,
    }
    return {
      message: isNews ? message : undefined,
      cursor: `${boot}.${table.version()}.${state.version}.${Number(table.isComplete())}`,
      hasMore: false,
    }
  }

  const detailOf = (id: string) => {
    const folder = runFolder(runsDir, id)
    if (folder === undefined) {
      details.delete(id)
      return undefined
    }
    const known = details.get(id)
    if (known !== undefined) return known
    const opened = openRunDetail(folder, lookedAtMs)
    details.set(id, opened)
    return opened
  }

  /** Those that were used longest ago make room, but none that a browser follows: it would be read whole at every look. */
  const forgetIdle = (nowMs: number) => {
    const idle = [...details].filter(([, detail]) => nowMs - detail.lastUsedMs() > idleMs)
    idle.sort(([, a], [, b]) => b.lastUsedMs() - a.lastUsedMs())
    for (const [id] of idle.slice(idleRunsKept)) details.delete(id)
  }

  const runSince = Effect.fnUntraced(function* (state: CollectionsState, id: string, cursor: string) {
    const detail = detailOf(id)
    if (detail !== undefined) return yield* detail.since(cursor, adornWith(state))
    return {
      message: cursor === "missing" ? undefined : ({ kind: "missing", id } as const),
      cursor: "missing",
      hasMore: false,
    }
  })

  /** What is new of one topic, with the cursors that a browser has when it has got it. `hasMore`: the topic has more news. */
  const newsOf = Effect.fnUntraced(function* (
    topics: ReadonlyArray<string>,
    since: Cursors,
    position: number,
  ) {
    // One look for all topics.
    const state = position === 0 || collections === undefined ? yield* refresh : collections
    const topic = topics[position]
    const known = since[position] ?? ""
    const { cursor, hasMore, message } =
      topic === "runs" ? runsSince(state, known) : yield* runSince(state, topic.slice("run:".length), known)
    const cursors: Cursors = topics.map((_, i) => (i === position ? cursor : (since[i] ?? "")))
    const event =
      message === undefined ? undefined : ({ message, id: encodeCursors(cursors) } satisfies NewsEvent)
    return { cursors, event, hasMore }
  }, oneAtATime.withPermits(1))

  /** The same of all topics. */
  const messagesSince = Effect.fnUntraced(function* (topics: ReadonlyArray<string>, since: Cursors) {
    let cursors: Cursors = since
    const events: Array<NewsEvent> = []
    for (const position of topics.keys()) {
      for (let hasMore = true; hasMore;) {
        const news = yield* newsOf(topics, cursors, position)
        ;({ cursors, hasMore } = news)
        if (news.event !== undefined) events.push(news.event)
      }
    }
    return { events, cursors }
  })

  /** Every row of a run; undefined if there is no such run. */
  const rowsOf = (id: string) => detailOf(id)?.rows()

  return {
    newsOf,
    messagesSince,
    rowsOf,
    /** How long a stream waits until it looks again. */
    pauseMs: () => (table.isComplete() ? tickMs : firstTickMs),
  }
})
