/**
 * The plan of a schedule, checked before it waits for the first scheduled time: (file, flags) -> Plan, or every
 * problem.
 *
 * The file is an experiment, scheduled by the flags, or a schedule of several (`schemas/Schedule.ts`).
 */
import { Effect, Result, Schema } from "effect"
import { type Device, flagsOf } from "../../schemas/EngineInfo.ts"
import { Failure } from "../../schemas/Failure.ts"
import { firstLines } from "../../schemas/shortened.ts"
import { Schedule, type Webhook } from "../../schemas/Schedule.ts"
import { loadDefault, loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { problemsOf } from "../../pipeline/experimentFile/problems.ts"
import type { Job } from "./Job.ts"
import { parseCron } from "./scheduledTimes.ts"

/** The schedule has problems that would stop it later. */
export class ScheduleInvalid extends Failure<ScheduleInvalid>()("ScheduleInvalid", {
  exitCode: "dataError",
  fields: { file: Schema.String, problems: Schema.Array(Schema.String) },
  message: ({ file, problems }) => {
    const [first, ...more] = problems
    return more.length === 0
      ? `cannot schedule ${file}: ${first}`
      : `cannot schedule ${file}: ${problems.length} problems:\n${firstLines(problems)
          .map((problem) => `  ${problem}`)
          .join("\n")}`
  },
}) {}

export interface Plan {
  readonly jobs: ReadonlyArray<Job>
  readonly webhook: Webhook | undefined
}

export interface PlanOptions {
  readonly file: string
  /** The policies of a single experiment that the command line sets, by their names in `schemas/Schedule.ts`. */
  readonly flags: Readonly<Record<string, unknown>>
  /** Of --device: an engine of the file must not contradict it. */
  readonly device?: Device | undefined
  readonly webhook: string | undefined
  /** Whether to run once now instead of at scheduled times. */
  readonly now: boolean
  /** The names of the experiments to run; undefined for all. */
  readonly only: ReadonlyArray<string> | undefined
}

const decode = Schema.decodeUnknownEffect(Schedule, { errors: "all", onExcessProperty: "error" })

/** The default export if it is a schedule; undefined for an experiment. */
const exportedSchedule = (file: string) =>
  Effect.map(loadDefault(file), ({ value }) =>
    typeof value === "object" && value !== null && "experiments" in value ? value : undefined,
  )

const readSchedule = Effect.fnUntraced(function* ({ file, flags, now, webhook }: PlanOptions) {
  const invalid = (...problems: ReadonlyArray<string>) => new ScheduleInvalid({ file, problems })
  const exported = yield* exportedSchedule(file)
  const policies = Object.entries(flags).filter(([, value]) => value !== undefined)
  if (exported !== undefined && policies.length > 0) {
    return yield* invalid(`it is a schedule file; set ${policies[0][0]} there, not on the command line`)
  }
  if (exported === undefined && !now && flags.cron === undefined) {
    return yield* invalid(`no time is given; add --cron, such as --cron "30 2 * * *", or --now`)
  }
  // With --now the cron expression is never used.
  const value = exported ?? {
    experiments: [{ cron: "0 0 1 1 *", ...Object.fromEntries(policies), file }],
  }
  const written = "webhook" in value && typeof value.webhook === "object" ? value.webhook : {}
  const complete = webhook === undefined ? value : { ...value, webhook: { ...written, url: webhook } }
  return yield* decode(complete).pipe(
    Effect.mapError(({ issue }) =>
      invalid(
        ...problemsOf(complete, issue).map(({ at, problem }) => (at === "" ? problem : `${at}: ${problem}`)),
      ),
    ),
  )
})

/** Loads every experiment, and collects every problem. */
const makeJobs = Effect.fnUntraced(function* ({ device, file, now }: PlanOptions, { experiments }: Schedule) {
  const jobs: Array<Job> = []
  const problems: Array<string> = []
  for (const scheduled of experiments) {
    const { seed, seedPolicy, timezone } = scheduled
    const cron = parseCron(scheduled.cron, timezone)
    if (Result.isFailure(cron)) problems.push(cron.failure)
    if (seedPolicy === "by-date" && seed !== undefined) {
      problems.push(`seed ${seed} and seedPolicy "by-date" exclude each other; remove one of them`)
    }
    const { name } = (yield* loadExperiment(scheduled.file, {})).experiment
    if (jobs.some((job) => job.name === name)) {
      problems.push(`two experiments are named ${name}; rename one of them`)
    }
    const { engine } = scheduled
    if (device === "cpu" && flagsOf(engine).device !== undefined) {
      problems.push(`engine "${engine}" of ${name} and --device cpu exclude each other; remove one of them`)
    }
    jobs.push({ ...scheduled, name, due: now ? undefined : Result.getOrUndefined(cron) })
  }
  if (problems.length > 0) return yield* new ScheduleInvalid({ file, problems })
  return jobs
})

export const makePlan = Effect.fn("makePlan")(function* (options: PlanOptions) {
  const { file, only } = options
  const schedule = yield* readSchedule(options)
  const jobs = yield* makeJobs(options, schedule)
  const names = jobs.map(({ name }) => name)
  const unknown = only?.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const problems = [`it has no experiment ${unknown}; choose from ${names.join(", ")}`]
    return yield* new ScheduleInvalid({ file, problems })
  }
  const plan: Plan = {
    jobs: jobs.filter(({ name }) => only?.includes(name) ?? true),
    webhook: schedule.webhook,
  }
  return plan
})
