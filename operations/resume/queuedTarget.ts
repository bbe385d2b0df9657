/** What a worker of a queue is to train of a run that was begun: (run) -> target. */
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import { effectiveExperiment, type Run } from "../../storage/runDirectory.ts"
import type { Target } from "../trainTo.ts"

/** The experiment stored in the run counts, with its own code; its file may have changed since. */
export const queuedTarget = (run: Run) => {
  const { experimentFile: file, id, overrides, parent } = run.identity
  const experiment = effectiveExperiment(run)
  return {
    experiment,
    fingerprint: fingerprint(experiment, parent),
    file,
    overrides,
    pauseAt: undefined,
    run: id,
    ...(parent === undefined ? {} : { parent }),
  } satisfies Target
}
