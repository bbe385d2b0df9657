/** Trains the members of an ensemble that have no finished run yet, and tests the ensemble: (ensemble, options) -> its report. */
import { availableParallelism } from "node:os"
import { Console, Effect, Option, Schema } from "effect"
import type { Ensemble } from "../../../operations/ensemble/ensembleFile.ts"
import type { Queue } from "../../../operations/queue/Queue.ts"
import type { ObjectStore } from "../../../storage/store/ObjectStore.ts"
import { StopSignal } from "../../../pipeline/StopSignal.ts"
import { resumeHint } from "../../../pipeline/resumeHint.ts"
import { Failure } from "../../../schemas/Failure.ts"
import { tryWriteReportPage } from "../../../views/report/tryWriteReportPage.ts"
import { nameWithBudget } from "../../../schemas/experiment/ExperimentName.ts"
import { givenFlags } from "../../flags.ts"
import { FlagRefused } from "../../FlagRefused.ts"
import { openQueueIfGiven, queueWords } from "../../queueFlag.ts"
import { type Options, overridesOf } from "./options.ts"

class NoSuchMember extends Failure<NoSuchMember>()("NoSuchMember", {
  exitCode: "usage",
  fields: { path: Schema.String, member: Schema.Int, members: Schema.Int },
  message: ({ member, members, path }) =>
    `${path} has no member ${member}: expected --member 1 to ${members}`,
}) {}

const checkFlags = (ensemble: Ensemble, { from, jobs, member, queue, seed }: Options) => {
  const members = `${ensemble.path} is an ensemble, and its members have their own`
  if (Option.isSome(seed)) return Effect.fail(new FlagRefused({ flag: "--seed", reason: members }))
  if (Option.isSome(from)) return Effect.fail(new FlagRefused({ flag: "--from", reason: members }))
  if (Option.isSome(queue)) {
    const flag = Option.isSome(member) ? "--member" : Option.isSome(jobs) ? "--jobs" : undefined
    const reason = "the workers of --queue train the members, as many at a time as they have seats"
    if (flag !== undefined) return Effect.fail(new FlagRefused({ flag, reason }))
  }
  return Option.isSome(member) && Option.isSome(jobs)
    ? Effect.fail(new FlagRefused({ flag: "--jobs", reason: "--member trains a single member" }))
    : Effect.void
}

const trainingOptions = (options: Options) => ({
  overrides: overridesOf(options),
  engine: options.engine,
  device: Option.getOrUndefined(options.device),
  threads: Option.getOrUndefined(options.threads),
  runsDir: options.runsDir,
  dataDir: options.dataDir,
  onFinished: tryWriteReportPage,
})

const runMember = Effect.fnUntraced(function* (ensemble: Ensemble, member: number, options: Options) {
  const members = ensemble.members.length
  if (member > members) return yield* new NoSuchMember({ path: ensemble.path, member, members })
  const { trainMember } = yield* Effect.promise(() => import("../../../operations/ensemble/trainMembers.ts"))
  const { path, report } = yield* trainMember(ensemble, member - 1, {
    ...trainingOptions(options),
    resumeWith: ["run", options.file, ...givenFlags(options), "--member", String(member)],
  })
  const { printReport } = yield* Effect.promise(() => import("../../render/printReport.ts"))
  yield* printReport(report, path, options.json)
})

/** Trains the untrained members in `jobs` processes: `command` is the command of one of them, without its member. */
const trainUntrained = Effect.fnUntraced(function* (
  ensemble: Ensemble,
  jobs: number,
  command: ReadonlyArray<string>,
  options: Options,
) {
  const { chooseForMembers, findUntrained } = yield* Effect.promise(
    () => import("../../../operations/ensemble/trainMembers.ts"),
  )
  const members = yield* findUntrained(ensemble, trainingOptions(options))
  // A single member needs no process of its own.
  if (members.length < 2) return
  const { trainInParallel } = yield* Effect.promise(
    () => import("../../../operations/ensemble/trainInParallel.ts"),
  )
  const processes = Math.min(jobs, members.length)
  const share = Math.max(1, Math.floor(availableParallelism() / processes))
  const threads = Option.isNone(options.threads) ? ["--threads", String(share)] : []
  // Measured before the processes begin, which then find the times in the cache.
  yield* chooseForMembers(ensemble, {
    ...trainingOptions(options),
    threads: Option.getOrElse(options.threads, () => share),
  })
  yield* trainInParallel(members, processes, (member) => [
    ...command,
    ...threads,
    "--member",
    String(member + 1),
  ])
})

