/** The result of a job as a table, the fastest contender first. */
import Table from "cli-table3"
import type { Quartiles } from "../quartiles.ts"

/** Times are of one iteration unless their name says otherwise. */
export interface Row {
  readonly contender: string
  readonly kind: "ours" | "peer" | "tensorflow.js"
  /** In a turn. */
  readonly iterations: number
  readonly wallMs: Quartiles
  readonly processorMs: Quartiles
  readonly imagesPerSecond: number
  /** Of 1000 images. */
  readonly predictMs: Quartiles | null
  readonly predictProcessorMs: Quartiles | null
  readonly peakMiB: number
  readonly prepareMs: number
}

export interface Result {
  readonly job: string
  readonly experiment: string
  readonly batch: number
  /** The machine's load before and after. */
  readonly load: readonly [number, number]
  readonly floor: { readonly gigaflops: number; readonly gigabytesPerSecond: number; readonly ms: number }
  readonly rows: ReadonlyArray<Row>
}

const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0)
const spread = ({ lower, median, upper }: Quartiles) => `${ms(median)} (${ms(lower)}–${ms(upper)})`

export const tableOf = ({ floor, job, load, rows }: Result): string => {
  const table = new Table({
    head: ["", "ms", "processor ms", "images/s", "× fastest peer", "1000 images, ms", "peak MiB", "ready, s"],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "right", "right", "right", "right", "right"],
  })
  const fastest = Math.max(...rows.filter(({ kind }) => kind === "peer").map((row) => row.imagesPerSecond))
  for (const row of rows.toSorted((a, b) => b.imagesPerSecond - a.imagesPerSecond)) {
    table.push([
      row.kind === "ours" ? `* ${row.contender}` : `  ${row.contender}`,
      spread(row.wallMs),
      spread(row.processorMs),
      row.imagesPerSecond.toFixed(0),
      Number.isFinite(fastest) ? (row.imagesPerSecond / fastest).toFixed(2) : "",
      row.predictMs === null ? "" : spread(row.predictMs),
      row.peakMiB.toFixed(0),
      (row.prepareMs / 1000).toFixed(1),
    ])
  }
  const { gigabytesPerSecond, gigaflops } = floor
  return [
    "",
    `${job}: milliseconds per iteration, medians (quartiles); load ${load.map((x) => x.toFixed(1)).join(" to ")}`,
    table.toString(),
    `  floor ${ms(floor.ms)} ms, at ${gigaflops.toFixed(0)} GFLOPS and ${gigabytesPerSecond.toFixed(1)} GB/s`,
  ].join("\n")
}
