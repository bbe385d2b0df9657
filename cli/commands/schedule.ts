/** `pipeline schedule FILE`: trains again and again, each night in a process of its own, and keeps the best model. */
import { Console, Effect, FileSystem, Layer, Option, Path, Runtime, Schema, Semaphore } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as HttpClient from "effect/http/HttpClient"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { Night } from "../../schemas/ScheduledRun.ts"
import { claim } from "../../storage/claim.ts"
import { makePlan, ScheduleInvalid } from "../../operations/schedule/plan.ts"
import { checkEngines, checkFolder, unusable } from "../../operations/schedule/startChecks.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { dataDir, engine, iterations, json, runsDir, seed, threads, wholeNumber } from "../flags.ts"

/** The longest time between two looks at the clock: a machine that slept is at most this late. */
const lookMs = 300_000

/** A night begun with --now was not trained to its end. */
export class NightFailed extends Schema.TaggedError<NightFailed>()("NightFailed", {
  experiment: Schema.String,
  reasons: Schema.Array(Schema.String),
  code: Schema.Int,
}) {
  override get [Runtime.errorExitCode]() {
    return this.code
  }
  override get message() {
    return `the night of ${this.experiment} did not end well: ${this.reasons.join("; ")}`
  }
}

const file = Argument.String("file").pipe(
  Argument.withDescription("An experiment, or a schedule of several: `export default schedule({ … })`"),
)
const cron = Flag.String("cron").pipe(
  Flag.withDescription('When: minute, hour, day, month and weekday, as "30 2 * * *"'),
  Flag.withMetavar("EXPRESSION"),
  Flag.optional,
)
const timezone = Flag.String("timezone").pipe(
  Flag.withDescription("Whose clock that is, as Europe/Prague; without it UTC"),
  Flag.withMetavar("ZONE"),
  Flag.optional,
)
const seedPolicy = Flag.Literals("seed-policy", ["fixed", "by-date"]).pipe(
  Flag.withDescription("The same seed every night, or the night's date"),
  Flag.optional,
)
const overlap = Flag.Literals("overlap", ["skip", "queue"]).pipe(
  Flag.withDescription("What becomes of a slot while the night before goes on; without it, skip"),
  Flag.optional,
)
const catchUp = Flag.Literals("catch-up", ["none", "latest"]).pipe(
  Flag.withDescription("What becomes of slots that were missed; without it, none"),
  Flag.optional,
)
const timeLimitMinutes = wholeNumber("time-limit", 1).pipe(
  Flag.withDescription(
    "Minutes after which a night is stopped with a checkpoint, for the next to go on with",
  ),
  Flag.withMetavar("MINUTES"),
  Flag.optional,
)
const retries = wholeNumber("retries", 0).pipe(
  Flag.withDescription("Times a night is tried again whose data cannot be had; without it, 3"),
  Flag.optional,
)
const keep = wholeNumber("keep", 1).pipe(
  Flag.withDescription("Nights' runs that stay, beside the champion and the one before; without it, all"),
  Flag.optional,
)
const webhook = Flag.String("webhook").pipe(
  Flag.withDescription("Address that gets a POST of each night's line as JSON"),
  Flag.withMetavar("URL"),
  Flag.optional,
)
const only = Flag.String("experiment").pipe(
  Flag.withDescription("Of a schedule of several, only the experiments of these names"),
  Flag.withMetavar("NAME,NAME"),
  Flag.optional,
)
const now = Flag.Boolean("now").pipe(
  Flag.withDescription("One night at once, then end: for cron, systemd timers and Kubernetes"),
  Flag.withDefault(false),
)
const printSystemd = Flag.Boolean("print-systemd").pipe(
  Flag.withDescription("Print a systemd unit of this schedule, and end"),
  Flag.withDefault(false),
)
const printCrontab = Flag.Boolean("print-crontab").pipe(
  Flag.withDescription("Print lines of a crontab instead of waiting here, and end"),
  Flag.withDefault(false),
)

const encodeNight = Schema.encodeSync(Schema.fromJsonString(Night))

