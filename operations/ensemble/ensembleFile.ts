/**
 * Loads an ensemble file: (path) -> its members, decoded and checked against their dataset and each other before
 * anything is fetched. Undefined for the file of a single experiment.
 */
import { Effect, Schema } from "effect"
import { EnsembleOutline } from "../../schemas/Ensemble.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import {
  decodeExperiment,
  ExperimentInvalid,
  isEnsemble,
  type LoadedFile,
} from "../../pipeline/experimentFile/load.ts"
import { problemsOf } from "../../pipeline/experimentFile/problems.ts"

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

/**
 * The parts that all members must share so that their predictions can be combined. Of a split: which examples it
 * tests.
 */
const sharedParts = {
  dataset: ({ dataset }: Experiment) => dataset,
  split: ({ split }: Experiment) =>
    split.kind === "standard"
      ? split.kind
      : split.kind === "hashed"
        ? { by: split.by, test: split.test, seed: split.seed }
        : { test: split.test, seed: split.seed, stratified: split.stratified },
  loss: ({ loss }: Experiment) => loss,
}

export const loadEnsemble = Effect.fn("loadEnsemble")(function* ({ path, value }: LoadedFile) {
  if (!isEnsemble(value)) return undefined
  const outline = yield* decodeOutline(value).pipe(
    Effect.mapError(
      ({ issue }) =>
        new ExperimentInvalid({ path, problems: problemsOf(value, issue), expected: "ensemble" }),
    ),
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
    for (const [part, of] of Object.entries(sharedParts)) {
      if (first === undefined || JSON.stringify(of(experiment)) === JSON.stringify(of(first.experiment))) {
        continue
      }
      problems.push({
        at: `${at}.${part}`,
        problem: "it differs from the first member's, so their predictions cannot be combined",
      })
    }
    if (members.some((other) => other.fingerprint === member.fingerprint)) {
      problems.push({ at, problem: "it is identical to an earlier member; give it another seed" })
    }
    members.push(member)
  }
  if (problems.length > 0) return yield* new ExperimentInvalid({ path, problems, expected: "ensemble" })
  return { path, name: outline.name, combine: outline.combine, members } satisfies Ensemble as Ensemble
})
