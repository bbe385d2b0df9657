/**
 * What the queue says of runs that no process trains: (open jobs, names of runs) -> the states of their jobs, and the jobs whose runs
 * are not begun yet.
 */
import { isOpen, type ListedJob } from "../../schemas/QueuedJob.ts"
import { isRunOf } from "../../storage/runNames.ts"

const isRunOfListed = ({ fingerprint, run }: ListedJob, name: string) =>
  run === null ? fingerprint !== null && isRunOf(name, fingerprint) : run === name

export const queuedStates = (jobs: ReadonlyArray<ListedJob>, runs: ReadonlyArray<string>) => {
  const open = jobs.filter(isOpen)
  const states = new Map(
    runs.flatMap((name) => {
      const job = open.find((job) => isRunOfListed(job, name))
      return job === undefined ? [] : [[name, job.state] as const]
    }),
  )
  const notBegun = open.filter((job) => !runs.some((name) => isRunOfListed(job, name)))
  return { states, notBegun }
}
