/** Whether a run may be one of a job, by its name: (job, name) -> boolean. */
import type { QueuedJob } from "../../schemas/QueuedJob.ts"
import { isRunOf } from "../../storage/runNames.ts"

export const isRunOfJob = ({ fingerprint, otherRuns, run }: QueuedJob, name: string) =>
  run === undefined ? isRunOf(name, fingerprint) && !otherRuns.includes(name) : name === run
