/** `pipeline compare RUN RUN…`: compares the experiments and results of runs, with significance tests. */
import { tmpdir } from "node:os"
import { Console, Effect, Option, Path, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Comparison } from "../../operations/compare/Comparison.ts"
import { Failure } from "../../schemas/Failure.ts"
import { openOrLog } from "../render/openFile.ts"
import * as files from "../../storage/files.ts"
import { locateRuns } from "../../storage/runDirectory.ts"
import { listHeaders, readHeaders } from "../../storage/runHeader.ts"
import { byOrder } from "../../storage/runOrder.ts"
import { experimentName, json, runsDir, wholeNumber } from "../flags.ts"

/** There are fewer than two readable runs. */
export class NothingToCompare extends Failure<NothingToCompare>()("NothingToCompare", {
  exitCode: ({ usage }) => (usage ? "usage" : "dataError"),
  fields: { found: Schema.String, damaged: Schema.Array(Schema.String), usage: Schema.Boolean },
  message: ({ damaged, found }) => {
    const why = damaged.map((problem) => `\n  ${problem}`).join("")
    return `cannot compare: found ${found}, expected at least two runs; name runs, a glob such as '2026*cnn*', or --experiment NAME${why}`
  },
}) {}

const runs = Argument.String("run").pipe(
  Argument.withDescription(
    "Runs: ids, their first or last characters, globs, paths or `latest`; the first one is the baseline",
  ),
  Argument.variadic(),
)
const last = wholeNumber("last", 1).pipe(
  Flag.withDescription("Compare only the newest N runs"),
  Flag.optional,
)
const markdown = Flag.Boolean("markdown").pipe(
  Flag.withDescription("Print Markdown, for example for a pull request"),
  Flag.withDefault(false),
)

const html = Flag.String("html").pipe(
  Flag.withDescription("Write the comparison as an HTML page with charts to this file"),
  Flag.withMetavar("FILE"),
  Flag.optional,
)
const open = Flag.Boolean("open").pipe(
  Flag.withDescription("Write the HTML page and open it in a browser"),
  Flag.withDefault(false),
)

const writePage = Effect.fnUntraced(function* (comparison: Comparison, file: string) {
  const { comparisonPage } = yield* Effect.promise(() => import("../../views/comparison/comparisonPage.ts"))
  yield* files.writeAtomic(file, yield* comparisonPage(comparison))
  return file
})

/** Standard output has one format: JSON, Markdown, the path of the page, or text. */
const print = Effect.fnUntraced(function* (
  comparison: Comparison,
  {
    json,
    markdown,
    page,
  }: { readonly json: boolean; readonly markdown: boolean; readonly page: string | null },
) {
  if (json) {
    const value = page === null ? comparison : { ...comparison, page }
    return yield* Console.log(JSON.stringify(value, null, 2))
  }
  if (page !== null && !markdown) return yield* Console.log(page)
  const { renderMarkdown, renderText } = yield* Effect.promise(() => import("../render/renderComparison.ts"))
  yield* Console.log(
    markdown ? renderMarkdown(comparison) : renderText(comparison, process.stdout.columns ?? 80),
  )
})

export const compare = Command.make(
  "compare",
  { runs, experiment: experimentName, last, runsDir, json, markdown, html, open },
  Effect.fn("compare")(function* (options) {
    const paths = yield* Path.Path
    const listed = options.runs.length === 0
    if (listed && Option.isNone(options.experiment) && Option.isNone(options.last)) {
      return yield* new NothingToCompare({ found: "no runs", damaged: [], usage: true })
    }
    const { damaged, runs } = listed
      ? yield* listHeaders(options.runsDir)
      : yield* readHeaders(yield* locateRuns(options.runsDir, options.runs))
    const named = runs.filter((run) => Option.getOrElse(options.experiment, () => run.name) === run.name)
    const newest = Option.isNone(options.last) ? named : named.toSorted(byOrder).slice(-options.last.value)
    const problems = listed ? [] : damaged
    if (newest.length < 2) {
      return yield* new NothingToCompare({
        found: newest.length === 0 ? "no readable run" : `one run, ${newest[0].id}`,
        damaged: problems.map(({ path, problem }) => `${paths.basename(path)}: ${problem}`),
        usage: false,
      })
    }
    const { compareRuns } = yield* Effect.promise(() => import("../../operations/compare/Comparison.ts"))
    const comparison = yield* compareRuns(newest, problems)
    const temporary = () => paths.join(tmpdir(), `tidemark-comparison-${process.pid}.html`)
    const page =
      options.open || Option.isSome(options.html)
        ? yield* writePage(comparison, Option.getOrElse(options.html, temporary))
        : null
    yield* print(comparison, { ...options, page })
    if (options.open && page !== null) yield* openOrLog(page)
  }),
).pipe(
  Command.withDescription("Compare runs: their experiments, errors and speed, with significance tests"),
  Command.withExamples([
    {
      command: "pipeline compare 20261122T02 latest",
      description: "Compare the newest run with an earlier one",
    },
    {
      command: "pipeline compare '2026*cnn*'",
      description: "Compare all cnn runs; seeds of one experiment are grouped",
    },
    {
      command: "pipeline compare --experiment cnn --last 5 --markdown",
      description: "Compare the newest five runs, as Markdown",
    },
    {
      command: "pipeline compare '*-cnn-*' --html cnn.html --open",
      description: "Show learning curves in a browser",
    },
  ]),
)
