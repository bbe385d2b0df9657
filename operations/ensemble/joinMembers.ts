/** What trained runs answer together on the test split: (ensemble, runs) -> EnsembleReport, written down. */
import { basename } from "node:path"
import { Effect, Option, Result, Schema } from "effect"
import type { EnsembleReport } from "../../schemas/Ensemble.ts"
import { Failure } from "../../schemas/Failure.ts"
import { digestOf } from "../../stages/digest.ts"
import { combine } from "../../stages/evaluate/ensemble.ts"
import { testMetrics } from "../../stages/evaluate/testMetrics.ts"
import { meanLoss } from "../../stages/evaluate/evaluate.ts"
import { locateEnsemble, writeEnsemble } from "../../storage/ensembles.ts"
import { encodePredictions, type Predictions, readPredictions } from "../../storage/predictions.ts"
import { exampleKey } from "../champion/keyedPredictions.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import type { Ensemble } from "./ensembleFile.ts"
import type { TrainedMember } from "./trainMembers.ts"

/** The answers of the members do not belong together. */
export class MembersDisagree extends Failure<MembersDisagree>()("MembersDisagree", {
  exitCode: "dataError",
  fields: {
    runs: Schema.Array(Schema.String),
    problem: Schema.String,
    /** As `rm` takes it; null where there is none yet. */
    ensemble: Schema.NullOr(Schema.String),
  },
  message: ({ ensemble, problem, runs }) => {
    const removed = [...(ensemble === null ? [] : [ensemble]), ...runs].join(" ")
    return `${runs.join(", ")} cannot be combined with the other members: ${problem}; remove with \`pnpm pipeline rm ${removed}\` and run the ensemble again`
  },
}) {}

const same = <T>(a: ArrayLike<T>, b: ArrayLike<T>) =>
  a.length === b.length && Array.from(a).every((value, i) => value === b[i])

export const joinMembers = Effect.fn("joinMembers")(function* (
  ensemble: Ensemble,
  members: ReadonlyArray<TrainedMember>,
  runsDir: string,
) {
  const known = yield* locateEnsemble(runsDir, ensemble.name).pipe(Effect.option)
  const disagree = (runs: ReadonlyArray<string>, problem: string) =>
    new MembersDisagree({
      runs,
      problem,
      ensemble: Option.isSome(known) ? `ensemble:${ensemble.name}` : null,
    })

  const tested: Array<{
    readonly run: string
    readonly answers: Predictions
    /** Each test example by the content of its files. */
    readonly keys: ReadonlyArray<string>
  }> = []
  for (const { path, report } of members) {
    const run = basename(path)
    const read = yield* readPredictions(path)
    if (Result.isFailure(read)) return yield* disagree([run], read.failure)
    const fetched = yield* readFetched(path)
    if (fetched === undefined) return yield* disagree([run], "it has no record of its dataset")
    const keyOf = exampleKey(fetched, report.dataset.train.examples)
    tested.push({ run, answers: read.success, keys: Array.from(read.success.indices, keyOf) })
  }
  // Ids begin with the time: the newest run knows the data as it is now.
  const newest = tested.reduce((a, b) => (a.run > b.run ? a : b))
  const others = tested.filter(
    ({ answers, keys }) => !same(answers.indices, newest.answers.indices) || !same(keys, newest.keys),
  )
  if (others.length > 0) {
    const runs = others.map(({ run }) => run)
    return yield* disagree(runs, `tested on other examples than ${newest.run}, the newest`)
  }
  const answers = tested.map((member) => member.answers)
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
    test: testMetrics(
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
