/**
 * Runs as a table: (summaries, current time, columns of the terminal) -> text.
 *
 * A narrow terminal shows the most important columns that fit. A pipe gets all of them.
 */
import { duration } from "../../format/duration.ts"
import { pastTime } from "../../format/pastTime.ts"
import { count, percent } from "../../format/numbers.ts"
import type { RunSummary } from "../../inspect/summary.ts"
import { table } from "./table.ts"

/** Its status may be that of its job in a queue. */
type ListedRun = Omit<RunSummary, "status"> & { readonly status: string }

interface Column {
  readonly head: string
  readonly cell: (run: ListedRun, now: Date) => string | number
  /** Columns of a low rank are kept longest. */
  readonly rank: number
}

/** The budget of a run is known when its training begins. */
const reached = (iteration: number, iterations: number | null) =>
  iterations === null
    ? iteration === 0
      ? "–"
      : count(iteration)
    : `${count(iteration)}/${count(iterations)}`

const columns: ReadonlyArray<Column> = [
  { head: "run", rank: 0, cell: ({ id }) => id },
  { head: "status", rank: 2, cell: ({ status }) => status },
  { head: "started", rank: 5, cell: ({ createdAt }, now) => pastTime(new Date(createdAt), now) },
  { head: "dataset", rank: 8, cell: ({ dataset }) => dataset ?? "–" },
  { head: "seed", rank: 4, cell: ({ seed }) => seed ?? "–" },
  { head: "iterations", rank: 3, cell: ({ iteration, iterations }) => reached(iteration, iterations) },
  {
    head: "duration",
    rank: 6,
    cell: ({ durationSeconds }) => (durationSeconds === null ? "–" : duration(durationSeconds)),
  },
  { head: "validation error", rank: 7, cell: ({ validationError }) => percent(validationError) },
  { head: "test error", rank: 1, cell: ({ testError }) => percent(testError) },
  { head: "engine", rank: 9, cell: ({ engine }) => engine },
]

/** Columns that are aligned to the left: text, at the start of a row. */
const isText = ({ head }: Column) => ["run", "status", "started", "dataset"].includes(head)

const draw = (shown: ReadonlyArray<Column>, runs: ReadonlyArray<ListedRun>, now: Date) =>
  table(
    shown.map(({ head }) => head),
    runs.map((run) => shown.map(({ cell }) => cell(run, now))),
    shown.filter(isText).length,
  )

export const renderRuns = (runs: ReadonlyArray<ListedRun>, now: Date, width = Infinity): string => {
  for (let most = columns.length - 1; ; most--) {
    const text = draw(
      columns.filter(({ rank }) => rank <= most),
      runs,
      now,
    )
    const widest = Math.max(...text.split("\n").map((line) => line.length))
    if (widest <= width || most === 0) return text
  }
}
