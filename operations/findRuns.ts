/** The runs of exactly one experiment: (runs folder, fingerprint) -> runs, newest first. */
import { Effect, Path } from "effect"
import { fingerprint } from "../schemas/experiment/fingerprint.ts"
import { effectiveExperiment, readRun, type Run } from "../storage/runDirectory.ts"
import { isRunOf, listRunNames } from "../storage/runNames.ts"
import { byOrder } from "../storage/runOrder.ts"

/** The name of a run ends with the first digits of its fingerprint, so only few runs are read. */
export const findRunsOf = Effect.fn("findRunsOf")(function* (
  runsDir: string,
  wanted: string,
  experiment?: string,
) {
  const paths = yield* Path.Path
  const runs: Array<Run> = []
  for (const name of (yield* listRunNames(runsDir)).filter((name) => isRunOf(name, wanted, experiment))) {
    const run = yield* readRun(paths.join(runsDir, name)).pipe(Effect.option)
    if (run._tag === "None") continue
    if (fingerprint(effectiveExperiment(run.value), run.value.identity.parent) === wanted) {
      runs.push(run.value)
    }
  }
  return runs.toSorted((a, b) => byOrder(b.identity, a.identity))
})
