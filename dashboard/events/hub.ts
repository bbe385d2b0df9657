/**
 * What browsers follow: (topics, what a browser has) -> the messages that it lacks, and what it has then.
 *
 * A topic is `runs` or `run:ID`. What a browser has is one text, the id of the last event that it got: it holds a cursor for each
 * topic, and means the same to the next process of the dashboard. So nothing is lost or sent twice after a restart, and no state
 * of a browser is kept here.
 */
import { randomBytes } from "node:crypto"
import { Clock, Effect, Semaphore } from "effect"
import type { Message, RunRow, RunsMessage } from "../messages.ts"
import { openCollections, type CollectionsState } from "../runs/collections.ts"
import { openRunDetail } from "../runs/runDetail.ts"
import { openRunsTable } from "../runs/runsTable.ts"
import { runFolder } from "../security/runFolder.ts"

/** The time between two looks at the files, and while runs are read for the first time. */
const tickMs = 400
const firstTickMs = 20
/** Curves of so many runs stay in memory. */
const runsKept = 16
/** Topics of one browser. */
const mostTopics = 40

export type Cursors = ReadonlyMap<string, string>

/** Without line feeds: it is the id of an event. */
export const encodeCursors = (cursors: Cursors) => new URLSearchParams([...cursors]).toString()

export const decodeCursors = (text: string): Cursors => new Map(new URLSearchParams(text.slice(0, 16_384)))

/** The topics of a request, without those that cannot be. */
export const decodeTopics = (text: string | null): ReadonlyArray<string> =>
  [...new Set((text ?? "").split(","))]
    .filter((topic) => topic === "runs" || topic.startsWith("run:"))
    .slice(0, mostTopics)

export type Hub = Effect.Success<ReturnType<typeof openHub>>

export const openHub = Effect.fnUntraced(function* (runsDir: string) {
  const table = openRunsTable(runsDir)
  const readCollections = openCollections(runsDir)
  const details = new Map<string, ReturnType<typeof openRunDetail>>()
  /** Of this process: versions of another one mean nothing here. */
  const boot = randomBytes(6).toString("hex")
  const oneAtATime = yield* Semaphore.make(1)
  let collections: CollectionsState | undefined
  let lookedAtMs = 0

  const refresh = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (collections !== undefined && table.isComplete() && now - lookedAtMs < tickMs / 2) return collections
    lookedAtMs = now
    yield* table.refresh()
    collections = yield* readCollections()
    return collections
  })

  /** With what is known of a run beside its own folder. */
  const adornWith =
    ({ value, waiting }: CollectionsState) =>
    (row: RunRow): RunRow => {
      const championOf = value.champions.find(({ run }) => run === row.id)?.experiment ?? null
      const isWaiting = waiting.has(row.id) && (row.state === "stopped" || row.state === "killed")
      return championOf === null && !isWaiting
        ? row
        : { ...row, championOf, state: isWaiting ? "waiting" : row.state }
    }

  const runsSince = (state: CollectionsState, cursor: string | undefined) => {
    const [known, rows, others, complete] = cursor?.split(".") ?? []
    const replaces = known !== boot
    // Champions and waiting runs are marks in the rows.
    const isMarked = !replaces && Number(others) === state.version
    const since = isMarked ? Number(rows) || 0 : 0
    const changed = table.rowsSince(since)
    const removed = replaces ? [] : table.removedSince(since)
    const isNews =
      replaces ||
      changed.length > 0 ||
      removed.length > 0 ||
      !isMarked ||
      complete !== String(Number(table.isComplete()))
    const message: RunsMessage = {
      kind: "runs",
      replaces,
      rows: changed.map(adornWith(state)),
      removed,
      isComplete: table.isComplete(),
      collections: replaces || Number(others) !== state.version ? state.value : null,
    }
    return {
      message: isNews ? message : undefined,
      cursor: `${boot}.${table.version()}.${state.version}.${Number(table.isComplete())}`,
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
    const opened = openRunDetail(folder)
    details.set(id, opened)
    // The one that was used longest ago makes room.
    if (details.size > runsKept) {
      const [oldest] = [...details]
        .filter(([other]) => other !== id)
        .sort(([, a], [, b]) => a.lastUsedMs() - b.lastUsedMs())
      details.delete(oldest[0])
    }
    return opened
  }

  const runSince = Effect.fnUntraced(function* (
    state: CollectionsState,
    id: string,
    cursor: string | undefined,
  ) {
    const detail = detailOf(id)
    if (detail !== undefined) return yield* detail.since(cursor, adornWith(state))
    return {
      message: cursor === "missing" ? undefined : ({ kind: "missing", id } as const),
      cursor: "missing",
    }
  })

  /** The messages after `since`, each with the cursors that a browser has when it has got it. */
  const messagesSince = (topics: ReadonlyArray<string>, since: Cursors) =>
    Effect.gen(function* () {
      const state = yield* refresh
      const cursors = new Map<string, string>()
      for (const topic of topics) {
        const cursor = since.get(topic)
        if (cursor !== undefined) cursors.set(topic, cursor)
      }
      const events: Array<{ readonly message: Message; readonly id: string }> = []
      for (const topic of topics) {
        const { cursor, message } =
          topic === "runs"
            ? runsSince(state, cursors.get(topic))
            : yield* runSince(state, topic.slice("run:".length), cursors.get(topic))
        cursors.set(topic, cursor)
        if (message !== undefined) events.push({ message, id: encodeCursors(cursors) })
      }
      return { events, cursors: cursors as Cursors }
    }).pipe(oneAtATime.withPermits(1))

  /** Every row of a run in memory; undefined if there is no such run. */
  const rowsOf = (id: string) => detailOf(id)?.rows()

  return {
    messagesSince,
    rowsOf,
    /** How long a stream waits until it looks again. */
    pauseMs: () => (table.isComplete() ? tickMs : firstTickMs),
  }
})
