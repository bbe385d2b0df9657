/** `pipeline show RUN`: shows the report of a run, or its progress, as text or as an HTML page. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { ensembleName, readEnsemble } from "../../storage/ensembles.ts"
import {
  readSweepDefinition,
  readSweepJournal,
  readSweepResult,
  sweepNotFound,
  sweepName,
} from "../../storage/sweeps.ts"
import { findRun, locateRuns, RunNotFound } from "../../storage/runDirectory.ts"
import { renderEnsemble } from "../render/renderEnsemble.ts"
import { openOrLog } from "../render/openFile.ts"
import { printReportText } from "../render/printReport.ts"
import { renderLayers } from "../render/renderLayers.ts"
import { printText } from "../render/printText.ts"
import { describeCommit } from "../../format/describeCommit.ts"
import { describeMeasured } from "../../format/describeMeasured.ts"
import { describeChoice } from "../../format/describeChoice.ts"
import { runArgument } from "../../format/runArgument.ts"
import { describeRun, type RunSummary } from "../../inspect/summary.ts"
import { readReport } from "../../storage/report.ts"
import { count, percent } from "../../format/numbers.ts"
import { quoted } from "../../format/quoted.ts"
import { json, runsDir } from "../flags.ts"
import { program } from "../../format/program.ts"

const run = Argument.String("run").pipe(
  Argument.withDescription(
    "Run: an id, its first or last characters, a path, `latest`, ensemble:NAME or sweep:NAME",
  ),
)

const open = Flag.Boolean("open").pipe(
  Flag.withDescription(
    "Write the page, report.html in the folder of the run or sweep, and open it in a browser",
  ),
  Flag.withDefault(false),
)
const htmlFile = Flag.String("html").pipe(
  Flag.withDescription("Write the page to this file instead"),
  Flag.withMetavar("FILE"),
  Flag.optional,
)

interface PageOptions {
  readonly run: string
  readonly runsDir: string
  readonly file: string | undefined
  readonly open: boolean
  readonly json: boolean
}

/** Works for any run: the page lists what is missing. */
const showPage = Effect.fnUntraced(function* ({ file, json, open, run, runsDir }: PageOptions) {
  const [path, ...more] = yield* locateRuns(runsDir, [run])
  if (more.length > 0) return yield* new RunNotFound({ run, runsDir, candidates: [path, ...more] })
  const { writeReportPage } = yield* Effect.promise(() => import("../../views/report/writeReportPage.ts"))
  const page = yield* writeReportPage(path, file)
  yield* printPage(page, json, open)
})

const printPage = Effect.fnUntraced(function* (page: string, json: boolean, open: boolean) {
  yield* Console.log(json ? JSON.stringify({ page }, null, 2) : page)
  if (open) yield* openOrLog(page)
})

/** Works at any time of the sweep: the page shows what was measured so far. */
const showSweepPage = Effect.fnUntraced(function* ({ file, json, open, run, runsDir }: PageOptions) {
  const { writeSweepPage } = yield* Effect.promise(() => import("../../views/sweep/writeSweepPage.ts"))
  yield* printPage(yield* writeSweepPage(runsDir, run, file), json, open)
})

/** One line: status, iteration reached and engine. An unfinished run also names the checkpoint that `resume` starts from. */
const describeProgress = (summary: RunSummary) => {
  const { checkpoint, engine, id, iteration, iterations, status, testError, validationError } = summary
  return [
    `${id}: ${status}`,
    `iteration ${count(iteration)}${iterations === null ? "" : ` of ${count(iterations)}`}`,
    ...(checkpoint === iteration
      ? []
      : [checkpoint === 0 ? "no checkpoint yet" : `checkpoint at ${checkpoint}`]),
    ...(testError === null && validationError !== null
      ? [`validation error ${percent(validationError)}`]
      : []),
    `engine ${engine}`,
  ].join(", ")
}

/** The result of a sweep, or how far it is. */
const showSweep = Effect.fnUntraced(function* (runsDir: string, name: string, json: boolean) {
  const definition = yield* readSweepDefinition(runsDir, name)
  if (definition === undefined) return yield* sweepNotFound(runsDir, name)
  const result = yield* readSweepResult(runsDir, name)
  const { records } = yield* readSweepJournal(runsDir, name)
  if (json)
    return yield* Console.log(JSON.stringify({ definition, records, result: result ?? null }, null, 2))
  const { renderSweep } = yield* Effect.promise(() => import("../render/renderSweep.ts"))
  yield* printText(renderSweep(definition, records, result), 2)
})

export const show = Command.make(
  "show",
  { run, runsDir, json, open, html: htmlFile },
  Effect.fn("show")(function* ({ html, json, open, run, runsDir }) {
    const ensemble = ensembleName(run)
    if (ensemble !== undefined) {
      const report = yield* readEnsemble(runsDir, ensemble)
      if (open || Option.isSome(html)) {
        const { writeEnsemblePage } = yield* Effect.promise(
          () => import("../../views/ensemble/ensemblePage.ts"),
        )
        const page = yield* writeEnsemblePage(runsDir, report, Option.getOrUndefined(html))
        return yield* printPage(page, json, open)
      }
      return yield* json ? Console.log(JSON.stringify(report, null, 2)) : printText(renderEnsemble(report), 2)
    }
    const sweep = sweepName(run)
    if (sweep !== undefined) {
      return yield* open || Option.isSome(html)
        ? showSweepPage({ run: sweep, runsDir, file: Option.getOrUndefined(html), open, json })
        : showSweep(runsDir, sweep, json)
    }
    if (open || Option.isSome(html)) {
      return yield* showPage({ run, runsDir, file: Option.getOrUndefined(html), open, json })
    }
    const found = yield* findRun(runsDir, run)
    const summary = yield* describeRun(found)
    const report = yield* readReport(found.path)
    const { engineChoice } = found.identity
    if (json) {
      const choice = engineChoice === undefined ? {} : { engineChoice }
      return yield* Console.log(JSON.stringify({ ...summary, ...choice, report: report ?? null }, null, 2))
    }
    yield* printText(describeProgress(summary), 2)
    const measured = describeMeasured(found.identity.engine)
    if (measured !== undefined) yield* printText(`measured devices: ${measured}`, 2)
    if (engineChoice !== undefined) yield* printText(`engine ${describeChoice(engineChoice)}`, 2)
    const attempt = found.attempts.at(-1)
    if (attempt?.gitProblem !== undefined)
      yield* Console.log(describeCommit(attempt.gitCommit, attempt.gitProblem))
    if (summary.reason !== null) yield* printText(summary.reason, 2)
    if (report !== undefined) {
      yield* printText(`\n${renderLayers(report.layers)}`, 2)
      yield* printReportText(report)
    } else if (summary.status !== "running") {
      yield* printText(`resume with: ${program} resume ${quoted(runArgument(found.path))}`, 2)
    }
  }),
).pipe(
  Command.withDescription("Show the report of a run, an ensemble or a sweep, or its progress"),
  Command.withExamples([
    { command: "pipeline show latest", description: "Show the newest run" },
    { command: "pipeline show latest --open", description: "Show its charts and images in a browser" },
    { command: "pipeline show latest --json", description: "Print everything as JSON" },
  ]),
)
