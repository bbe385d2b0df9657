/**
 * Every member of an ensemble trained: (ensemble, runs folder) -> one finished run each, in the order of the members.
 *
 * Members are ordinary runs. One that is finished is taken as it is, one that was interrupted goes on, and the others
 * are begun; so an interrupted ensemble goes on with the same command, and members can be shared.
 */
import { Effect, Path } from "effect"
import type { EngineName } from "../../schemas/EngineInfo.ts"
import { fingerprint } from "../../schemas/fingerprint.ts"
import type { Report } from "../../schemas/Report.ts"
import type { Overrides } from "../../schemas/Run.ts"
import * as files from "../../storage/files.ts"
import { isRunName, readRun, type Run } from "../../storage/runDirectory.ts"
import { engineChanges, threadsOf } from "../engineChanges.ts"
import { applyOverrides } from "../experimentFile.ts"
import { leaveReportPage } from "../leaveReportPage.ts"
import { sayHowToGoOn } from "../resumeHint.ts"
import { effectiveExperiment, readReport } from "../runSummary.ts"
import { startRun } from "../startRun.ts"
import { withEngine } from "../withEngine.ts"
import type { Ensemble, Member } from "./ensembleFile.ts"

export interface TrainMembersOptions {
  readonly overrides: Pick<Overrides, "iterations">
  readonly engine: EngineName
  readonly threads: number | undefined
  readonly runsDir: string
  readonly dataDir: string
  /** The words of the command that goes on after an interruption. */
  readonly goOnWith: ReadonlyArray<string>
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
  return withEngine(name, options.threads ?? threadsOf(before), (execute, info) =>
    Effect.gen(function* () {
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
        sayHowToGoOn(...options.goOnWith),
      )
      yield* leaveReportPage(run.path)
      return report
    }),
  )
}

const trainMember = Effect.fnUntraced(function* (
  ensemble: Ensemble,
  member: Member,
  written: string,
  options: TrainMembersOptions,
) {
  const { experiment } = member
  const known = yield* runsOf(options.runsDir, member)
  for (const run of known.filter(({ status }) => status === "finished")) {
    const report = yield* readReport(run.path)
    if (report === undefined) continue
    yield* Effect.logInfo(`${run.identity.id} is finished`)
    return { path: run.path, report, seed: experiment.seed }
  }
  for (const run of known.filter(({ status }) => status !== "finished")) {
    const report = yield* goOn(run, member, options)
    if (report !== undefined) return { path: run.path, report, seed: experiment.seed }
  }
  const started = yield* withEngine(options.engine, options.threads, (execute, info) =>
    startRun(execute, info, {
      ...member,
      file: { path: ensemble.path, fingerprint: written },
      overrides: options.overrides,
      runsDir: options.runsDir,
      dataDir: options.dataDir,
      prepare: () => Effect.void,
      goOnWith: () => options.goOnWith,
    }),
  )
  return { ...started, seed: experiment.seed }
})

export const trainMembers = Effect.fn("trainMembers")(function* (
  ensemble: Ensemble,
  options: TrainMembersOptions,
) {
  const trained: Array<TrainedMember> = []
  for (const [number, member] of ensemble.members.entries()) {
    yield* Effect.logInfo(
      `member ${number + 1} of ${ensemble.members.length}, seed ${member.experiment.seed}`,
    )
    const experiment = applyOverrides(member.experiment, options.overrides)
    const asked = { experiment, fingerprint: fingerprint(experiment) }
    trained.push(yield* trainMember(ensemble, asked, member.fingerprint, options))
  }
  return trained
})
