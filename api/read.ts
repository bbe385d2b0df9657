/** Reads runs from code: lists them, reads one with its metrics, compares several. Nothing is written. */
import { Effect } from "effect"
import { compareRuns } from "../operations/compare/Comparison.ts"
import { verdict } from "../operations/compare/verdict.ts"
import { describeRun, type RunSummary as Summary, summarize } from "../inspect/summary.ts"
import { readMetrics } from "../storage/metricsLog.ts"
import { readReport } from "../storage/report.ts"
import { effectiveExperiment, findRun, locateRuns } from "../storage/runDirectory.ts"
import { listHeaders, readHeaders } from "../storage/runHeader.ts"
import { standalone } from "./services.ts"
import type { TidemarkError } from "./TidemarkError.ts"
import { metricRow, testResult } from "./train.ts"
import type { Folders, RunComparison, RunDetails, RunSummary } from "./types.ts"

type In = Pick<Folders, "runsDir">

const summaryOf = (summary: Summary): RunSummary => {
  const { createdAt, dataset, durationSeconds, experiment, id, iteration, iterations } = summary
  const { path, reason, seed, status, testError, validationError } = summary
  return {
    id,
    path,
    experiment,
    dataset,
    seed,
    status,
    createdAt,
    iteration,
    iterations,
    durationSeconds,
    validationError,
    testError,
    reason,
  }
}

/** The runs of a folder, the oldest first. Damaged ones are left out; `pipeline list` names them. */
export const listRuns = ({ runsDir = "runs" }: In = {}): Effect.Effect<
  ReadonlyArray<RunSummary>,
  TidemarkError
> =>
  standalone(
    Effect.gen(function* () {
      const { runs } = yield* listHeaders(runsDir)
      return (yield* Effect.forEach(runs, summarize)).map(summaryOf)
    }),
  )

/** One run with its experiment, metrics and test result. `run`: an id, its first or last characters, a path, or `latest`. */
export const readRun = (
  run: string,
  { runsDir = "runs" }: In = {},
): Effect.Effect<RunDetails, TidemarkError> =>
  standalone(
    Effect.gen(function* () {
      const found = yield* findRun(runsDir, run)
      const report = yield* readReport(found.path)
      return {
        ...summaryOf(yield* describeRun(found)),
        config: { ...effectiveExperiment(found) },
        metrics: (yield* readMetrics(found.path)).map(metricRow),
        test: report === undefined ? null : testResult(report.test),
        parameters: report?.parameters ?? null,
      }
    }),
  )

/**
 * Compares runs with significance tests, each against the first. Runs that differ in their seed alone form one group.
 *
 * `runs`: ids, their first or last characters, globs, or paths.
 */
export const compare = (
  runs: ReadonlyArray<string>,
  { runsDir = "runs" }: In = {},
): Effect.Effect<RunComparison, TidemarkError> =>
  standalone(
    Effect.gen(function* () {
      const { damaged, runs: headers } = yield* readHeaders(yield* locateRuns(runsDir, runs))
      const comparison = yield* compareRuns(headers, damaged)
      return {
        groups: comparison.units.map(({ label, name, runs, seeds }) => ({
          label,
          experiment: name,
          runs,
          seeds,
        })),
        differences: comparison.differing,
        tests: comparison.tests.map((test) => ({
          first: test.first,
          second: test.second,
          method: test.method,
          difference: {
            value: test.difference.value,
            low: test.difference.low,
            high: test.difference.high,
          },
          p: test.correctedP,
          significant: test.significant,
          verdict: verdict(test, false),
        })),
        untested: comparison.untested,
        remarks: comparison.remarks,
      }
    }),
  )
