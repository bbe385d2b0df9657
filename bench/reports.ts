/**
 * How long commands that show runs take for a user: a process from its start to its end, median and minimum of several.
 *
 *   pnpm bench:reports [--json] [--runs 1000] [--times 5] [--run PATH]
 *
 * `list` and `compare` over many runs of different experiments, and the report page of one run: a small one trained for it, or
 * the one given. Processor time is measured too: a busy machine makes only the wall time longer.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { table } from "../cli/render/table.ts"
import { writeRun } from "../test/fixtures/writeRun.ts"
import { pipeline } from "./pipeline.ts"
import { median } from "./quartiles.ts"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "1000" },
    times: { type: "string", default: "5" },
    run: { type: "string" },
  },
})
const tiny = fileURLToPath(new URL("../test/fixtures/tiny.ts", import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), "tidemark-bench-"))

const measure = (name: string, ...args: ReadonlyArray<string>) => {
  // Once without measuring: users have warm caches too.
  pipeline(...args)
  const measured = Array.from({ length: Number(options.times) }, () => pipeline(...args))
  const seconds = measured.map((each) => each.seconds)
  return {
    name,
    medianSeconds: median(seconds),
    minimumSeconds: Math.min(...seconds),
    medianProcessorSeconds: median(measured.map(({ processor }) => processor)),
  }
}

const trainedRun = () => {
  const runs = join(scratch, "trained")
  pipeline("run", tiny, "--engine", "onnx", "--runs-dir", runs, "--data-dir", join(scratch, "data"))
  return join(runs, readdirSync(runs)[0])
}

try {
  const many = join(scratch, "many")
  for (let i = 0; i < Number(options.runs); i++) {
    const validation = Array.from({ length: 20 }, (_, k) => 0.5 / (k + 1) + (i % 17) / 1000)
    const right = Array.from({ length: 1000 }, (_, k) => (k * 7919 + i * 31) % 100 > 5)
    writeRun({ runsDir: many, second: i, learningRate: 0.1 + i * 1e-5, right, validation })
  }
  const page = join(scratch, "report.html")
  const results = [
    measure("pipeline --help", "--help"),
    measure(`list, ${options.runs} runs`, "list", "--runs-dir", many),
    measure(`compare, ${options.runs} runs`, "compare", "--last", options.runs, "--runs-dir", many),
    measure("show --html, one run", "show", options.run ?? trainedRun(), "--html", page),
  ]
  const pageBytes = statSync(page).size
  if (options.json) {
    console.log(JSON.stringify({ cpu: cpus()[0]?.model, results, pageBytes }, null, 2))
  } else {
    const two = (seconds: number) => seconds.toFixed(2)
    const rows = results.map(({ medianProcessorSeconds, medianSeconds, minimumSeconds, name }) => [
      name,
      two(medianSeconds),
      two(minimumSeconds),
      two(medianProcessorSeconds),
    ])
    console.log(table(["seconds", "median", "minimum", "processor"], rows))
    console.log(`\nsize of the page: ${pageBytes.toLocaleString("en")} bytes`)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
