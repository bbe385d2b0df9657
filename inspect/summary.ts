/**
 * The summary of a run, as `list`, `show` and `--json` print it: (run) -> RunSummary.
 */
import { Effect, Path, Schema } from "effect"
import { iterationOf } from "../stages/train/checkpoint.ts"
import { listNow, readStringNow } from "../storage/filesNow.ts"
import { layout, type Run } from "../storage/runDirectory.ts"
import { metricsFile } from "../storage/metricsLog.ts"
import { warnUnreadable } from "../storage/report.ts"
import { headerOf, type RunHeader } from "../storage/runHeader.ts"

/** The fields of a report that a summary needs. */
const ReportGlance = Schema.Struct({
  iterations: Schema.Int,
  budget: Schema.Int,
  validation: Schema.Array(Schema.Struct({ error: Schema.Finite })),
  test: Schema.Struct({ error: Schema.Struct({ value: Schema.Finite }) }),
})
const decodeGlance = Schema.decodeUnknownEffect(Schema.fromJsonString(ReportGlance))
const decodeValidation = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ split: Schema.Literal("validation"), error: Schema.Finite })),
)

/** The iteration of the newest checkpoint, 0 without one. */
export const newestIteration = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const names = yield* listNow(paths.join(path, layout.checkpoints)).pipe(Effect.orElseSucceed(() => []))
  return Math.max(0, ...names.map((file) => iterationOf(file) ?? 0))
})

const lowest = (errors: ReadonlyArray<number>) => (errors.length === 0 ? null : Math.min(...errors))

/** The lowest validation error so far of a run without a report. */
const validationSoFar = Effect.fnUntraced(function* (path: string) {
  const text = yield* readStringNow(path).pipe(Effect.orElseSucceed(() => undefined))
  const rows = (text ?? "").split("\n").filter((line) => line.includes('"validation"'))
  const errors: Array<number> = []
  for (const line of rows) {
    const row = yield* decodeValidation(line).pipe(Effect.option)
    if (row._tag === "Some") errors.push(row.value.error)
  }
  return lowest(errors)
})

const budgetOf = ({ experiment }: RunHeader): number | null => {
  const { budget } = experiment
  if (typeof budget !== "object" || budget === null || !("iterations" in budget)) return null
  return typeof budget.iterations === "number" ? budget.iterations : null
}

export type RunSummary = Effect.Success<ReturnType<typeof summarize>>

export const summarize = Effect.fnUntraced(function* (run: RunHeader) {
  const paths = yield* Path.Path
  const text = yield* readStringNow(paths.join(run.path, layout.report)).pipe(
    Effect.orElseSucceed(() => undefined),
  )
  const report =
    text === undefined
      ? undefined
      : yield* decodeGlance(text).pipe(Effect.catch(() => warnUnreadable(run.path)))
  return {
    id: run.id,
    experiment: run.name,
    status: run.status,
    createdAt: run.createdAt,
    /** Of the newest checkpoint, or of the finished run. */
    iteration:
      run.status === "finished" && report !== undefined
        ? report.iterations
        : yield* newestIteration(run.path),
    /** The budget; null if it is in epochs and not known yet. */
    iterations: budgetOf(run) ?? report?.budget ?? null,
    engine: run.engine,
    attempts: run.attempts.length,
    /** The lowest of all evaluations. */
    validationError:
      report === undefined
        ? yield* validationSoFar(yield* metricsFile(run.path).pipe(Effect.orElseSucceed(() => run.path)))
        : lowest(report.validation.map(({ error }) => error)),
    testError: report?.test.error.value ?? null,
    path: run.path,
    reason: run.status === "running" ? null : (run.attempts.at(-1)?.outcome?.reason ?? null),
  }
})

/** The summary of a run that has been read in full. */
export const describeRun = (run: Run) => summarize(headerOf(run))
