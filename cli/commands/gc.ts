/** `pipeline gc --keep N`: removes old runs, leftovers of crashes and cached data that no run uses. */
import { basename } from "node:path"
import { Console, Effect, Option, Path } from "effect"
import { Command, Flag } from "effect/cli"
import { remove } from "../../storage/files.ts"
import { linkTargetNow, treeSizeBytes } from "../../storage/filesNow.ts"
import {
  concurrentChecks,
  findLeftovers,
  findNeededRuns,
  findProtection,
  removeRun,
} from "../../storage/removal.ts"
import { isRunName } from "../../storage/runNames.ts"
import { listHeaders, type RunHeader } from "../../storage/runHeader.ts"
import { size } from "../../format/size.ts"
import { table } from "../render/table.ts"
import { dataDir, experimentName, json, runsDir, wholeNumber, yes } from "../flags.ts"

const keep = wholeNumber("keep", 0).pipe(
  Flag.withDescription(
    "Keep the newest N finished runs of each experiment, and remove all runs older than those (default: keep all)",
  ),
  Flag.optional,
)

/**
 * The runs of each experiment that are older than its newest `keep` finished runs. An unfinished run takes no place of a
 * finished one.
 */
const olderRuns = (runs: ReadonlyArray<RunHeader>, keep: number): ReadonlyArray<RunHeader> => {
  const finished = new Map<string, number>()
  return runs.toReversed().filter(({ name, status }) => {
    const newer = finished.get(name) ?? 0
    if (status === "finished") finished.set(name, newer + 1)
    return newer >= keep
  })
}

const withSize = (path: string) =>
  Effect.gen(function* () {
    const target = yield* linkTargetNow(path)
    const sizeBytes = yield* treeSizeBytes(path).pipe(Effect.orElseSucceed(() => 0))
    return { path, sizeBytes, ...(target === undefined ? {} : { target }) }
  })

const findGarbage = Effect.fnUntraced(function* (options: {
  readonly runsDir: string
  readonly dataDir: string
  readonly keep: Option.Option<number>
  readonly experiment: Option.Option<string>
}) {
  const paths = yield* Path.Path
  const { findUnreferenced } = yield* Effect.promise(() => import("../../stages/fetch/cacheReferences.ts"))
  const { damaged, runs } = yield* listHeaders(options.runsDir)
  const needed = yield* findNeededRuns(options.runsDir)
  const selected = runs.filter(({ name }) => Option.getOrElse(options.experiment, () => name) === name)
  const old = Option.isNone(options.keep) ? [] : olderRuns(selected, options.keep.value)
  const kept: Array<{ readonly run: string; readonly reason: string }> = []
  const removed: Array<string> = []
  const protections = yield* Effect.forEach(old, ({ path }) => findProtection(path, needed), {
    concurrency: concurrentChecks,
  })
  for (const [i, { id, path }] of old.entries()) {
    const protection = protections[i]
    if (protection === undefined) removed.push(path)
    else kept.push({ run: id, reason: protection.reason })
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
    leftovers: yield* Effect.forEach(yield* findLeftovers(options.runsDir), withSize),
    cache: yield* Effect.forEach(yield* findUnreferenced(options.dataDir, staying), withSize),
  }
})

/** The paths of all runs, of every format. */
const runPaths = (runsDir: string) =>
  Effect.map(listHeaders(runsDir), ({ damaged, runs }) => [...runs, ...damaged].map(({ path }) => path))

type Garbage = Effect.Success<ReturnType<typeof findGarbage>>

type Sized = Garbage["runs"]
const total = (sized: Sized) => sized.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)

const counted = (found: Sized, what: string) => `${found.length} ${what}${found.length === 1 ? "" : "s"}`

const section = (title: string, sized: Sized) => {
  if (sized.length === 0) return []
  const nameOf = (path: string) => (isRunName(basename(path)) ? basename(path) : path)
  const rows = sized.map(({ path, sizeBytes }) => [nameOf(path), size(sizeBytes)])
  const links = sized.flatMap(({ path, target }) =>
    target === undefined ? [] : [`${nameOf(path)} is only a link: its data stay in ${target}`],
  )
  const lines = table(["", ""], rows).split("\n").slice(1)
  return [`${title}, ${size(total(sized))}:`, ...[...lines, ...links].map((line) => `  ${line}`)]
}

const render = ({ cache, kept, leftovers, runs }: Garbage, isRemoved: boolean, runsDir: string) => {
  const verb = isRemoved ? "removed" : "would remove"
  const lines = [
    ...section(`${verb} ${counted(runs, "old run")}`, runs),
    ...(kept.length === 0 ? [] : ["kept:", ...kept.map(({ reason, run }) => `  ${run}: ${reason}`)]),
    ...section(`${verb} ${counted(leftovers, "leftover")} of crashed processes`, leftovers),
    ...section(`${verb} ${counted(cache, "cached file")} that no run in ${runsDir} uses`, cache),
  ]
  const everything = [...runs, ...leftovers, ...cache]
  if (everything.length === 0) return [...lines, "nothing to remove"]
  return isRemoved ? lines : [...lines, `nothing was removed; add --yes to remove ${size(total(everything))}`]
}

export const gc = Command.make(
  "gc",
  { keep, experiment: experimentName, yes, runsDir, dataDir, json },
  Effect.fn("gc")(function* (options) {
    const found = yield* findGarbage(options)
    if (options.yes) {
      yield* Effect.forEach(found.runs, ({ path }) => removeRun(path), { concurrency: concurrentChecks })
      yield* Effect.forEach(found.leftovers, ({ path }) => remove(path))
      const { removeUnneeded } = yield* Effect.promise(() => import("../../stages/fetch/cacheReferences.ts"))
      yield* removeUnneeded(
        found.cache.map(({ path }) => path),
        runPaths(options.runsDir),
      )
    }
    yield* Console.log(
      options.json
        ? JSON.stringify({ removed: options.yes, ...found }, null, 2)
        : render(found, options.yes, options.runsDir).join("\n"),
    )
  }),
).pipe(
  Command.withDescription(
    "Remove old runs, leftovers of crashes and cached data that no run uses; without --yes, only list them",
  ),
  Command.withExamples([
    { command: "pipeline gc", description: "List the leftovers of crashes and of removed runs" },
    {
      command: "pipeline gc --keep 5 --yes",
      description: "Keep the newest five finished runs of each experiment",
    },
  ]),
)
