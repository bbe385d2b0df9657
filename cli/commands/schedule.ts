/**
 * `pipeline schedule FILE`: trains at scheduled times, each run in a process of its own, and keeps the best model.
 */
import { Console, Effect, FileSystem, flow, Layer, Option, Path, Schema } from "effect"
import { Command } from "effect/cli"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { Failure } from "../../schemas/Failure.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { isJudged, ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { claim } from "../../storage/lock/claim.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { makePlan, type Plan, ScheduleInvalid } from "../../operations/schedule/plan.ts"
import { checkEngines, checkFolder, folderUnusable } from "../../operations/schedule/startChecks.ts"
import { machineZone } from "../../operations/schedule/scheduledTimes.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { withDevice } from "../deviceFlag.ts"
import { openQueueIfGiven } from "../queueFlag.ts"
import { type ScheduleFlags, scheduleFlags } from "../scheduleFlags.ts"

/** The longest time between two looks at the clock: after the machine slept, a run is at most this late. */
const maxSleepMs = 300_000

/** A run started with --now gave no model. */
export class ScheduledRunFailed extends Failure<ScheduledRunFailed>()("ScheduledRunFailed", {
  exitCode: ({ code }) => code,
  fields: { experiment: Schema.String, reasons: Schema.Array(Schema.String), code: Schema.Int },
  message: ({ experiment, reasons }) => `the scheduled run of ${experiment} failed: ${reasons.join("; ")}`,
}) {}

const encodeScheduledRun = Schema.encodeSync(Schema.fromJsonString(ScheduledRun))

const isPrinting = (flags: ScheduleFlags) => flags.printSystemd || flags.printCrontab

const readPlan = (flags: ScheduleFlags) =>
  makePlan({
    file: flags.file,
    flags: {
      cron: Option.getOrUndefined(flags.cron),
      timezone: Option.getOrUndefined(flags.timezone),
      iterations: Option.getOrUndefined(flags.iterations),
      seed: Option.getOrUndefined(flags.seed),
      seedPolicy: Option.getOrUndefined(flags.seedPolicy),
      engine: flags.engine === "auto" ? undefined : flags.engine,
      threads: Option.getOrUndefined(flags.threads),
      overlap: Option.getOrUndefined(flags.overlap),
      catchUp: Option.getOrUndefined(flags.catchUp),
      timeLimitMinutes: Option.getOrUndefined(flags.timeLimitMinutes),
      retries: Option.getOrUndefined(Option.map(flags.retries, (times) => ({ times }))),
      keep: Option.getOrUndefined(flags.keep),
    },
    device: Option.getOrUndefined(flags.device),
    webhook: Option.getOrUndefined(flags.webhook),
    now: flags.now && !isPrinting(flags),
    only: Option.getOrUndefined(flags.only)?.split(","),
  })

const printUnits = Effect.fnUntraced(function* ({ file, printSystemd }: ScheduleFlags, { jobs }: Plan) {
  const { crontab, cronProblem, systemdUnit } = yield* Effect.promise(
    () => import("../../operations/schedule/units.ts"),
  )
  const { currentCommand, withoutFlag } = yield* Effect.promise(
    () => import("../../operations/schedule/commandLine.ts"),
  )
  const folder = process.cwd()
  if (printSystemd) return yield* Console.log(systemdUnit(currentCommand(), folder))
  const problems = jobs.flatMap((job) => cronProblem(job) ?? [])
  if (problems.length > 0) return yield* new ScheduleInvalid({ file, problems })
  const zone = yield* machineZone
  yield* Console.log(crontab(withoutFlag("--cron", currentCommand()), jobs, folder, zone))
})

/** The file of a schedule may set what the flag --threads sets. */
const checkNoThreads = Effect.fnUntraced(function* ({ file, threads }: ScheduleFlags, { jobs }: Plan) {
  if (Option.isSome(threads)) return
  const problems = jobs.flatMap(({ name, threads }) =>
    threads === undefined
      ? []
      : [`threads of ${name} does not apply: the workers of --queue have their own; omit threads`],
  )
  if (problems.length > 0) yield* new ScheduleInvalid({ file, problems })
})

/** Claims the schedule of the runs folder until the scope ends, and checks what later runs need. */
const claimSchedule = Effect.fnUntraced(function* ({ dataDir, runsDir }: ScheduleFlags, plan: Plan) {
  const paths = yield* Path.Path
  const { journal } = yield* Effect.promise(() => import("../../operations/schedule/Journal.ts"))
  yield* checkFolder(runsDir)
  const checkClaim = yield* claim(
    `the schedule of ${runsDir}`,
    paths.join(runsDir, journal.folder, journal.claim),
  ).pipe(Effect.catchTag("StorageFailed", folderUnusable(runsDir)))
  yield* checkFolder(dataDir)
  yield* checkEngines(plan)
  return checkClaim
})

