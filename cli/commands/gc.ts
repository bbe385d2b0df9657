/** `pipeline gc --keep N`: removes old runs, what crashes left, and cached data that no run refers to. */
import { Console, Effect, Option, Path } from "effect"
import { Command, Flag } from "effect/cli"
import { remove } from "../../storage/files.ts"
import { treeSizeBytes } from "../../storage/filesNow.ts"
import { leftovers, looksAtOnce, neededRuns, protection, removeRun } from "../../storage/removal.ts"
import { isRunName } from "../../storage/runDirectory.ts"
import { listHeaders, type RunHeader } from "../../storage/runHeader.ts"
import { size } from "../../format/size.ts"
import { table } from "../render/table.ts"
import { dataDir, experimentName, json, runsDir, wholeNumber, yes } from "../flags.ts"

const keep = wholeNumber("keep", 0).pipe(
  Flag.withDescription(
    "Remove all but the newest N runs of each experiment; without it no finished folder of a run is removed",
  ),
  Flag.optional,
)

/** Runs beyond the newest `keep` of their experiment. */
const beyond = (runs: ReadonlyArray<RunHeader>, keep: number): ReadonlyArray<RunHeader> => {
  const seen = new Map<string, number>()
  return runs.toReversed().filter(({ name }) => {
    const newer = seen.get(name) ?? 0
    seen.set(name, newer + 1)
    return newer >= keep
  })
}

const withSize = (path: string) =>
  Effect.map(treeSizeBytes(path).pipe(Effect.orElseSucceed(() => 0)), (sizeBytes) => ({ path, sizeBytes }))

const plan = Effect.fnUntraced(function* (options: {
  readonly runsDir: string
  readonly dataDir: string
  readonly keep: Option.Option<number>
  readonly experiment: Option.Option<string>
}) {
  const paths = yield* Path.Path
  const { unreferenced } = yield* Effect.promise(() => import("../../stages/fetch/cacheReferences.ts"))
  const { damaged, runs } = yield* listHeaders(options.runsDir)
  const champions = yield* neededRuns(options.runsDir)
  const chosen = runs.filter(({ name }) => Option.getOrElse(options.experiment, () => name) === name)
  const old = Option.isNone(options.keep) ? [] : beyond(chosen, options.keep.value)
  const kept: Array<{ readonly run: string; readonly reason: string }> = []
  const removed: Array<string> = []
  const reasons = yield* Effect.forEach(old, ({ path }) => protection(path, champions), {
    concurrency: looksAtOnce,
  })
  for (const [i, { id, path }] of old.entries()) {
    const reason = reasons[i]
    if (reason === undefined) removed.push(path)
    else kept.push({ run: id, reason })
  }
  const gone = new Set(removed)
  const staying = [...runs, ...damaged].map(({ path }) => path).filter((path) => !gone.has(path))
  return {
    runs: yield* Effect.forEach(removed, withSize),
    kept: [
      ...kept,
      ...(Option.isNone(options.keep)
        ? []
        : damaged.map(({ path, problem }) => ({ run: paths.basename(path), reason: problem }))),
    ],
    leftovers: yield* Effect.forEach(yield* leftovers(options.runsDir), withSize),
    cache: yield* Effect.forEach(yield* unreferenced(options.dataDir, staying), withSize),
  }
})

/** Every run there is now, whatever its format. */
const runPaths = (runsDir: string) =>
  Effect.map(listHeaders(runsDir), ({ damaged, runs }) => [...runs, ...damaged].map(({ path }) => path))

type Sized = ReadonlyArray<{ readonly path: string; readonly sizeBytes: number }>
const total = (sized: Sized) => sized.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)

export const gc = Command.make(
  "gc",
  { keep, experiment: experimentName, yes, runsDir, dataDir, json },
  Effect.fn("gc")(function* (options) {
    const paths = yield* Path.Path
    const found = yield* plan(options)
    if (options.yes) {
      yield* Effect.forEach(found.runs, ({ path }) => removeRun(path), { concurrency: looksAtOnce })
      yield* Effect.forEach(found.leftovers, ({ path }) => remove(path))
      const { removeUnneeded } = yield* Effect.promise(() => import("../../stages/fetch/cacheReferences.ts"))
      yield* removeUnneeded(
        found.cache.map(({ path }) => path),
        runPaths(options.runsDir),
      )
    }
    if (options.json) {
      return yield* Console.log(JSON.stringify({ removed: options.yes, ...found }, null, 2))
    }
    const verb = options.yes ? "removed" : "would remove"
    const section = (what: string, sized: Sized) =>
      sized.length === 0
        ? []
        : [
            `${verb} ${what}, ${size(total(sized))}:`,
            table(
              ["", ""],
              sized.map(({ path, sizeBytes }) => [
                isRunName(paths.basename(path)) ? paths.basename(path) : path,
                size(sizeBytes),
              ]),
            )
              .split("\n")
              .slice(1)
              .map((line) => `  ${line}`)
              .join("\n"),
          ]
    const lines = [
      ...section(`${found.runs.length} old runs`, found.runs),
      ...(found.kept.length === 0
        ? []
        : ["kept all the same:", ...found.kept.map(({ reason, run }) => `  ${run}: ${reason}`)]),
      ...section(`${found.leftovers.length} unfinished folders of processes that are gone`, found.leftovers),
      ...section(
        `${found.cache.length} cached files that no run in ${options.runsDir} refers to`,
        found.cache,
      ),
    ]
    const everything = [...found.runs, ...found.leftovers, ...found.cache]
    if (everything.length === 0) lines.push("nothing to remove")
    else if (!options.yes)
      lines.push(`nothing has been removed; ${size(total(everything))} would be, with --yes`)
    yield* Console.log(lines.join("\n"))
  }),
).pipe(
  Command.withDescription(
    "Remove old runs, what crashes left, and cached data no run refers to: a dry run unless --yes is given",
  ),
  Command.withExamples([
    { command: "pipeline gc", description: "What crashes and removed runs left behind" },
    { command: "pipeline gc --keep 5 --yes", description: "Keep the newest five runs of each experiment" },
  ]),
)
