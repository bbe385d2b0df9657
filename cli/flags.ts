/** Flags that several commands take. */
import { Flag } from "effect/cli"
import { Option } from "effect"
import { engineNames } from "../schemas/EngineInfo.ts"

/** A flag whose value is a whole number, of at least `least` where one is given. */
export const wholeNumber = (name: string, least = Number.MIN_SAFE_INTEGER) =>
  Flag.String(name).pipe(
    Flag.filterMap(
      (text) => {
        const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
        return Number.isSafeInteger(value) && value >= least ? Option.some(value) : Option.none()
      },
      () => `a whole number${least === Number.MIN_SAFE_INTEGER ? "" : ` of at least ${least}`}`,
    ),
    Flag.withMetavar("N"),
  )

export const runsDir = Flag.String("runs-dir").pipe(
  Flag.withDescription("Folder of the run directories"),
  Flag.withMetavar("DIR"),
  Flag.withDefault("runs"),
)

export const dataDir = Flag.String("data-dir").pipe(
  Flag.withDescription("Folder of the dataset cache, shared by all runs"),
  Flag.withMetavar("DIR"),
  Flag.withDefault("data"),
)

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print the result as JSON on standard output"),
  Flag.withDefault(false),
)

export const iterations = wholeNumber("iterations", 1).pipe(
  Flag.withDescription("Train for this many iterations instead of the experiment's budget"),
  Flag.optional,
)

export const seed = wholeNumber("seed").pipe(
  Flag.withDescription("Seed instead of the experiment's"),
  Flag.optional,
)

export const engine = Flag.Literals("engine", engineNames).pipe(
  Flag.withDescription("What runs the arithmetic; auto takes the fastest that is usable"),
  Flag.withDefault("auto"),
)

export const threads = wholeNumber("threads", 1).pipe(
  Flag.withDescription("Threads of the engine; without it, one a processor core"),
  Flag.optional,
)

export const experimentName = Flag.String("experiment").pipe(
  Flag.withDescription("Only runs of the experiment of this name"),
  Flag.withMetavar("NAME"),
  Flag.optional,
)

export const yes = Flag.Boolean("yes").pipe(
  Flag.withDescription("Do it; without this, only say what would be done"),
  Flag.withDefault(false),
)
