/** What trained runs answer together on the test split: (ensemble, runs) -> EnsembleReport, written down. */
import { basename } from "node:path"
import { Effect, Result, Runtime, Schema } from "effect"
import type { EnsembleReport } from "../../schemas/Ensemble.ts"
import { digestOf } from "../../stages/digest.ts"
import { combine } from "../../stages/report/ensemble.ts"
import { testResult } from "../../stages/report/testResult.ts"
import { meanLoss } from "../../stages/train/evaluate.ts"
import { writeEnsemble } from "../../storage/ensembles.ts"
import { encodePredictions, type Predictions, readPredictions } from "../../storage/predictions.ts"
import type { Ensemble } from "./ensembleFile.ts"
import type { TrainedMember } from "./trainMembers.ts"

/** The answers of the members do not belong together. */
export class MembersDisagree extends Schema.TaggedError<MembersDisagree>()("MembersDisagree", {
  run: Schema.String,
  problem: Schema.String,
}) {
  override get [Runtime.errorExitCode]() {
    return 65
  }
  override get message() {
    return `${this.run} cannot be combined with the other members: ${this.problem}; remove it with \`pipeline rm\` and run the ensemble again`
  }
}

const same = (a: Int32Array, b: Int32Array) => a.length === b.length && a.every((value, i) => value === b[i])

export const joinMembers = Effect.fn("joinMembers")(function* (
  ensemble: Ensemble,
  members: ReadonlyArray<TrainedMember>,
  runsDir: string,
) {
  const answers: Array<Predictions> = []
  for (const { path } of members) {
    const disagrees = (problem: string) => new MembersDisagree({ run: basename(path), problem })
    const read = yield* readPredictions(path)
    if (Result.isFailure(read)) return yield* disagrees(read.failure)
    const [first = read.success] = answers
    if (!same(first.indices, read.success.indices) || !same(first.labels, read.success.labels)) {
      return yield* disagrees("it was tested on other examples")
    }
    answers.push(read.success)
  }
  const [{ classes, indices, labels }] = answers
  const probabilities = combine(
    ensemble.combine,
    answers.map((each) => each.probabilities),
    classes,
  )
  const report: EnsembleReport = {
    formatVersion: 1,
    ensemble: ensemble.name,
    combine: ensemble.combine,
    members: members.map(({ path, report, seed }) => ({
      run: basename(path),
      experiment: report.experiment,
      seed,
      parameters: report.parameters,
      testError: report.test.error.value,
      trainMs: report.timings.find(({ name }) => name === "train")?.durationMs ?? null,
    })),
    // Of probabilities: they are all that is kept of what the members answered.
    test: testResult(
      labels,
      probabilities,
      classes,
      meanLoss(ensemble.members[0].experiment.loss, probabilities, labels, classes),
    ),
  }
  const identity = [ensemble.combine, ...members.map(({ report }) => report.fingerprint)].join("\n")
  const print = yield* digestOf("sha256", new TextEncoder().encode(identity))
  const path = yield* writeEnsemble(
    runsDir,
    report,
    encodePredictions({ probabilities, classes, labels, indices }, print),
  )
  return { report, path }
})
