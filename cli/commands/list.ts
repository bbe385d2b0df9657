/** `pipeline list`: lists the runs of a folder, with filters and sort orders. */
import { Clock, Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { plural } from "../../format/numbers.ts"
import { quoted } from "../../format/quoted.ts"
import { queuedStates } from "../../operations/queue/queuedStates.ts"
import type { ListedJob } from "../../schemas/QueuedJob.ts"
import { RunStatus } from "../../schemas/Run.ts"
import { listHeaders } from "../../storage/runHeader.ts"
import { renderRuns } from "../render/renderRuns.ts"
import { summarize } from "../../inspect/summary.ts"
import { sortRuns } from "../../inspect/sortRuns.ts"
import { experimentName, json, runsDir, wholeNumber } from "../flags.ts"
import { openToRead, readQueueFlag } from "../queueFlag.ts"
import { program } from "../../format/program.ts"
import { alternatives } from "../../format/alternatives.ts"
import { suggest } from "../../format/suggest.ts"

const status = Flag.Literals("status", [...RunStatus.literals, "queued"]).pipe(
  Flag.withDescription("List only runs with this status; queued needs --queue"),
  Flag.optional,
)
const sort = Flag.Literals("sort", ["date", "error", "name"]).pipe(
  Flag.withDescription("Sort by date (newest first), validation error (lowest first) or experiment name"),
  Flag.withDefault("date"),
)
const reverse = Flag.Boolean("reverse").pipe(
  Flag.withDescription("Reverse the order"),
  Flag.withDefault(false),
)
const limit = wholeNumber("limit", 1).pipe(Flag.withDescription("List only the first N runs"), Flag.optional)

/** The jobs of a queue, if one is given. */
const readJobs = Effect.fnUntraced(function* (given: Option.Option<string>) {
  const queue = yield* openToRead(given)
  return queue === undefined ? [] : yield* queue.list()
}, Effect.scoped)

/** How many jobs of the queue have no run yet, and how to list them. */
const describeNotBegun = (jobs: ReadonlyArray<ListedJob>, given: Option.Option<string>) =>
  Option.isNone(given) || jobs.length === 0
    ? []
    : [
        `${plural(jobs.length, "1 queued job has", "queued jobs have")} no run here yet; \`${program} queue --queue ${quoted(given.value)}\` lists ${jobs.length === 1 ? "it" : "them"}`,
      ]

export const list = Command.make(
  "list",
  { runsDir, status, queue: readQueueFlag, experiment: experimentName, sort, reverse, limit, json },
  Effect.fn("list")(function* (options) {
    const { damaged, runs } = yield* listHeaders(options.runsDir)
    const { notBegun, states } = queuedStates(
      yield* readJobs(options.queue),
      runs.map(({ id }) => id),
    )
    // A run that a process trains is seen here, or its job says so.
    const statusOf = ({ id, status }: (typeof runs)[number]) =>
      status === "interrupted" ? (states.get(id) ?? status) : status
    const chosen = runs.filter(
      (run) =>
        Option.getOrElse(options.status, () => statusOf(run)) === statusOf(run) &&
        Option.getOrElse(options.experiment, () => run.name) === run.name,
    )
    const summarized = yield* Effect.forEach(chosen, (run) =>
      Effect.map(summarize(run), (summary) => ({ ...summary, status: statusOf(run) })),
    )
    const sorted = sortRuns(summarized, options.sort, options.reverse)
    const rows = sorted.slice(0, Option.getOrUndefined(options.limit))
    if (options.json) yield* Console.log(JSON.stringify(rows, null, 2))
    else if (runs.length === 0) {
      yield* Console.log(`no runs in ${options.runsDir}; start one with \`${program} run FILE\``)
    } else if (rows.length === 0) {
      const asked = Option.getOrElse(options.experiment, () => "")
      const meant = suggest(asked, [...new Set(runs.map(({ name }) => name))])
      const advice =
        meant.length === 0 || meant.includes(asked) ? "" : `; did you mean ${alternatives(meant)}?`
      yield* Console.log(`none of the ${runs.length} runs matches${advice}`)
    } else {
      const now = new Date(yield* Clock.currentTimeMillis)
      yield* Console.log(renderRuns(rows, now, process.stdout.isTTY ? process.stdout.columns : undefined))
      if (rows.length < runs.length) yield* Console.log(`${rows.length} of ${runs.length} runs`)
    }
    for (const line of options.json ? [] : describeNotBegun(notBegun, options.queue)) yield* Console.log(line)
    for (const problem of damaged) yield* Effect.logWarning(problem.message)
  }),
).pipe(
  Command.withDescription("List the runs, newest first"),
  Command.withExamples([
    { command: "pipeline list", description: "List all runs in a table" },
    {
      command: "pipeline list --sort error --limit 5",
      description: "List the five runs with the lowest validation error",
    },
    {
      command: "pipeline list --status interrupted --json",
      description: "Print the runs that can be resumed, as JSON",
    },
    {
      command: "pipeline list --queue /shared/queue",
      description: "List the runs with those that wait in a queue as queued",
    },
  ]),
)
