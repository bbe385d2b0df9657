/**
 * Trains the members of an ensemble: (ensemble, runs folder) -> a finished run for each, in the order of the members.
 *
 * Members are ordinary runs. A finished run is used as it is, an interrupted one is resumed, and the others are
 * started. So the same command resumes an interrupted ensemble, and ensembles can share members.
 */
import { basename } from "node:path"
import { Effect, type FileSystem, type Path } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import { type EngineChoice, nativeEngines } from "../../schemas/EngineChoice.ts"
import { type Device, engineChoiceOf, type EngineName } from "../../schemas/EngineInfo.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import type { Report } from "../../schemas/Report.ts"
import type { Overrides } from "../../schemas/Run.ts"
import { findRunsOf } from "../findRuns.ts"
import { claimTraining } from "../../storage/ensembles.ts"
import { engineOf, type Run } from "../../storage/runDirectory.ts"
import { engineChanges, threadsOf } from "../../pipeline/engineChanges.ts"
import { chooseEngine } from "../../pipeline/engineChoice/chooseEngine.ts"
import { engineFor } from "../../pipeline/engineChoice/engineFor.ts"
import { workloadOf } from "../../pipeline/engineChoice/workload.ts"
import { applyOverrides } from "../../pipeline/experimentFile/load.ts"
import { execute } from "../../pipeline/execute.ts"
import { resumeHint } from "../../pipeline/resumeHint.ts"
import { readReport } from "../../storage/report.ts"
import { startRun } from "../../pipeline/startRun.ts"
import { engineToResume, type Target } from "../trainTo.ts"
import type { Ensemble, Member } from "./ensembleFile.ts"

export interface TrainMembersOptions {
  readonly overrides: Pick<Overrides, "iterations">
  readonly engine: EngineName
  /** Where a run is resumed if the engine is left open; absent: on the device that trained it. */
  readonly device?: Device | undefined
  readonly threads: number | undefined
  readonly runsDir: string
  readonly dataDir: string
  /** The words after `pnpm pipeline` that resume after an interruption. */
  readonly resumeWith: ReadonlyArray<string>
  /** Called with the folder of each run that has just finished, to write its page. */
  readonly onFinished: (path: string) => Effect.Effect<void, never, FileSystem.FileSystem | Path.Path>
}

export interface TrainedMember {
  readonly path: string
  readonly report: Report
  readonly seed: number
}

const resumeRun = (run: Run, member: Member, options: TrainMembersOptions) => {
  const before = engineOf(run)
  const name = engineToResume(before, options)
  return Effect.gen(function* () {
    const { info } = yield* Engine
    const changes = engineChanges(before, info)
    if (changes.length > 0) {
      yield* Effect.logWarning(
        `not resuming ${run.identity.id}, which another engine trained: ${changes.join("; ")}`,
      )
      return undefined
    }
    yield* Effect.logInfo(`resuming ${run.identity.id}`)
    const { experiment, fingerprint } = member
    const report = yield* execute({ run, experiment, fingerprint, extendedTo: null }).pipe(
      resumeHint(...options.resumeWith),
    )
    yield* options.onFinished(run.path)
    return report
  }).pipe(Effect.provide(selectEngine(name, { threads: options.threads ?? threadsOf(before) })))
}

/** The options that decide which runs belong to a member. */
type Lookup = Pick<TrainMembersOptions, "overrides" | "runsDir">

/** The member with the overrides of the command line. */
const memberAt = (ensemble: Ensemble, index: number, { overrides }: Lookup): Member => {
  const experiment = applyOverrides(ensemble.members[index].experiment, overrides)
  return { experiment, fingerprint: fingerprint(experiment) }
}

