/**
 * What a schedule is to do, checked before it waits for its first slot: (file, flags) -> Plan, or what is wrong.
 *
 * The file is an experiment, scheduled by the flags, or a schedule of several (`schemas/Schedule.ts`).
 */
import { pathToFileURL } from "node:url"
import { Effect, Path, Result, Schema, SchemaIssue } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import { Schedule, type Webhook } from "../../schemas/Schedule.ts"
import * as files from "../../storage/files.ts"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import type { Job } from "./Job.ts"
import { parseCron } from "./scheduledTimes.ts"

export class ScheduleInvalid extends Failure<ScheduleInvalid>()("ScheduleInvalid", {
  exitCode: "dataError",
  fields: { file: Schema.String, problems: Schema.Array(Schema.String) },
  message: ({ file, problems }) => {
    const [first, ...more] = problems
    return more.length === 0
      ? `${file} cannot be scheduled: ${first}`
      : `${file} cannot be scheduled, ${problems.length} problems:\n${problems.map((problem) => `  ${problem}`).join("\n")}`
  },
}) {}

export interface Plan {
  readonly jobs: ReadonlyArray<Job>
  readonly webhook: Webhook | undefined
}

const decode = Schema.decodeUnknownEffect(Schedule, { errors: "all", onExcessProperty: "error" })
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** What a file exports, where it is a schedule; anything else is for the experiment's own checks. */
const exportedSchedule = Effect.fnUntraced(function* (file: string) {
  const paths = yield* Path.Path
  if (!(yield* files.exists(file))) return undefined
  const exported = yield* Effect.tryPromise(
    (): Promise<{ readonly default?: unknown }> => import(pathToFileURL(paths.resolve(file)).href),
  ).pipe(Effect.orElseSucceed((): { readonly default?: unknown } => ({})))
  const value = exported.default
  return typeof value === "object" && value !== null && "experiments" in value ? value : undefined
})

/**
 * `flags`: what the command line says of the one experiment, less its file. `now`: no slot is waited for. `only`: of a
 * schedule, the names of those that are meant.
 */
export const makePlan = Effect.fn("makePlan")(function* (
  file: string,
  flags: Readonly<Record<string, unknown>>,
  webhook: string | undefined,
  { now, only }: { readonly now: boolean; readonly only: ReadonlyArray<string> | undefined },
) {
  const written = yield* exportedSchedule(file)
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  const problem = (...problems: ReadonlyArray<string>) => new ScheduleInvalid({ file, problems })
  if (written !== undefined && given.length > 0) {
    return yield* problem(`it is a schedule, so ${given[0][0]} belongs into it, not on the command line`)
  }
  if (written === undefined && !now && flags.cron === undefined) {
    return yield* problem(`give --cron, as --cron "30 2 * * *", or --now`)
  }
  const value = written ?? {
    // Never: --now waits for no slot.
    experiments: [{ cron: "0 0 1 1 *", ...Object.fromEntries(given), file }],
  }
  const schedule = yield* decode(
    webhook === undefined
      ? value
      : {
          ...value,
          webhook: {
            ...("webhook" in value && typeof value.webhook === "object" ? value.webhook : {}),
            url: webhook,
          },
        },
  ).pipe(
    Effect.mapError(({ issue }) =>
      problem(
        ...formatIssue(issue).issues.map(
          ({ message, path = [] }) => `${path.map(String).join(".")}: ${message}`,
        ),
      ),
    ),
  )
  const jobs: Array<Job> = []
  const problems: Array<string> = []
  for (const scheduled of schedule.experiments) {
    const cron = parseCron(scheduled.cron, scheduled.timezone)
    if (Result.isFailure(cron)) problems.push(cron.failure)
    if (scheduled.seedPolicy === "by-date" && scheduled.seed !== undefined) {
      problems.push(`a seed by date and the seed ${scheduled.seed} exclude each other; leave one out`)
    }
    const { experiment } = yield* loadExperiment(scheduled.file, {})
    if (jobs.some(({ name }) => name === experiment.name)) {
      problems.push(`${experiment.name} is there twice; give one of the experiments another name`)
    }
    jobs.push({ ...scheduled, name: experiment.name, due: now ? undefined : Result.getOrUndefined(cron) })
  }
  if (problems.length > 0) return yield* problem(...problems)
  const absent = only?.find((name) => !jobs.some((job) => job.name === name))
  if (absent !== undefined) {
    return yield* problem(`it has no experiment ${absent}, only ${jobs.map(({ name }) => name).join(", ")}`)
  }
  const meant = jobs.filter(({ name }) => only?.includes(name) ?? true)
  return { jobs: meant, webhook: schedule.webhook } satisfies Plan as Plan
})
