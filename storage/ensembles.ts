/**
 * `ensembles/<name>/` in a runs folder: the result of several runs together. `report.json` lists them;
 * `predictions.safetensors` has the probabilities of every test example, as in a run. The report is written last: if
 * it exists, everything does.
 */
import { Effect, Path, Schema } from "effect"
import { schemaProblem } from "../format/schemaProblem.ts"
import { EnsembleReport } from "../schemas/Ensemble.ts"
import { isExperimentName } from "../schemas/experiment/ExperimentName.ts"
import { Failure } from "../schemas/Failure.ts"
import * as files from "./files.ts"
import { isFileNow, isLinkNow, listNow } from "./filesNow.ts"
import { removeTemporaries } from "./temporaries.ts"
import { claim } from "./lock/claim.ts"
import { layout } from "./runDirectory.ts"
import { didYouMean } from "../format/didYouMean.ts"
import { program } from "../format/program.ts"

export const ensemblesFolder = "ensembles"

/** `ensemble:digits` names the members of the ensemble digits wherever several runs are accepted. */
const prefix = "ensemble:"

/** The ensemble does not exist, or its report cannot be read. */
export class EnsembleNotFound extends Failure<EnsembleNotFound>()("EnsembleNotFound", {
  exitCode: ({ problem }) => (problem === null ? "noInput" : "dataError"),
  fields: {
    ensemble: Schema.String,
    runsDir: Schema.String,
    /** Null if it does not exist. */
    problem: Schema.NullOr(Schema.String),
    /** The ensembles that there are. */
    known: Schema.Array(Schema.String),
  },
  message: ({ ensemble, known, problem, runsDir }) =>
    problem === null
      ? `there is no ensemble ${ensemble} in ${runsDir}; ${didYouMean(ensemble, known, `create it with \`${program} run\` and its file`)}`
      : `cannot read the report of ensemble ${ensemble} in ${runsDir}: ${problem}; create it again with \`${program} run\` and its file`,
}) {}

const ReportText = Schema.fromJsonString(EnsembleReport)
const decodeReport = Schema.decodeUnknownEffect(ReportText)
const encodeReport = Schema.encodeSync(EnsembleReport)

const folderOf = Effect.fnUntraced(function* (runsDir: string, name: string) {
  return (yield* Path.Path).join(runsDir, ensemblesFolder, name)
})

/**
 * Claims the training of an experiment until the scope ends, so that two processes never train the same member of an
 * ensemble, or the same trial of a sweep. Fails if another one holds the claim; the error names it as `what`.
 */
export const claimTraining = Effect.fn("claimTraining")(function* (
  runsDir: string,
  what: string,
  fingerprint: string,
) {
  const paths = yield* Path.Path
  yield* claim(what, paths.join(runsDir, ".members", fingerprint.slice(0, 16)))
})

/** Replaces the earlier result of the same ensemble. */
export const writeEnsemble = Effect.fn("writeEnsemble")(function* (
  runsDir: string,
  report: EnsembleReport,
  predictions: Uint8Array,
) {
  const paths = yield* Path.Path
  const folder = yield* folderOf(runsDir, report.ensemble)
  yield* files.makeFolder(folder)
  yield* removeTemporaries(folder)
  // An old report must not describe new predictions.
  yield* files.remove(paths.join(folder, layout.report))
  yield* files.writeAtomic(paths.join(folder, layout.predictions), predictions)
  yield* files.writeAtomic(
    paths.join(folder, layout.report),
    `${JSON.stringify(encodeReport(report), null, 2)}\n`,
  )
  return folder
})

/** Fails with the names of the ensembles that there are. */
const ensembleNotFound = Effect.fnUntraced(function* (runsDir: string, ensemble: string) {
  const paths = yield* Path.Path
  const known = yield* listNow(paths.join(runsDir, ensemblesFolder)).pipe(Effect.orElseSucceed(() => []))
  return yield* new EnsembleNotFound({
    ensemble,
    runsDir,
    problem: null,
    known: known.filter(isExperimentName),
  })
})

export const readEnsemble = Effect.fn("readEnsemble")(function* (runsDir: string, name: string) {
  const paths = yield* Path.Path
  if (!isExperimentName(name)) return yield* ensembleNotFound(runsDir, name)
  const text = yield* files.readStringIfExists(paths.join(yield* folderOf(runsDir, name), layout.report))
  if (text === undefined) return yield* ensembleNotFound(runsDir, name)
  return yield* decodeReport(text).pipe(
    Effect.mapError(
      (error) =>
        new EnsembleNotFound({
          ensemble: name,
          runsDir,
          problem: schemaProblem(layout.report, error),
          known: [],
        }),
    ),
  )
})

/** The folder of an ensemble, even if its report cannot be read. */
export const locateEnsemble = Effect.fn("locateEnsemble")(function* (runsDir: string, name: string) {
  if (!isExperimentName(name)) return yield* ensembleNotFound(runsDir, name)
  const folder = yield* folderOf(runsDir, name)
  return (yield* files.exists(folder)) && !(yield* isFileNow(folder))
    ? folder
    : yield* ensembleNotFound(runsDir, name)
})

/**
 * Removes the report first: without it there is no ensemble, whatever a crash leaves in the folder. Its members stay.
 */
export const removeEnsemble = Effect.fn("removeEnsemble")(function* (folder: string) {
  const paths = yield* Path.Path
  // Of a link, the folder that it leads to stays as it is.
  if (!(yield* isLinkNow(folder))) yield* files.remove(paths.join(folder, layout.report))
  yield* files.remove(folder)
})

/** The name in `ensemble:NAME`; undefined for anything else. */
export const ensembleName = (text: string) =>
  text.startsWith(prefix) ? text.slice(prefix.length) : undefined

/**
 * The members of all ensembles, except those in `except`: run id -> why it is needed. An ensemble whose report cannot
 * be read protects nothing.
 */
export const memberRuns = Effect.fn("memberRuns")(function* (
  runsDir: string,
  except: ReadonlyArray<string> = [],
) {
  const paths = yield* Path.Path
  const runs = new Map<string, string>()
  for (const name of yield* files.list(paths.join(runsDir, ensemblesFolder))) {
    if (except.includes(name)) continue
    const report = yield* readEnsemble(runsDir, name).pipe(Effect.option)
    if (report._tag === "None") continue
    for (const { run } of report.value.members)
      runs.set(run, `a member of ensemble ${name}, which \`rm ensemble:${name}\` removes`)
  }
  return runs
})