/** The finished run of a member, and those that can be resumed. */
const findRuns = Effect.fnUntraced(function* (member: Member, { runsDir }: Lookup) {
  const { seed } = member.experiment
  const known = yield* findRunsOf(runsDir, member.fingerprint, member.experiment.name)
  const unfinished = known.filter(({ status }) => status !== "finished")
  for (const { path, status } of known) {
    const report = status === "finished" ? yield* readReport(path) : undefined
    if (report !== undefined) return { finished: { path, report, seed } satisfies TrainedMember, unfinished }
  }
  return { finished: undefined, unfinished }
})

/**
 * What "auto" is for a new run of a member: the engine that the first member with a run has, else the one that is chosen for the
 * first member. So all members have one engine, whichever process trains them.
 */
export const chooseForMembers = Effect.fn("chooseForMembers")(function* (
  ensemble: Ensemble,
  options: Lookup & Pick<TrainMembersOptions, "engine" | "threads">,
) {
  if (options.engine !== "auto") return undefined
  for (const index of ensemble.members.keys()) {
    const { experiment, fingerprint } = memberAt(ensemble, index, options)
    for (const run of yield* findRunsOf(options.runsDir, fingerprint, experiment.name)) {
      const name = engineChoiceOf(engineOf(run))
      const engine = nativeEngines.find((native) => native === name)
      if (engine === undefined) continue
      return {
        engine,
        basis: "members",
        workload: workloadOf(experiment),
      } satisfies EngineChoice as EngineChoice
    }
  }
  return yield* chooseEngine(memberAt(ensemble, 0, options).experiment, options)
})

/** Trains one member, counted from 0. */
export const trainMember = Effect.fn("trainMember")(function* (
  ensemble: Ensemble,
  index: number,
  options: TrainMembersOptions,
) {
  const member = memberAt(ensemble, index, options)
  const { seed } = member.experiment
  yield* Effect.logInfo(`member ${index + 1} of ${ensemble.members.length}, seed ${seed}`)
  const known = yield* findRuns(member, options)
  if (known.finished === undefined) {
    const what = `member ${index + 1} of ensemble ${ensemble.name}`
    yield* claimTraining(options.runsDir, what, member.fingerprint)
  }
  // Another process may have finished the member while it held the claim.
  const { finished, unfinished } = known.finished === undefined ? yield* findRuns(member, options) : known
  if (finished !== undefined) {
    yield* Effect.logInfo(`${basename(finished.path)} is finished`)
    return finished
  }
  for (const run of unfinished) {
    const report = yield* resumeRun(run, member, options)
    if (report !== undefined) return { path: run.path, report, seed }
  }
  const choice = yield* chooseForMembers(ensemble, options)
  const started = yield* startRun({
    ...member,
    file: { path: ensemble.path, fingerprint: ensemble.members[index].fingerprint },
    overrides: options.overrides,
    runsDir: options.runsDir,
    dataDir: options.dataDir,
    prepare: () => Effect.void,
    resumeWith: () => options.resumeWith,
  }).pipe(Effect.provide(engineFor(member.experiment, options.engine, { threads: options.threads, choice })))
  yield* options.onFinished(started.path)
  return { ...started, seed }
}, Effect.scoped)

/** What a queue needs of a member, counted from 0. */
export const memberTarget = (ensemble: Ensemble, index: number, options: Lookup): Target => ({
  ...memberAt(ensemble, index, options),
  file: { path: ensemble.path, fingerprint: ensemble.members[index].fingerprint },
  overrides: options.overrides,
  pauseAt: undefined,
})

/** The members without a finished run, counted from 0. */
export const findUntrained = Effect.fn("findUntrained")(function* (ensemble: Ensemble, options: Lookup) {
  const untrained: Array<number> = []
  for (const index of ensemble.members.keys()) {
    const { finished } = yield* findRuns(memberAt(ensemble, index, options), options)
    if (finished === undefined) untrained.push(index)
  }
  return untrained
})

export const trainMembers = (ensemble: Ensemble, options: TrainMembersOptions) =>
  Effect.forEach(ensemble.members.keys(), (index) => trainMember(ensemble, index, options))
