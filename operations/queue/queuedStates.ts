/**
 * What the queue says of runs that no process trains: (jobs, names of runs) -> the states of their jobs, and the open jobs whose runs
 * are not begun yet.
 */
import { isOpen, type ListedJob } from "../../schemas/QueuedJob.ts"
import { fingerprintDigits } from "../../storage/runNames.ts"

/** A job names its run, or the first digits of its fingerprint are in the names of its runs. */
const keyOf = ({ fingerprint, run }: ListedJob) => run ?? fingerprint?.slice(0, 8)

export const queuedStates = (jobs: ReadonlyArray<ListedJob>, runs: ReadonlyArray<string>) => {
  const open = jobs.filter(isOpen)
  const byKey = new Map(open.flatMap((job) => (keyOf(job) === undefined ? [] : [[keyOf(job), job] as const])))
  const states = new Map<string, ListedJob["state"]>()
  const begun = new Set<ListedJob>()
  for (const name of runs) {
    const job = byKey.get(name) ?? byKey.get(fingerprintDigits(name))
    if (job === undefined) continue
    states.set(name, job.state)
    begun.add(job)
  }
  return { states, notBegun: open.filter((job) => !begun.has(job)) }
}
