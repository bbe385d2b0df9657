/** Flags of several commands. */
import { type Command, Flag } from "effect/cli"
import { Option } from "effect"
import { devices, type EngineName, engineNames, flagsOf, mostThreads } from "../schemas/EngineInfo.ts"

/** The whole numbers that a flag accepts, in words. */
const rangeOf = (least: number, most: number) => {
  if (most < Number.MAX_SAFE_INTEGER) return ` from ${least} to ${most}`
  return least === Number.MIN_SAFE_INTEGER ? "" : ` of at least ${least}`
}

/** A flag with a whole number from `least` to `most`. */
export const wholeNumber = (name: string, least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER) =>
  Flag.String(name).pipe(
    Flag.filterMap(
      (text) => {
        const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
        return Number.isSafeInteger(value) && value >= least && value <= most
          ? Option.some(value)
          : Option.none()
      },
      () => `a whole number${rangeOf(least, most)}`,
    ),
    Flag.withMetavar("N"),
  )

export const runsDir = Flag.String("runs-dir").pipe(
  Flag.withDescription("Read and write run directories in this folder (default: runs)"),
  Flag.withMetavar("DIR"),
  Flag.withDefault("runs"),
)

export const dataDir = Flag.String("data-dir").pipe(
  Flag.withDescription("Cache datasets of all runs in this folder (default: data)"),
  Flag.withMetavar("DIR"),
  Flag.withDefault("data"),
)

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print the result as JSON on standard output"),
  Flag.withDefault(false),
)

export const iterations = wholeNumber("iterations", 1).pipe(
  Flag.withDescription("Train for N iterations instead of the experiment's budget"),
  Flag.optional,
)

export const seed = wholeNumber("seed").pipe(
  Flag.withDescription("Use seed N instead of the experiment's seed"),
  Flag.optional,
)

export const engine = Flag.Literals("engine", engineNames).pipe(
  Flag.withDescription("Compute with this engine; the default, auto, measures which available one is faster"),
  Flag.withDefault("auto"),
  Flag.map((name): EngineName => name),
)

export const device = Flag.Literals("device", devices).pipe(
  Flag.withDescription(
    "Compute on the processor (cpu), on a GPU (gpu), or train where it is faster (auto); default: cpu",
  ),
  Flag.optional,
)

export const threads = wholeNumber("threads", 1, mostThreads).pipe(
  Flag.withDescription("Use N threads (default: one for each processor core)"),
  Flag.optional,
)

export const experimentName = Flag.String("experiment").pipe(
  Flag.withDescription("Select only runs of the experiment with this name"),
  Flag.withMetavar("NAME"),
  Flag.optional,
)

export const yes = Flag.Boolean("yes").pipe(
  Flag.withDescription("Remove them; without --yes, only list them"),
  Flag.withDefault(false),
)

const selecting = { dataDir, device, engine, iterations, runsDir, threads }

/** The flags that select runs and how they are trained, as words of a command line, unless they have their default values. */
export const givenFlags = (options: Command.Command.Config.Infer<typeof selecting>): ReadonlyArray<string> =>
  Object.entries({
    "runs-dir": options.runsDir === "runs" ? undefined : options.runsDir,
    "data-dir": options.dataDir === "data" ? undefined : options.dataDir,
    iterations: Option.getOrUndefined(options.iterations),
    engine: flagsOf(options.engine).engine,
    device: flagsOf(options.engine).device ?? Option.getOrUndefined(options.device),
    threads: Option.getOrUndefined(options.threads),
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))
