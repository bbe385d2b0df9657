/** The flags of `pipeline run`. */
import { Option } from "effect"
import { Argument, type Command, Flag } from "effect/cli"
import {
  dataDir,
  device,
  engine,
  iterations,
  json,
  runsDir,
  seed,
  threads,
  wholeNumber,
} from "../../flags.ts"
import { queueFlag, storeFlag } from "../../queueFlag.ts"

const file = Argument.String("file").pipe(
  Argument.withDescription("TypeScript file whose default export is experiment({ … }) or ensemble({ … })"),
)

const from = Flag.String("from").pipe(
  Flag.withDescription("Start from the newest checkpoint of this run: fork it with a changed experiment"),
  Flag.withMetavar("RUN"),
  Flag.optional,
)

const member = wholeNumber("member", 1).pipe(
  Flag.withDescription("Train only member N of an ensemble; the first is 1"),
  Flag.optional,
)

const jobs = wholeNumber("jobs", 1).pipe(
  Flag.withDescription(
    "Train N members of an ensemble in parallel: each in a process with its share of the cores (default: 1)",
  ),
  Flag.optional,
)

export const flags = {
  file,
  from,
  engine,
  device,
  runsDir,
  dataDir,
  iterations,
  seed,
  threads,
  member,
  jobs,
  queue: queueFlag,
  store: storeFlag,
  json,
}
export type Options = Command.Command.Config.Infer<typeof flags>

/** The overrides of the command line. */
export const overridesOf = ({ iterations, seed }: Pick<Options, "iterations" | "seed">) => ({
  ...(Option.isSome(iterations) ? { iterations: iterations.value } : {}),
  ...(Option.isSome(seed) ? { seed: seed.value } : {}),
})
