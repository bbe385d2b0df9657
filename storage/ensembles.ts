/**
 * `ensembles/<name>/` of a runs folder: what several runs reach together. `report.json` names them; the probabilities of
 * every test example are in `predictions.safetensors`, as in a run. The report is written last: with it all is there.
 */
import { Effect, Path, Schema } from "effect"
import { schemaProblem } from "../format/schemaProblem.ts"
import { EnsembleReport } from "../schemas/Ensemble.ts"
import { isExperimentName } from "../schemas/ExperimentName.ts"
import { Failure } from "../schemas/Failure.ts"
import * as files from "./files.ts"
import { claim } from "./lock/claim.ts"
import { layout } from "./runDirectory.ts"

const folderName = "ensembles"

/** `ensemble:digits` stands for the members of the ensemble digits where several runs can be given. */
const prefix = "ensemble:"

/** There is no such ensemble, or what is there cannot be read. */
export class EnsembleNotFound extends Failure<EnsembleNotFound>()("EnsembleNotFound", {
  exitCode: ({ problem }) => (problem === null ? "noInput" : "dataError"),
  fields: {
    ensemble: Schema.String,
    runsDir: Schema.String,
    /** Null where there is none. */
    problem: Schema.NullOr(Schema.String),
  },
  message: ({ ensemble, problem, runsDir }) =>
    problem === null
      ? `there is no ensemble ${ensemble} in ${runsDir}; \`pnpm pipeline run\` of an ensemble's file makes one`
      : `the report of ensemble ${ensemble} in ${runsDir} cannot be read: ${problem}; \`pnpm pipeline run\` of its file makes it anew`,
}) {}

const ReportText = Schema.fromJsonString(EnsembleReport)
const decodeReport = Schema.decodeUnknownEffect(ReportText)
const encodeReport = Schema.encodeSync(EnsembleReport)

const folderOf = Effect.fnUntraced(function* (runsDir: string, name: string) {
  return (yield* Path.Path).join(runsDir, folderName, name)
})

/**
 * The right to train a member of an ensemble, until the scope ends: the command given twice trains nothing twice. Fails with
 * whose it is.
 */
export const claimMember = Effect.fn("claimMember")(function* (
  runsDir: string,
  ensemble: string,
  member: { readonly number: number; readonly fingerprint: string },
) {
  const paths = yield* Path.Path
  yield* claim(
    `member ${member.number} of ensemble ${ensemble}`,
    paths.join(runsDir, ".members", member.fingerprint.slice(0, 16)),
  )
})

/** Replaces what an earlier run of the same file reached. */
export const writeEnsemble = Effect.fn("writeEnsemble")(function* (
  runsDir: string,
  report: EnsembleReport,
  predictions: Uint8Array,
) {
  const paths = yield* Path.Path
  const folder = yield* folderOf(runsDir, report.ensemble)
  yield* files.makeFolder(folder)
  yield* files.removeTemporaries(folder)
  // An old report must not speak for new predictions.
  yield* files.remove(paths.join(folder, layout.report))
  yield* files.writeAtomic(paths.join(folder, layout.predictions), predictions)
  yield* files.writeAtomic(
    paths.join(folder, layout.report),
    `${JSON.stringify(encodeReport(report), null, 2)}\n`,
  )
  return folder
})

export const readEnsemble = Effect.fn("readEnsemble")(function* (runsDir: string, name: string) {
  const paths = yield* Path.Path
  const missing = new EnsembleNotFound({ ensemble: name, runsDir, problem: null })
  if (!isExperimentName(name)) return yield* missing
  const text = yield* files.readStringIfExists(paths.join(yield* folderOf(runsDir, name), layout.report))
  if (text === undefined) return yield* missing
  return yield* decodeReport(text).pipe(
    Effect.mapError(
      (error) =>
        new EnsembleNotFound({ ensemble: name, runsDir, problem: schemaProblem(layout.report, error) }),
    ),
  )
})

/** The folder of an ensemble, whether or not its report can be read. */
export const locateEnsemble = Effect.fn("locateEnsemble")(function* (runsDir: string, name: string) {
  const missing = new EnsembleNotFound({ ensemble: name, runsDir, problem: null })
  if (!isExperimentName(name)) return yield* missing
  const folder = yield* folderOf(runsDir, name)
  return (yield* files.exists(folder)) ? folder : yield* missing
})

/** The report goes first: without it there is no ensemble, whatever a crash leaves of the folder. Its members stay. */
export const removeEnsemble = Effect.fn("removeEnsemble")(function* (folder: string) {
  const paths = yield* Path.Path
  yield* files.remove(paths.join(folder, layout.report))
  yield* files.remove(folder)
})

/** The name in `ensemble:NAME`, undefined where something else is meant. */
export const ensembleName = (text: string) =>
  text.startsWith(prefix) ? text.slice(prefix.length) : undefined

/**
 * The runs that ensembles are made of, but for those of ensembles in `except`: id -> what it is. An ensemble whose report
 * cannot be read protects nothing.
 */
export const memberRuns = Effect.fn("memberRuns")(function* (
  runsDir: string,
  except: ReadonlyArray<string> = [],
) {
  const paths = yield* Path.Path
  const runs = new Map<string, string>()
  for (const name of yield* files.list(paths.join(runsDir, folderName))) {
    if (except.includes(name)) continue
    const report = yield* readEnsemble(runsDir, name).pipe(Effect.option)
    if (report._tag === "None") continue
    for (const { run } of report.value.members)
      runs.set(run, `a member of ensemble ${name}, which \`rm ensemble:${name}\` removes`)
  }
  return runs
})