/** Publishes each recorded run: on standard output with --json, on the history page, to the webhook. */
const makeNotify = Effect.fnUntraced(function* ({ json, runsDir }: ScheduleFlags, { webhook }: Plan) {
  const { makeWebhookSender } = yield* Effect.promise(() => import("../../operations/schedule/webhook.ts"))
  const { tryWriteHistoryPage } = yield* Effect.promise(
    () => import("../../views/history/writeHistoryPage.ts"),
  )
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const sender = webhook === undefined ? undefined : yield* makeWebhookSender(webhook)
  const notify = Effect.fnUntraced(function* (scheduledRun: ScheduledRun) {
    if (json) yield* Console.log(encodeScheduledRun(scheduledRun))
    yield* Effect.provideContext(tryWriteHistoryPage(runsDir), services)
    if (sender !== undefined) yield* sender.send(scheduledRun)
  })
  return { notify, flush: sender?.flush ?? Effect.void }
})

/** Fails if a run of --now gave no model, or did not start. */
const checkScheduledRuns = Effect.fnUntraced(function* (
  scheduledRuns: ReadonlyArray<ScheduledRun>,
  { jobs }: Plan,
) {
  const signal = (yield* StopSignal).requested()
  if (signal !== undefined && scheduledRuns.length < jobs.length) {
    return yield* new Interrupted({ signal, during: "the scheduled run; the next start resumes it" })
  }
  const failed = scheduledRuns.find((run) => !isJudged(run))
  if (failed === undefined) return
  const { exitCode, experiment, outcome, reasons } = failed
  return yield* new ScheduledRunFailed({
    experiment,
    reasons,
    code: outcome === "failed" ? exitCode || exitCodes.software : exitCodes.temporary,
  })
})

const runPlan = Effect.fnUntraced(function* (flags: ScheduleFlags, plan: Plan) {
  const { runNow, runSchedule } = yield* Effect.promise(
    () => import("../../operations/schedule/runSchedule.ts"),
  )
  const stop = yield* StopSignal
  const { flush, notify } = yield* makeNotify(flags, plan)
  const options = {
    jobs: plan.jobs,
    maxSleepMs,
    stop: stop.awaited,
    stopped: () => stop.requested() !== undefined,
    notify,
  }
  if (flags.now) {
    const scheduledRuns = yield* runNow(options)
    yield* flush
    return yield* checkScheduledRuns(scheduledRuns, plan)
  }
  const times = plan.jobs.map(({ cron, name, timezone }) => `${name} at ${cron} (${timezone})`)
  yield* Effect.logInfo(`scheduled: ${times.join(", ")}; SIGTERM or Ctrl-C stops it with a checkpoint`)
  yield* runSchedule(options)
  yield* flush
  yield* Effect.logInfo("the schedule has stopped; a run that was stopped resumes at the next start")
})

/** With a store, the schedule is held there too, so that one machine runs it, and another one continues it. */
const shareIfStored = Effect.fnUntraced(function* (
  store: ObjectStore | undefined,
  { runsDir }: ScheduleFlags,
  { jobs }: Plan,
) {
  if (store === undefined) {
    const { checkNotCopy } = yield* Effect.promise(() => import("../../storage/share/checkNotCopy.ts"))
    const { championsFolder } = yield* Effect.promise(() => import("../../storage/champions.ts"))
    yield* checkNotCopy(runsDir, "schedule", "the schedule", "--queue and --store")
    yield* checkNotCopy(runsDir, championsFolder, "the champions", "--queue and --store")
    return { check: Effect.void, deliver: Effect.void }
  }
  const { shareSchedule } = yield* Effect.promise(() => import("../../operations/schedule/shareSchedule.ts"))
  return yield* shareSchedule(store, runsDir, jobs)
})

export const schedule = Command.make(
  "schedule",
  scheduleFlags,
  Effect.fn("schedule")(
    function* (given) {
      const flags = yield* withDevice(given)
      const plan = yield* readPlan(flags)
      if (isPrinting(flags)) return yield* printUnits(flags, plan)
      const { Journal } = yield* Effect.promise(() => import("../../operations/schedule/Journal.ts"))
      const { layerProcesses } = yield* Effect.promise(
        () => import("../../operations/schedule/processWorker.ts"),
      )
      if (Option.isSome(flags.queue)) yield* checkNoThreads(flags, plan)
      const checkClaim = yield* claimSchedule(flags, plan)
      const opened = yield* openQueueIfGiven(flags)
      const shared = yield* shareIfStored(opened?.store, flags, plan)
      const folders = { ...flags, store: Option.getOrUndefined(flags.store) }
      const layerWorker =
        opened === undefined
          ? layerProcesses(folders)
          : (yield* Effect.promise(() => import("../../operations/schedule/queueWorker.ts"))).layerQueued(
              folders,
              opened.queue,
            )
      yield* runPlan(flags, plan).pipe(
        Effect.provide(
          Layer.merge(
            Journal.layer(flags.runsDir, Effect.andThen(checkClaim, shared.check), shared.deliver),
            layerWorker,
          ),
        ),
      )
    },
    flow(Effect.scoped, Effect.provide(StopSignal.layer)),
  ),
).pipe(
  Command.withDescription("Train at scheduled times; a better model becomes the champion"),
  Command.withExamples([
    {
      command: `pipeline schedule experiments/cnn.ts --cron "30 2 * * *" --timezone Europe/Prague`,
      description: "Train every day at 02:30",
    },
    { command: "pipeline schedule experiments/cnn.ts --now", description: "Train once, now" },
    {
      command: `pipeline schedule experiments/cnn.ts --cron "30 2 * * *" --print-systemd`,
      description: "Print a systemd unit",
    },
  ]),
)
