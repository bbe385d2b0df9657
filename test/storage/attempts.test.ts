import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Path, Schema } from "effect"
import { Attempt } from "../../schemas/Run.ts"
import { beginAttempt, readAttempts, statusOf } from "../../storage/attempts.ts"
import { currentProcess, processState } from "../../storage/processIdentity.ts"
import { engineInfo } from "../fixtures/engineInfo.ts"

const described = { engine: engineInfo, node: "24", tidemark: "test", gitCommit: null, iterations: null }
const holder = fileURLToPath(new URL("../fixtures/holdAttempt.ts", import.meta.url))

const status = (folder: string) =>
  Effect.flatMap(readAttempts(folder), (attempts) => statusOf(folder, attempts))

/** As a container does: a namespace of process ids of its own. What makes one needs rights that not every user has. */
const contained = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
const canContain = spawnSync(contained[0], [...contained.slice(1), "true"]).status === 0

/** A real process that takes the run, and the first line it says. */
const spawnHolder = (run: string, within: ReadonlyArray<string> = []) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const [command, ...args] = [...within, process.execPath, holder, run]
      return spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] })
    }),
    (child) => Effect.promise(() => killed(child)),
  ).pipe(
    Effect.flatMap((child) =>
      Effect.promise(async () => {
        const [line] = await once(createInterface({ input: child.stdout }), "line")
        return { child, line: String(line) }
      }),
    ),
  )

const killed = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, "exit")
  child.kill("SIGKILL")
  await exited
}

const inRun = <A, E>(
  body: (
    run: string,
    folder: string,
  ) => Effect.Effect<A, E, NodeServices.NodeServices | import("effect").Scope.Scope>,
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const run = yield* fs.makeTempDirectoryScoped()
    return yield* body(run, paths.join(run, "attempts"))
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("attempts", () => {
  it.live("a live process holds its run: another one is told who, and the status is running", () =>
    inRun((run, folder) =>
      Effect.gen(function* () {
        const { child, line } = yield* spawnHolder(run)
        assert.strictEqual(line, "held 1")
        const error = yield* beginAttempt(run, folder, described).pipe(Effect.flip)
        assert.strictEqual(error._tag, "RunLocked")
        assert.include(error.message, `process ${child.pid}`)
        assert.strictEqual(yield* status(folder), "running")
      }),
    ),
  )

  it.live("a killed process counts as interrupted at once, and its run is taken over", () =>
    inRun((run, folder) =>
      Effect.gen(function* () {
        const { child } = yield* spawnHolder(run)
        yield* Effect.promise(() => killed(child))
        assert.strictEqual(yield* status(folder), "interrupted")
        const attempt = yield* beginAttempt(run, folder, described)
        assert.strictEqual(attempt.number, 2)
        yield* attempt.end({ status: "finished", reason: null })
        assert.strictEqual(yield* status(folder), "finished")
      }),
    ),
  )

  it.live("of five processes that find a run abandoned exactly one gets it", () =>
    inRun((run) =>
      Effect.gen(function* () {
        const first = yield* spawnHolder(run)
        yield* Effect.promise(() => killed(first.child))
        const contenders = yield* Effect.all(
          Array.from({ length: 5 }, () => spawnHolder(run)),
          { concurrency: "unbounded" },
        )
        const lines = contenders.map(({ line }) => line).sort()
        assert.deepStrictEqual(lines, [...Array.from({ length: 4 }, () => "RunLocked"), "held 2"])
      }),
    ),
  )

  it.live("a process id that was reused, or a boot before this one, holds nothing", () =>
    inRun((run, folder) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const paths = yield* Path.Path
        const attempt = yield* beginAttempt(run, folder, described)
        const [own] = yield* readAttempts(folder)
        for (const process of [
          { ...own.process, started: "1" },
          { ...own.process, bootId: "an earlier boot" },
        ]) {
          const forged = Schema.encodeSync(Attempt)({ ...own, number: attempt.number, process })
          yield* fs.writeFileString(paths.join(folder, "0001.json"), JSON.stringify(forged))
          assert.strictEqual(yield* status(folder), "interrupted")
        }
        assert.strictEqual((yield* beginAttempt(run, folder, described)).number, 2)
      }),
    ),
  )

  it.live("an attempt on another machine holds its run while it is heard of, and not a minute later", () =>
    inRun((run, folder) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const paths = yield* Path.Path
        yield* beginAttempt(run, folder, described)
        const [own] = yield* readAttempts(folder)
        const elsewhere = { ...own, process: { ...own.process, bootId: "other", host: "elsewhere" } }
        const file = paths.join(folder, "0001.json")
        yield* fs.writeFileString(file, JSON.stringify(Schema.encodeSync(Attempt)(elsewhere)))
        assert.strictEqual((yield* beginAttempt(run, folder, described).pipe(Effect.flip))._tag, "RunLocked")
        const longAgo = Date.now() / 1000 - 120
        yield* fs.utimes(file, longAgo, longAgo)
        assert.strictEqual((yield* beginAttempt(run, folder, described)).number, 2)
      }),
    ),
  )

  it.live.skipIf(!canContain)(
    "an attempt in another container holds its run while it is heard of (skipped where none can be made)",
    () =>
      inRun((run, folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const paths = yield* Path.Path
          const { child, line } = yield* spawnHolder(run, contained)
          assert.strictEqual(line, "held 1")
          const [{ process }] = yield* readAttempts(folder)
          assert.strictEqual(process.bootId, currentProcess().bootId)
          assert.strictEqual(processState(process), "unknown")
          assert.strictEqual(yield* status(folder), "running")
          const error = yield* beginAttempt(run, folder, described).pipe(Effect.flip)
          assert.strictEqual(error._tag, "RunLocked")
          assert.include(error.message, "another machine or container")
          assert.notInclude(error.message, "kill")
          yield* Effect.promise(() => killed(child))
          const longAgo = Date.now() / 1000 - 120
          yield* fs.utimes(paths.join(folder, "0001.json"), longAgo, longAgo)
          assert.strictEqual(yield* status(folder), "interrupted")
          assert.strictEqual((yield* beginAttempt(run, folder, described)).number, 2)
        }),
      ),
  )

  it("a record without a namespace, as older versions wrote, is looked up as it is", () => {
    const { pidNamespace: _, ...old } = currentProcess()
    assert.strictEqual(processState(old), "alive")
    assert.strictEqual(processState({ ...old, started: "1" }), "gone")
  })

  it("this process is alive to itself, and a process that never was is gone", () => {
    assert.strictEqual(processState(currentProcess()), "alive")
    assert.strictEqual(processState({ ...currentProcess(), pid: 2 ** 22 + 1 }), "gone")
  })
})
