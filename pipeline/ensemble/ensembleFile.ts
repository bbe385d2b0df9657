/**
 * An ensemble file -> its members, decoded and known to fit their dataset and each other, before anything is fetched.
 * Undefined for the file of a single experiment.
 */
import { Effect, Schema } from "effect"
import { EnsembleOutline } from "../../schemas/Ensemble.ts"
import type { Experiment } from "../../schemas/Experiment.ts"
import { fingerprint } from "../../schemas/fingerprint.ts"
import { decodeExperiment, ExperimentInvalid, isEnsemble, loadDefault } from "../experimentFile.ts"
import { problemsOf } from "../problemsOf.ts"

export interface Member {
  readonly experiment: Experiment
  readonly fingerprint: string
}

export interface Ensemble extends Pick<EnsembleOutline, "name" | "combine"> {
  readonly path: string
  readonly members: ReadonlyArray<Member>
}

const decodeOutline = Schema.decodeUnknownEffect(EnsembleOutline, {
  errors: "all",
  onExcessProperty: "error",
})

/** What the answers of all members must mean the same by. */
const sharedParts = ["dataset", "split", "loss"] as const

export const loadEnsemble = Effect.fn("loadEnsemble")(function* (file: string) {
  const { path, value } = yield* loadDefault(file)
  if (!isEnsemble(value)) return undefined
  const outline = yield* decodeOutline(value).pipe(
    Effect.mapError(({ issue }) => new ExperimentInvalid({ path, problems: problemsOf(value, issue) })),
  )
  const members: Array<Member> = []
  const problems: Array<{ readonly at: string; readonly problem: string }> = []
  for (const [number, written] of outline.members.entries()) {
    const at = `members[${number}]`
    const experiment = yield* decodeExperiment(written, path).pipe(
      Effect.catchTag("ExperimentInvalid", (error) => {
        problems.push(
          ...error.problems.map((found) => ({ ...found, at: found.at === "" ? at : `${at}.${found.at}` })),
        )
        return Effect.undefined
      }),
    )
    if (experiment === undefined) continue
    const member = { experiment, fingerprint: fingerprint(experiment) }
    const [first] = members
    for (const part of first === undefined ? [] : sharedParts) {
      if (JSON.stringify(experiment[part]) === JSON.stringify(first.experiment[part])) continue
      problems.push({
        at: `${at}.${part}`,
        problem: "it differs from the first member's, so their answers cannot be combined",
      })
    }
    if (members.some((other) => other.fingerprint === member.fingerprint)) {
      problems.push({ at, problem: "it is the same as a member before it; give it another seed" })
    }
    members.push(member)
  }
  if (problems.length > 0) return yield* new ExperimentInvalid({ path, problems })
  return { path, name: outline.name, combine: outline.combine, members } satisfies Ensemble as Ensemble
})
