/**
 * Combines the predictions of trained runs on the test split: (ensemble, runs) -> EnsembleReport, which is stored.
 */
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
import { program } from "../../format/program.ts"

/** The predictions of the members do not fit together. */
export class MembersDisagree extends Failure<MembersDisagree>()("MembersDisagree", {
  exitCode: "dataError",
  fields: {
    runs: Schema.Array(Schema.String),
    problem: Schema.String,
    /** The stored ensemble as `rm` names it; null if there is none. */
    ensemble: Schema.NullOr(Schema.String),
  },
  message: ({ ensemble, problem, runs }) => {
    const removed = [...(ensemble === null ? [] : [ensemble]), ...runs].join(" ")
    return `cannot combine ${runs.join(", ")} with the other members: ${problem}; remove them with \`${program} rm ${removed}\` and run the ensemble again`
  },
}) {}

interface TestedMember {
  readonly run: string
  readonly predictions: Predictions
  /** Identifies each test example by the content of its files. */
  readonly keys: ReadonlyArray<string>
}

const areEqual = <T>(a: ArrayLike<T>, b: ArrayLike<T>) =>
  a.length === b.length && Array.from(a).every((value, i) => value === b[i])

/** Fails with the reason if the run has no valid predictions. */
const readTested = Effect.fnUntraced(function* ({ path, report }: TrainedMember) {
  const predictions = yield* readPredictions(path)
  if (Result.isFailure(predictions)) return Result.fail(predictions.failure)
  const fetched = yield* readFetched(path)
  if (fetched === undefined) return Result.fail("it has no record of its dataset")
  const keyOf = exampleKey(fetched, report.dataset.train.examples)
  const keys = Array.from(predictions.success.indices, keyOf)
  return Result.succeed<TestedMember>({ run: basename(path), predictions: predictions.success, keys })
})

/** The members whose test examples differ from those of the newest one, which knows the current data. */
const findOutdated = (members: ReadonlyArray<TestedMember>) => {
  // Ids begin with the time.
  const newest = members.reduce((a, b) => (a.run > b.run ? a : b))
  const outdated = members.filter(
    ({ keys, predictions }) =>
      !areEqual(predictions.indices, newest.predictions.indices) || !areEqual(keys, newest.keys),
  )
  return { newest, outdated: outdated.map(({ run }) => run) }
}

/** The predictions of every member, of equal test examples. */
const readAll = Effect.fnUntraced(function* (
  ensemble: Ensemble,
  members: ReadonlyArray<TrainedMember>,
  runsDir: string,
) {
  const stored = yield* locateEnsemble(runsDir, ensemble.name).pipe(Effect.option)
  const name = Option.isSome(stored) ? `ensemble:${ensemble.name}` : null
  const disagree = (runs: ReadonlyArray<string>, problem: string) =>
    new MembersDisagree({ runs, problem, ensemble: name })
  const tested: Array<TestedMember> = []
  for (const member of members) {
    const read = yield* readTested(member)
    if (Result.isFailure(read)) return yield* disagree([basename(member.path)], read.failure)
    tested.push(read.success)
  }
  const { newest, outdated } = findOutdated(tested)
  if (outdated.length === 0) return tested.map(({ predictions }) => predictions)
  return yield* disagree(outdated, `tested on other examples than the newest, ${newest.run}`)
})

const describeMember = ({ path, report, seed }: TrainedMember): EnsembleReport["members"][number] => ({
  run: basename(path),
  experiment: report.experiment,
  seed,
  parameters: report.parameters,
  testError: report.test.error.value,
  trainMs: report.timings.find(({ name }) => name === "train")?.durationMs ?? null,
})

export const combineMembers = Effect.fn("combineMembers")(function* (
  ensemble: Ensemble,
  members: ReadonlyArray<TrainedMember>,
  runsDir: string,
) {
  const predictions = yield* readAll(ensemble, members, runsDir)
  const [{ classes, indices, labels }] = predictions
  const probabilities = combine(
    ensemble.combine,
    predictions.map((each) => each.probabilities),
    classes,
  )
  // The loss of the probabilities: they are all that is stored of the members' outputs.
  const { loss: trained } = ensemble.members[0].experiment
  // Of combined probabilities there are no logits.
  const measured = trained === "sigmoidCrossEntropy" ? "softmaxCrossEntropy" : trained
  const loss = meanLoss(measured, probabilities, labels, classes)
  const report: EnsembleReport = {
    formatVersion: 1,
    ensemble: ensemble.name,
    combine: ensemble.combine,
    members: members.map(describeMember),
    test: testMetrics(labels, probabilities, classes, loss),
  }
  const identity = [ensemble.combine, ...members.map(({ report }) => report.fingerprint)].join("\n")
  const fingerprint = yield* digestOf("sha256", new TextEncoder().encode(identity))
  const path = yield* writeEnsemble(
    runsDir,
    report,
    encodePredictions({ probabilities, classes, labels, indices }, fingerprint),
  )
  return { report, path }
})