export const schedule = Command.make(
  "schedule",
  {
    file,
    cron,
    timezone,
    now,
    only,
    iterations,
    seed,
    seedPolicy,
    engine,
    threads,
    overlap,
    catchUp,
    timeLimitMinutes,
    retries,
    keep,
    webhook,
    runsDir,
    dataDir,
    json,
    printSystemd,
    printCrontab,
  },
  Effect.fn("schedule")(function* (options) {
    const paths = yield* Path.Path
    const { file, runsDir } = options
    const printing = options.printSystemd || options.printCrontab
    const now = options.now && !printing
    const plan = yield* makePlan(
      file,
      {
        cron: Option.getOrUndefined(options.cron),
        timezone: Option.getOrUndefined(options.timezone),
        iterations: Option.getOrUndefined(options.iterations),
        seed: Option.getOrUndefined(options.seed),
        seedPolicy: Option.getOrUndefined(options.seedPolicy),
        engine: options.engine === "auto" ? undefined : options.engine,
        threads: Option.getOrUndefined(options.threads),
        overlap: Option.getOrUndefined(options.overlap),
        catchUp: Option.getOrUndefined(options.catchUp),
        timeLimitMinutes: Option.getOrUndefined(options.timeLimitMinutes),
        retries: Option.getOrUndefined(Option.map(options.retries, (times) => ({ times }))),
        keep: Option.getOrUndefined(options.keep),
      },
      Option.getOrUndefined(options.webhook),
      { now, only: Option.getOrUndefined(options.only)?.split(",") },
    )
    if (printing) {
      const { crontab, notForCron, systemdUnit } = yield* Effect.promise(
        () => import("../../operations/schedule/units.ts"),
      )
      const { given, without } = yield* Effect.promise(
        () => import("../../operations/schedule/commandLine.ts"),
      )
      const folder = process.cwd()
      if (options.printSystemd) return yield* Console.log(systemdUnit(given(), folder))
      const problems = plan.jobs.flatMap((job) => notForCron(job) ?? [])
      if (problems.length > 0) return yield* new ScheduleInvalid({ file, problems })
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
      return yield* Console.log(crontab(without("--cron", given()), plan.jobs, folder, timeZone))
    }
    const { Journal, journal } = yield* Effect.promise(() => import("../../operations/schedule/Journal.ts"))
    const { layerProcesses } = yield* Effect.promise(
      () => import("../../operations/schedule/processWorker.ts"),
    )
    const { runNow, runSchedule } = yield* Effect.promise(
      () => import("../../operations/schedule/runSchedule.ts"),
    )
    const { tell } = yield* Effect.promise(() => import("../../operations/schedule/webhook.ts"))
    const { tryWritingHistoryPage } = yield* Effect.promise(
      () => import("../../views/history/writeHistoryPage.ts"),
    )

    yield* checkFolder(runsDir)
    yield* claim(`the schedule of ${runsDir}`, paths.join(runsDir, journal.folder, journal.claim)).pipe(
      Effect.catchTag("StorageFailed", unusable(runsDir)),
    )
    yield* checkFolder(options.dataDir)
    yield* checkEngines(plan)
    yield* Effect.gen(function* () {
      const stop = yield* StopSignal
      const http = yield* HttpClient.HttpClient
      const scope = yield* Effect.scope
      const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
      const { webhook } = plan
      // One telling after the other, beside the nights: an address that hangs holds up none of them.
      const telling = yield* Semaphore.make(1)
      const scheduling = {
        jobs: plan.jobs,
        lookMs,
        stop: stop.awaited,
        stopped: () => stop.requested() !== undefined,
        notify: Effect.fnUntraced(function* (night: Night) {
          if (options.json) yield* Console.log(encodeNight(night))
          yield* Effect.provideContext(tryWritingHistoryPage(runsDir), services)
          if (webhook === undefined) return
          yield* tell(webhook, night).pipe(
            telling.withPermits(1),
            Effect.provideService(HttpClient.HttpClient, http),
            Effect.forkIn(scope, { startImmediately: true }),
          )
        }),
      }
      /** Those that wait have had their turn; who asks to stop waits for one try at most. */
      const told = Effect.suspend(() => {
        const all = telling.withPermits(1)(Effect.void)
        return webhook === undefined || stop.requested() === undefined
          ? all
          : Effect.asVoid(Effect.timeoutOption(all, `${webhook.timeoutSeconds} seconds`))
      })
      if (!now) {
        const nights = plan.jobs.map(({ cron, name, timezone }) => `${name} at ${cron} (${timezone})`)
        yield* Effect.logInfo(`scheduled: ${nights.join(", ")}; SIGTERM or Ctrl-C ends it with a checkpoint`)
        yield* runSchedule(scheduling)
        yield* told
        return yield* Effect.logInfo(
          "the schedule has ended; a night that was stopped goes on at the next start",
        )
      }
      const played = yield* runNow(scheduling)
      yield* told
      const signal = stop.requested()
      if (signal !== undefined && played.length < plan.jobs.length) {
        return yield* new Interrupted({ signal, during: "the night; the next start goes on with it" })
      }
      for (const { exitCode, experiment, outcome, reasons } of played) {
        if (outcome === "champion" || outcome === "challenger") continue
        const code = outcome === "failed" ? exitCode || 70 : 75
        return yield* new NightFailed({ experiment, reasons, code })
      }
    }).pipe(
      Effect.provide(
        Layer.mergeAll(
          Journal.layer(runsDir),
          layerProcesses({ runsDir, dataDir: options.dataDir }),
          StopSignal.layer,
        ),
      ),
    )
  }, Effect.scoped),
).pipe(
  Command.withDescription("Train again and again at set times; a better model becomes the champion"),
  Command.withExamples([
    {
      command: `pipeline schedule experiments/cnn.ts --cron "30 2 * * *" --timezone Europe/Prague`,
      description: "Every night at half past two",
    },
    { command: "pipeline schedule experiments/cnn.ts --now", description: "One night at once" },
    {
      command: `pipeline schedule experiments/cnn.ts --cron "30 2 * * *" --print-systemd`,
      description: "A unit for systemd",
    },
  ]),
)
