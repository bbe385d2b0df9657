/** Why `auto` took an engine, for people: (choice) -> "onnx: about 16 s (9.8 ms per iteration), tensorflow: about 18 s (…)". */
import { type EngineChoice, type EngineTiming, estimateMs, type Workload } from "../schemas/EngineChoice.ts"
import { duration } from "./duration.ts"
import { count, measure } from "./numbers.ts"

const bases = {
  measured: "measured at the beginning of the run",
  cached: "measured earlier on this machine",
} as const

const describe = (timing: EngineTiming, workload: Workload) =>
  `about ${duration(estimateMs(timing, workload) / 1000)} (${measure(timing.iterationMs)} ms per iteration)`

export const describeChoice = ({ basis, engine, timings, workload }: EngineChoice): string => {
  if (basis === "short") {
    return `${engine}, because ${count(workload.iterations)} iterations are too few for a measurement`
  }
  if (basis === "members") return `${engine}, which other members of the ensemble have`
  if (basis === "failed" || timings === undefined) {
    return `${engine}, because the other engine could not be measured on this network`
  }
  const other = engine === "onnx" ? "tensorflow" : "onnx"
  return `${engine}: ${describe(timings[engine], workload)}, ${other}: ${describe(timings[other], workload)}; ${bases[basis]}`
}
