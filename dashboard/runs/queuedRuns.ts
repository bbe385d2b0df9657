/**
 * The runs that wait for a worker of a queue, looked up every few seconds: (queue, runs folder) -> their ids. While the queue is away,
 * they are those that were known before.
 */
import { Effect } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"
import type { Queue } from "../../operations/queue/Queue.ts"
import { queuedStates } from "../../operations/queue/queuedStates.ts"
import { listRunNames } from "../../storage/runNames.ts"

const pollMs = 3000
/** Of thousands of jobs, a look takes longer: this much of the time may be spent on looking. */
const mostOfTime = 0.05

/** The same set as before as long as nothing changed. */
export type QueuedRuns = () => ReadonlySet<string>

export const watchQueue = Effect.fnUntraced(function* (queue: Queue["Service"], runsDir: string) {
  let known: ReadonlySet<string> = new Set<string>()
  const look = Effect.gen(function* () {
    const begun = yield* elapsedMs
    const { states } = queuedStates(yield* queue.list(), yield* listRunNames(runsDir))
    const found = new Set([...states].flatMap(([run, state]) => (state === "queued" ? [run] : [])))
    if (found.symmetricDifference(known).size > 0) known = found
    return (yield* elapsedMs) - begun
  }).pipe(Effect.orElseSucceed(() => 0))
  const next = Effect.flatMap(look, (tookMs) => Effect.sleep(Math.max(pollMs, tookMs / mostOfTime)))
  yield* Effect.forkScoped(Effect.forever(next))
  return (() => known) satisfies QueuedRuns as QueuedRuns
})
