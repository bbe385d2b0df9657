import { describe, expect, it } from "@effect/vitest"
import { type Row, tableOf } from "../../bench/peers/table.ts"
import { quartiles } from "../../bench/quartiles.ts"

const row = (contender: string, kind: Row["kind"], imagesPerSecond: number): Row => {
  const time = quartiles([100_000 / imagesPerSecond])
  return {
    contender,
    kind,
    iterations: 1,
    wallMs: time,
    processorMs: time,
    imagesPerSecond,
    predictMs: null,
    predictProcessorMs: null,
    peakMiB: 500,
    prepareMs: 1000,
  }
}

describe("the table of contenders", () => {
  it("has quartiles interpolated between samples", () => {
    expect(quartiles([4, 1, 3, 2])).toEqual({ lower: 1.75, median: 2.5, upper: 3.25 })
    expect(quartiles([7])).toEqual({ lower: 7, median: 7, upper: 7 })
  })

  it("lists the fastest first, and compares all with the fastest peer, which TensorFlow.js is not", () => {
    const table = tableOf({
      job: "cnn, batch 100",
      experiment: "cnn",
      batch: 100,
      load: [0, 0],
      floor: { gigaflops: 200, gigabytesPerSecond: 20, ms: 40 },
      rows: [
        row("jax", "peer", 1000),
        row("tfjs-node", "tensorflow.js", 3000),
        row("onnx", "ours", 1500),
        row("pytorch", "peer", 2000),
      ],
    })
    const cells = table
      .split("\n")
      .map((line) => line.split("│").map((cell) => cell.trim()))
      .filter((line) => /^\d+\.\d\d$/.test(line[5] ?? ""))
      .map((line) => [line[1], line[5]])
    expect(cells).toEqual([
      ["tfjs-node", "1.50"],
      ["pytorch", "1.00"],
      ["* onnx", "0.75"],
      ["jax", "0.50"],
    ])
  })
})
