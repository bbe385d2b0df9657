/**
 * Every member of an ensemble trained: (ensemble, runs folder) -> one finished run each, in the order of the members.
 *
 * Members are ordinary runs. One that is finished is taken as it is, one that was interrupted goes on, and the others
 * are begun; so an interrupted ensemble goes on with the same command, and members can be shared.
 */
import { basename } from "node:path"
import { Effect, type FileSystem, Path } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import type { EngineName } from "../../schemas/EngineInfo.ts"
import { fingerprint } from "../../schemas/fingerprint.ts"
import type { Report } from "../../schemas/Report.ts"
import type { Overrides } from "../../schemas/Run.ts"
import { claimMember } from "../../storage/ensembles.ts"
import * as files from "../../storage/files.ts"
import { effectiveExperiment, isRunName, readRun, type Run } from "../../storage/runDirectory.ts"
import { engineChanges, threadsOf } from "../../pipeline/engineChanges.ts"
import { applyOverrides } from "../../pipeline/experimentFile/load.ts"
import { execute } from "../../pipeline/execute.ts"
import { resumeHint } from "../../pipeline/resumeHint.ts"
import { readReport } from "../../storage/report.ts"
import { startRun } from "../../pipeline/startRun.ts"
import type { Ensemble, Member } from "./ensembleFile.ts"

export interface TrainMembersOptions {
  readonly overrides: Pick<Overrides, "iterations">
  readonly engine: EngineName
  readonly threads: number | undefined
  readonly runsDir: string
  readonly dataDir: string
  /** The words of the command that resumes after an interruption. */
  readonly resumeWith: ReadonlyArray<string>
  /** What is done with the folder of a run that has just finished, such as making its page. */
  readonly onFinished: (path: string) => Effect.Effect<void, never, FileSystem.FileSystem | Path.Path>
}

export interface TrainedMember {
  readonly path: string
  readonly report: Report
  readonly seed: number
}

/** Runs that train exactly this, the newest first. */
const runsOf = Effect.fnUntraced(function* (runsDir: string, { experiment, fingerprint: wanted }: Member) {
  const paths = yield* Path.Path
  const ending = new RegExp(`-${experiment.name}-${wanted.slice(0, 8)}(-\\d+)?$`)
  const runs: Array<Run> = []
  for (const name of (yield* files.list(runsDir)).filter((name) => isRunName(name) && ending.test(name))) {
    const run = yield* readRun(paths.join(runsDir, name)).pipe(Effect.option)
    if (run._tag === "None") continue
    if (fingerprint(effectiveExperiment(run.value), run.value.identity.parent) === wanted) {
      runs.unshift(run.value)
    }
  }
  return runs
})

const goOn = (run: Run, member: Member, options: TrainMembersOptions) => {
  const before = (run.attempts.at(-1) ?? run.identity).engine
  const name = options.engine === "auto" ? before.name : options.engine
  return Effect.gen(function* () {
    const { info } = yield* Engine
    const changes = engineChanges(before, info)
    if (changes.length > 0) {
      yield* Effect.logWarning(
        `${run.identity.id} is left as it is: it was begun with another engine (${changes.join("; ")})`,
      )
      return undefined
    }
    yield* Effect.logInfo(`going on with ${run.identity.id}`)
    const { experiment, fingerprint } = member
    const report = yield* execute({ run, experiment, fingerprint, extendedTo: null }).pipe(
      resumeHint(...options.resumeWith),
    )
    yield* options.onFinished(run.path)
    return report
  }).pipe(Effect.provide(selectEngine(name, { threads: options.threads ?? threadsOf(before) })))
}

/** What decides which runs are a member's. */
type Place = Pick<TrainMembersOptions, "overrides" | "runsDir">

/** The member that is trained, with what the command line overrides. */
const asked = (ensemble: Ensemble, number: number, { overrides }: Place): Member => {
  const experiment = applyOverrides(ensemble.members[number].experiment, overrides)
  return { experiment, fingerprint: fingerprint(experiment) }
}

/** The run that a member has already, and those that can be gone on with. */
const found = Effect.fnUntraced(function* (member: Member, { runsDir }: Place) {
  const { seed } = member.experiment
  const known = yield* runsOf(runsDir, member)
  const begun = known.filter(({ status }) => status !== "finished")
  for (const { path, status } of known) {
    const report = status === "finished" ? yield* readReport(path) : undefined
    if (report !== undefined) return { finished: { path, report, seed } satisfies TrainedMember, begun }
  }
  return { finished: undefined, begun }
})

/** One member, by its place from 0. */
export const trainMember = Effect.fn("trainMember")(function* (
  ensemble: Ensemble,
  number: number,
  options: TrainMembersOptions,
) {
  const member = asked(ensemble, number, options)
  const { seed } = member.experiment
  yield* Effect.logInfo(`member ${number + 1} of ${ensemble.members.length}, seed ${seed}`)
  const known = yield* found(member, options)
  if (known.finished === undefined) {
    const { fingerprint } = member
    yield* claimMember(options.runsDir, ensemble.name, { number: number + 1, fingerprint })
  }
  // Who held the claim may have finished it meanwhile.
  const { begun, finished } = known.finished === undefined ? yield* found(member, options) : known
  if (finished !== undefined) {
    yield* Effect.logInfo(`${basename(finished.path)} is finished`)
    return finished
  }
  for (const run of begun) {
    const report = yield* goOn(run, member, options)
    if (report !== undefined) return { path: run.path, report, seed }
  }
  const started = yield* startRun({
    ...member,
    file: { path: ensemble.path, fingerprint: ensemble.members[number].fingerprint },
    overrides: options.overrides,
    runsDir: options.runsDir,
    dataDir: options.dataDir,
    prepare: () => Effect.void,
    resumeWith: () => options.resumeWith,
  }).pipe(Effect.provide(selectEngine(options.engine, { threads: options.threads })))
  yield* options.onFinished(started.path)
  return { ...started, seed }
}, Effect.scoped)

/** The places of the members that have no finished run yet. */
export const untrained = Effect.fn("untrained")(function* (ensemble: Ensemble, options: Place) {
  const numbers: Array<number> = []
  for (const number of ensemble.members.keys()) {
    const { finished } = yield* found(asked(ensemble, number, options), options)
    if (finished === undefined) numbers.push(number)
  }
  return numbers
})

export const trainMembers = (ensemble: Ensemble, options: TrainMembersOptions) =>
  Effect.forEach(ensemble.members.keys(), (number) => trainMember(ensemble, number, options))
