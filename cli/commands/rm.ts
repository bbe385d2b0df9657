/** `pipeline rm RUN…`: removes runs, ensembles and sweeps; without --yes it only lists them and the space they use. */
import { Console, Effect, Path } from "effect"
import { Argument, Command } from "effect/cli"
import { ensembleName, locateEnsemble, removeEnsemble } from "../../storage/ensembles.ts"
import { locateSweep, removeSweep, sweepName } from "../../storage/sweeps.ts"
import { linkTargetNow, treeSizeBytes } from "../../storage/filesNow.ts"
import {
  checkIsRun,
  concurrentChecks,
  findNeededRuns,
  findProtection,
  removeRun,
  RunProtected,
} from "../../storage/removal.ts"
import { locateRuns } from "../../storage/runDirectory.ts"
import { size } from "../../format/size.ts"
import { table } from "../render/table.ts"
import { json, runsDir, yes } from "../flags.ts"

const runs = Argument.String("run").pipe(
  Argument.withDescription(
    "Runs to remove: ids, their first or last characters, globs, paths, `latest`, ensemble:NAME or sweep:NAME",
  ),
  Argument.variadic({ min: 1 }),
)

const counted = (number: number, what: string) =>
  number === 0 ? [] : [`${number} ${what}${number === 1 ? "" : "s"}`]

export const rm = Command.make(
  "rm",
  { runs, yes, runsDir, json },
  Effect.fn("rm")(function* (options) {
    const paths = yield* Path.Path
    const ensembles = [...new Set(options.runs.flatMap((run) => ensembleName(run) ?? []))]
    const folders = yield* Effect.forEach(ensembles, (name) =>
      Effect.map(locateEnsemble(options.runsDir, name), (path) => ({
        run: `ensemble:${name}`,
        path: paths.resolve(path),
      })),
    )
    const sweeps = [...new Set(options.runs.flatMap((run) => sweepName(run) ?? []))]
    const sweepFolders = yield* Effect.forEach(sweeps, (name) =>
      Effect.map(locateSweep(options.runsDir, name), (path) => ({
        run: `sweep:${name}`,
        path: paths.resolve(path),
      })),
    )
    const found = yield* locateRuns(
      options.runsDir,
      options.runs.filter((run) => ensembleName(run) === undefined && sweepName(run) === undefined),
    )
    yield* Effect.forEach(found, checkIsRun)
    // Once for each folder: sweeps and ensembles are read for it.
    const runsDirs = [...new Set(found.map((path) => paths.dirname(path)))]
    const needed = new Map(
      yield* Effect.forEach(runsDirs, (runsDir) =>
        Effect.map(
          runsDir === paths.resolve(options.runsDir)
            ? findNeededRuns(runsDir, ensembles, sweeps)
            : findNeededRuns(runsDir),
          (runs) => [runsDir, runs] as const,
        ),
      ),
    )
    const protections = yield* Effect.forEach(
      found,
      Effect.fnUntraced(function* (path) {
        return {
          run: paths.basename(path),
          protection: yield* findProtection(path, needed.get(paths.dirname(path)) ?? new Map()),
        }
      }),
      { concurrency: concurrentChecks },
    )
    const kept = protections.flatMap(({ protection, run }) =>
      protection === undefined ? [] : [{ run, ...protection }],
    )
    // All or nothing: a glob that matches a champion was a mistake.
    if (kept.length > 0) return yield* new RunProtected({ runs: kept })
    const runs = found.map((path) => ({ run: paths.basename(path), path }))
    const sized = yield* Effect.forEach([...folders, ...sweepFolders, ...runs], ({ path, run }) =>
      Effect.gen(function* () {
        const target = yield* linkTargetNow(path)
        return {
          run,
          path,
          sizeBytes: yield* treeSizeBytes(path),
          ...(target === undefined ? {} : { target }),
        }
      }),
    )
    if (options.yes) {
      yield* Effect.forEach(sweeps, (name) => removeSweep(options.runsDir, name))
      yield* Effect.forEach(folders, ({ path }) => removeEnsemble(path))
      yield* Effect.forEach(found, removeRun, { concurrency: concurrentChecks })
    }
    const sizeBytes = sized.reduce((sum, one) => sum + one.sizeBytes, 0)
    if (options.json) {
      return yield* Console.log(JSON.stringify({ removed: options.yes, runs: sized, sizeBytes }, null, 2))
    }
    yield* Console.log(
      table(
        ["run", "size"],
        sized.map(({ run, sizeBytes }) => [run, size(sizeBytes)]),
      ),
    )
    const links = sized.filter(({ target }) => target !== undefined)
    const isFolder = ({ path }: { readonly path: string }) => !links.some((link) => link.path === path)
    const counts = [
      ...counted(folders.filter(isFolder).length, "ensemble"),
      ...counted(sweepFolders.filter(isFolder).length, "sweep"),
      ...counted(runs.filter(isFolder).length, "run"),
      ...counted(links.length, "link"),
    ]
    const what = `${counts.join(" and ")}, ${size(sizeBytes)}`
    yield* Console.log(options.yes ? `removed ${what}` : `nothing was removed; add --yes to remove ${what}`)
    for (const { run, target } of links) {
      yield* Console.log(`${run} is only a link: its data stay in ${target}`)
    }
  }),
).pipe(
  Command.withDescription(
    "Remove runs, ensembles or sweeps; without --yes, only list them. Refuses runs that are in use, champions, previous champions, members of ensembles and runs that a sweep needs",
  ),
  Command.withShortDescription("Remove runs, ensembles or sweeps; without --yes, only list them"),
  Command.withExamples([
    { command: "pipeline rm '20261122T02*'", description: "List the runs of that hour and their sizes" },
    { command: "pipeline rm '*-tiny-*' --yes", description: "Remove all runs of an experiment" },
    { command: "pipeline rm ensemble:digits --yes", description: "Remove an ensemble and keep its members" },
  ]),
)
