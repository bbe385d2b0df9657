/** The jobs of a queue as a table: (jobs to show, how many there are) -> text. */
import { plural } from "../../format/numbers.ts"
import type { ListedJob } from "../../schemas/QueuedJob.ts"
import { table } from "./table.ts"

const shortId = 8

export const renderJobs = (jobs: ReadonlyArray<ListedJob>, total: number): string => {
  if (jobs.length === 0) {
    return total === 0
      ? "the queue is empty"
      : plural(total, "1 job, which has ended", "jobs, all have ended")
  }
  const rows = jobs.map(({ id, outcome, reason, state, what, worker }) => [
    id.slice(0, shortId),
    state,
    what,
    worker ?? outcome?.run ?? "–",
    reason,
  ])
  return table(["id", "state", "job", "worker or run", "reason"], rows, 5)
}
