/**
 * rm and gc: what they remove, and above all what they must never remove.
 */
import { type ChildProcess, spawn } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { hostname, tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, type FileSystem, type Path, Result } from "effect"
import { findUnreferenced } from "../../stages/fetch/cacheReferences.ts"
import { findLeftovers, findNeededRuns, findProtection, removeRun } from "../../storage/removal.ts"
import { runCommand } from "../fixtures/command.ts"
import { powerCut } from "../fixtures/powerCut.ts"
import { type WrittenRun, writeRun } from "../fixtures/writeRun.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-removal-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let second = 0
const write = (runsDir: string, run: Omit<WrittenRun, "runsDir" | "second"> = {}) =>
  writeRun({ ...run, runsDir: join(scratch, runsDir), second: second++ })

const go = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))

/** A process that has locked the run. */
const hold = (run: string) =>
  new Promise<ChildProcess>((resolve, reject) => {
    const child = spawn(process.execPath, [
      fileURLToPath(new URL("../fixtures/holdAttempt.ts", import.meta.url)),
      run,
    ])
    child.stdout.once("data", (data) =>
      String(data).startsWith("held") ? resolve(child) : reject(new Error(String(data))),
    )
  })

describe("rm", () => {
  it("without --yes only lists the runs that a glob matches, and the bytes they use", async () => {
    const runs = [write("rm", { name: "a" }), write("rm", { name: "a" }), write("rm", { name: "b" })]
    const runsDir = join(scratch, "rm")
    const dry = await runCommand("rm", "*-a-*", "--runs-dir", runsDir)
    assert.strictEqual(dry.code, 0, dry.stderr)
    assert.match(dry.stdout, /nothing was removed; add --yes to remove 2 runs, [\d.]+ kB/)
    assert.strictEqual(readdirSync(runsDir).length, 3)
    const real = await runCommand("rm", "*-a-*", "--yes", "--runs-dir", runsDir)
    assert.match(real.stdout, /removed 2 runs/)
    assert.deepStrictEqual(readdirSync(runsDir), [basename(runs[2])])
  })

  it("removes nothing if one of the runs is a champion or not a run directory", async () => {
    const champion = write("champion")
    const other = write("champion")
    const runsDir = join(scratch, "champion")
    mkdirSync(join(runsDir, "champions"))
    writeFileSync(join(runsDir, "champions", "small"), `${basename(champion)}\n`)
    writeFileSync(join(runsDir, "champions", "history.ndjson"), `{"run":"${basename(other)}"}\n`)
    const refused = await runCommand("rm", "2026*", "--yes", "--runs-dir", runsDir)
    assert.strictEqual(refused.code, 75)
    assert.include(
      refused.stderr,
      `nothing was removed: ${basename(champion)} (a champion); omit it, or \`promote\` another run first`,
    )
    assert.isTrue(existsSync(champion) && existsSync(other))
    assert.deepStrictEqual([...(await go(findNeededRuns(runsDir))).keys()], [basename(champion)])
    // The history is written before the pointer: after a crash between them it knows the champion.
    const event = {
      kind: "promoted",
      at: "2026-01-01",
      experiment: "small",
      run: basename(other),
      before: null,
      reason: null,
    }
    writeFileSync(join(runsDir, "champions", "history.ndjson"), `${JSON.stringify(event)}\n`)
    assert.isTrue((await go(findNeededRuns(runsDir))).has(basename(other)))
    const folder = await runCommand("rm", join(runsDir, "champions"), "--yes", "--runs-dir", runsDir)
    assert.strictEqual(folder.code, 65)
    assert.include(folder.stderr, "is not a run directory")
  })

  it("keeps a run that is in use or starting, and removes a killed or damaged one", async () => {
    const run = write("live")
    const holder = await hold(run)
    const busy = await go(findProtection(run, new Map()))
    assert.match(busy?.reason ?? "", new RegExp(`^process ${holder.pid} on .* is working on it$`))
    // Locked between the check and the rename: it gets its name back.
    const raced = await go(Effect.result(removeRun(run)))
    assert.isTrue(Result.isFailure(raced))
    assert.deepStrictEqual(readdirSync(join(scratch, "live")), [basename(run)])
    const ended = new Promise((resolve) => holder.once("close", resolve))
    holder.kill("SIGKILL")
    await ended
    assert.isUndefined(await go(findProtection(run, new Map())))

    const made = write("live")
    rmSync(join(made, "attempts", "0001.json"))
    assert.strictEqual((await go(findProtection(made, new Map())))?.reason, "it is starting")
    utimesSync(join(made, "run.json"), 1, 1)
    assert.isUndefined(await go(findProtection(made, new Map())))
    writeFileSync(join(made, "run.json"), "{")
    utimesSync(join(made, "run.json"), 1, 1)
    await go(removeRun(made))
    assert.isFalse(existsSync(made))
  })

  it("leaves a run whole or not at all under its name if the power fails at any operation", async () => {
    let cuts = 0
    for (let at = 0; ; at++) {
      const runsDir = `cut-${at}`
      const run = write(runsDir)
      const before = readdirSync(run, { recursive: true }).sort()
      const cut = powerCut(at, "kept")
      await removeRun(run).pipe(
        Effect.provide(cut.layer),
        Effect.provide(NodeServices.layer),
        Effect.exit,
        Effect.runPromise,
      )
      if (cut.done.length < at) break
      cuts++
      if (existsSync(run)) assert.deepStrictEqual(readdirSync(run, { recursive: true }).sort(), before)
      assert.isAtMost(readdirSync(join(scratch, runsDir)).length, 1)
    }
    assert.isAtLeast(cuts, 2)
  })
})

