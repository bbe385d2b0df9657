/** `pipeline champion [EXPERIMENT]`: the champion of each experiment, the last scheduled run, and the reasons. */
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command } from "effect/cli"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import { isJudged, ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { championNotFound } from "../../storage/champions.ts"
import { type ExperimentHistory, readHistory, reasonOf } from "../../operations/schedule/History.ts"
import { formatTime, outcomeLabels, summarize } from "../../operations/schedule/describe.ts"
import { outputColumns, printText } from "../render/printText.ts"
import { reasonTable } from "../render/reasonTable.ts"
import { json, runsDir } from "../flags.ts"
import { percent } from "../../format/numbers.ts"
import { program } from "../../format/program.ts"

const experiment = Argument.String("experiment").pipe(
  Argument.withDescription("Name of the experiment (default: every experiment)"),
  Argument.optional,
)

const kindLabels: Readonly<Record<ChampionEvent["kind"], string>> = {
  passed: "champion",
  challenger: "challenger",
  promoted: "promoted",
  rolledBack: "rolled back",
}

/** Verdicts, manual changes, and scheduled runs without a verdict, by time. */
const rows = ({ events, scheduledRuns }: ExperimentHistory) =>
  [
    ...events.map((event) => ({
      at: event.at,
      what: kindLabels[event.kind],
      run: event.run,
      why: reasonOf(event),
    })),
    ...scheduledRuns
      .filter((run) => !isJudged(run))
      .map(({ endedAt, outcome, reasons, run }) => ({
        at: endedAt,
        what: outcomeLabels[outcome],
        run: run ?? "",
        why: reasons.join("; "),
      })),
  ]
    .sort((a, b) => a.at.localeCompare(b.at))
    .map(({ at, run, what, why }) => [formatTime(at), what, run, why])

const renderOne = (history: ExperimentHistory, columns: number) => {
  const { champion, experiment } = history
  const accuracy = champion?.accuracy ?? null
  const facts = [
    ...(accuracy === null ? [] : [`test accuracy ${percent(accuracy)}`]),
    ...(champion === null || champion.since === null ? [] : [`since ${formatTime(champion.since)} UTC`]),
  ]
  return [
    champion === null
      ? `${experiment} has no champion`
      : `${experiment}: ${champion.run}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`,
    ...summarize(history, () => true),
    "",
    reasonTable(["when (UTC)", "", "run", "why"], rows(history), columns),
  ].join("\n")
}

const renderAll = (histories: ReadonlyArray<ExperimentHistory>, columns: number) => {
  const champions = reasonTable(
    ["experiment", "champion", "accuracy", "since", "why"],
    histories.map(({ champion, experiment }) =>
      champion === null
        ? [experiment, "none yet", "", "", ""]
        : [
            experiment,
            champion.run,
            percent(champion.accuracy, ""),
            champion.since?.slice(0, 10) ?? "",
            champion.why,
          ],
    ),
    columns,
  )
  const lines = histories.flatMap((history) =>
    summarize(history, (run) => run === history.champion?.run).map(
      (line) => `${history.experiment}, ${line}`,
    ),
  )
  return lines.length === 0 ? champions : `${champions}\n\n${lines.join("\n")}`
}

const encodeScheduledRuns = Schema.encodeSync(Schema.Array(ScheduledRun))

/** Scheduled runs have the fields of `schedule.ndjson`. */
const toJson = (name: string | undefined, histories: ReadonlyArray<ExperimentHistory>) => {
  const champions = histories.map(({ champion, experiment, scheduledRuns, unfinished }) => ({
    experiment,
    run: champion?.run ?? null,
    accuracy: champion?.accuracy ?? null,
    since: champion?.since ?? null,
    lastScheduledRun: encodeScheduledRuns(scheduledRuns.slice(-1)).at(0) ?? null,
    unfinished:
      unfinished === null
        ? null
        : { slot: unfinished.scheduledAt, run: unfinished.run, state: unfinished.state },
  }))
  if (name === undefined) return champions
  const { events, scheduledRuns } = histories[0] ?? { events: [], scheduledRuns: [] }
  return { champions, history: events, scheduledRuns: encodeScheduledRuns(scheduledRuns) }
}

export const champion = Command.make(
  "champion",
  { experiment, runsDir, json },
  Effect.fn("champion")(function* ({ experiment, json, runsDir }) {
    const name = Option.getOrUndefined(experiment)
    const histories = yield* readHistory(runsDir, name)
    if (json) return yield* Console.log(JSON.stringify(toJson(name, histories), null, 2))
    if (name !== undefined && histories.length === 0) {
      return yield* championNotFound(runsDir, name, null)
    }
    const columns = outputColumns()
    yield* printText(
      name !== undefined
        ? renderOne(histories[0], columns)
        : histories.length === 0
          ? `no champions in ${runsDir}; make a run the champion with \`${program} promote RUN\``
          : renderAll(histories, columns),
    )
  }),
).pipe(
  Command.withDescription("Show the champion of each experiment, the last scheduled run, and the reasons"),
  Command.withExamples([
    { command: "pipeline champion", description: "Show the champion of every experiment" },
    { command: "pipeline champion cnn", description: "Show one experiment with its history" },
    {
      command: "pipeline show champion:cnn",
      description: "Show its report; `champion:NAME` works wherever a run is expected",
    },
  ]),
)