/** Lets the workers of a queue train the untrained members. With a store, those that are trained already are copied first. */
const trainInQueue = Effect.fnUntraced(function* (
  ensemble: Ensemble,
  { queue, store }: { readonly queue: Queue["Service"]; readonly store: ObjectStore | undefined },
  options: Options,
) {
  const { findUntrained } = yield* Effect.promise(
    () => import("../../../operations/ensemble/trainMembers.ts"),
  )
  const { copyMembers, trainInQueue } = yield* Effect.promise(
    () => import("../../../operations/ensemble/trainInQueue.ts"),
  )
  if (store !== undefined) yield* copyMembers(ensemble, store, trainingOptions(options))
  const members = yield* findUntrained(ensemble, trainingOptions(options))
  yield* trainInQueue(ensemble, members, queue, trainingOptions(options))
})

/** Stores the result where other machines find it. */
const shareResult = Effect.fnUntraced(function* (store: ObjectStore, runsDir: string, name: string) {
  const { awaitStore } = yield* Effect.promise(() => import("../../../operations/queue/awaitStore.ts"))
  const { putRecords } = yield* Effect.promise(() => import("../../../storage/share/holdRecords.ts"))
  const { ensemblePlace } = yield* Effect.promise(() => import("../../../storage/share/recordPlaces.ts"))
  yield* awaitStore(putRecords(store, runsDir, ensemblePlace(name)))
})

export const runEnsemble = Effect.fn("runEnsemble")(
  function* (ensemble: Ensemble, options: Options) {
    yield* checkFlags(ensemble, options)
    if (Option.isSome(options.member)) return yield* runMember(ensemble, options.member.value, options)

    const command = ["run", options.file, ...givenFlags(options)]
    const jobs = Option.getOrElse(options.jobs, () => 1)
    const resumeWith = [...command, ...(jobs === 1 ? [] : ["--jobs", String(jobs)]), ...queueWords(options)]
    const opened = yield* openQueueIfGiven(options)
    if (opened !== undefined) yield* trainInQueue(ensemble, opened, options).pipe(resumeHint(...resumeWith))
    else if (jobs > 1) yield* trainUntrained(ensemble, jobs, command, options).pipe(resumeHint(...resumeWith))
    const { trainMembers } = yield* Effect.promise(
      () => import("../../../operations/ensemble/trainMembers.ts"),
    )
    const runs = yield* trainMembers(ensemble, { ...trainingOptions(options), resumeWith })

    const { combineMembers } = yield* Effect.promise(
      () => import("../../../operations/ensemble/combineMembers.ts"),
    )
    const { renderEnsemble } = yield* Effect.promise(() => import("../../render/renderEnsemble.ts"))
    const name = Option.match(options.iterations, {
      onNone: () => ensemble.name,
      onSome: (iterations) => nameWithBudget(ensemble.name, iterations),
    })
    const { path, report } = yield* combineMembers({ ...ensemble, name }, runs, options.runsDir)
    if (opened?.store !== undefined) {
      yield* shareResult(opened.store, options.runsDir, name).pipe(resumeHint(...resumeWith))
    }
    yield* Console.log(
      options.json
        ? JSON.stringify({ path, ...report }, null, 2)
        : `\n${renderEnsemble(report)}\nensemble       ${path}`,
    )
  },
  Effect.scoped,
  Effect.provide(StopSignal.layer),
)