describe("gc", () => {
  it("removes temporary files of crashes in runs and in shared folders, not those of now", async () => {
    const run = write("temporary")
    const runsDir = join(scratch, "temporary")
    mkdirSync(join(runsDir, "ensembles", "digits"), { recursive: true })
    const folders = [runsDir, run, join(run, "stages"), join(runsDir, "ensembles", "digits")]
    const old = folders.map((folder) => join(folder, ".report.json.4194301-7.tmp"))
    const fresh = folders.map((folder) => join(folder, ".report.json.4194301-8.tmp"))
    for (const path of [...old, ...fresh]) writeFileSync(path, "half")
    for (const path of old) utimesSync(path, 1, 1)
    const gc = await runCommand("gc", "--yes", "--runs-dir", runsDir, "--data-dir", join(scratch, "no-data"))
    assert.include(gc.stdout, "removed 4 leftovers of crashed processes")
    assert.deepStrictEqual(
      [...old, ...fresh].map((path) => existsSync(path)),
      [...old.map(() => false), ...fresh.map(() => true)],
    )
  })

  it("keeps the newest runs of each experiment, champions and unreadable runs", async () => {
    const a = [1, 2, 3, 4].map(() => write("gc", { name: "a" }))
    const b = write("gc", { name: "b" })
    const damaged = write("gc", { name: "a" })
    writeFileSync(join(damaged, "run.json"), "{")
    const runsDir = join(scratch, "gc")
    const dataDir = join(scratch, "no-data")
    mkdirSync(join(runsDir, "champions"))
    writeFileSync(join(runsDir, "champions", "a"), basename(a[0]))
    const gc = (...more: ReadonlyArray<string>) =>
      runCommand("gc", "--runs-dir", runsDir, "--data-dir", dataDir, ...more)
    assert.include((await gc()).stdout, "nothing to remove")
    const dry = JSON.parse((await gc("--keep", "1", "--json")).stdout)
    assert.isFalse(dry.removed)
    assert.deepStrictEqual(
      dry.runs.map(({ path }: { path: string }) => basename(path)),
      [a[2], a[1]].map((path) => basename(path)),
    )
    assert.isAbove(dry.runs[0].sizeBytes, 1000)
    const real = await gc("--keep", "1", "--experiment", "a", "--yes")
    assert.strictEqual(real.code, 0, real.stderr)
    assert.include(real.stdout, `${basename(a[0])}: a champion`)
    assert.deepStrictEqual(
      readdirSync(runsDir).sort(),
      [a[0], a[3], b, damaged]
        .map((path) => basename(path))
        .concat("champions")
        .sort(),
    )
  })

  it("counts finished runs only: failed ones take no place, and go if they are older", async () => {
    const ids = (["finished", "failed", "finished", "interrupted"] as const).map((status) =>
      basename(write("counted", { status })),
    )
    const dry = await runCommand("gc", "--keep", "1", "--json", "--runs-dir", join(scratch, "counted"))
    assert.deepStrictEqual(
      JSON.parse(dry.stdout).runs.map(({ path }: { path: string }) => basename(path)),
      [ids[1], ids[0]],
    )
  })

  it("lists only the runs that a dead process was creating or removing", async () => {
    const runsDir = join(scratch, "left")
    const id = "20260101T000000Z-small-00000000"
    const dead = [`.${id}@${hostname()}.4194301-7.tmp`, `.${id}.4194301-7.tmp`, `.${id}@elsewhere.1-8.tmp`]
    const living = [`.${id}@${hostname()}.${process.pid}-7.tmp`, `.${id}@elsewhere.1-7.tmp`, ".git", id]
    for (const name of [...dead, ...living]) mkdirSync(join(runsDir, name), { recursive: true })
    utimesSync(join(runsDir, dead[2]), 1, 1)
    assert.deepStrictEqual(
      (await go(findLeftovers(runsDir))).sort(),
      dead.map((name) => join(runsDir, name)).sort(),
    )
  })
})

describe("the dataset cache", () => {
  const sha256 = "a".repeat(64)
  const cacheFile = (path: string) => {
    mkdirSync(join(path, ".."), { recursive: true })
    writeFileSync(path, "data")
    writeFileSync(`${path}.json`, JSON.stringify({ sha256, sizeBytes: 4, modifiedMs: 1, source: "test" }))
  }
  const fetched = (run: string, dataDir: string, names: ReadonlyArray<string>) => {
    const file = (name: string) => ({ path: join(dataDir, name), sizeBytes: 4, sha256, source: "test" })
    writeFileSync(
      join(run, "stages", "fetch.json"),
      JSON.stringify({
        result: {
          name: "mnist",
          classes: 10,
          imageShape: [28, 28, 1],
          layout: { transposed: false, firstLabel: 0, labelColumns: 1 },
          files: {
            trainImages: file(names[0]),
            trainLabels: file(names[1]),
            testImages: file(names[2]),
            testLabels: file(names[3]),
          },
        },
      }),
    )
  }
  const names = ["mnist/a", "mnist/b", "mnist/c", "mnist/d"]

  it("keeps the files that a run fetched, wherever the cache is mounted, and lists the other files that it wrote", async () => {
    const dataDir = join(scratch, "data")
    for (const name of [...names, "mnist/old", `own/${sha256}.idx`]) cacheFile(join(dataDir, name))
    writeFileSync(join(dataDir, "mnist", "by-hand.gz"), "mine")
    writeFileSync(join(dataDir, "own", "x.origin.json"), JSON.stringify({ origin: "/x", sha256 }))
    mkdirSync(join(dataDir, "notes"))
    writeFileSync(join(dataDir, "notes", "todo.json"), "[]")
    const run = write("cache")
    fetched(run, "/mounted/elsewhere", names)
    assert.deepStrictEqual(
      [...(await go(findUnreferenced(dataDir, [run])))].sort(),
      ["mnist/old", "mnist/old.json", "own/x.origin.json", `own/${sha256}.idx`, `own/${sha256}.idx.json`]
        .map((name) => join(dataDir, name))
        .sort(),
    )
  })

  it("keeps the whole dataset of a run that has not fetched yet, and everything for an unreadable run", async () => {
    const dataDir = join(scratch, "data2")
    for (const name of ["mnist/a", "kmnist/a"]) cacheFile(join(dataDir, name))
    const waiting = write("cache2")
    assert.deepStrictEqual(
      await go(findUnreferenced(dataDir, [waiting])),
      ["kmnist/a", "kmnist/a.json"].map((name) => join(dataDir, name)),
    )
    const damaged = write("cache2")
    writeFileSync(join(damaged, "run.json"), readFileSync(join(damaged, "run.json"), "utf8").slice(0, 50))
    assert.deepStrictEqual(await go(findUnreferenced(dataDir, [waiting, damaged])), [])
  })
})
