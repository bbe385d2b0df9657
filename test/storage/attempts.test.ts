import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Path, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Attempt, type ProcessIdentity } from "../../schemas/Run.ts"
import { beginAttempt, readAttempts, statusOf } from "../../storage/attempts.ts"
import { currentProcess, processState } from "../../storage/lock/processIdentity.ts"
import { keepBeating } from "../../storage/lock/heartbeat.ts"
import { silenceMs } from "../../storage/lock/owner.ts"
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

/** The modules that a process of another user loads. */
const identityModule = new URL("../../storage/lock/processIdentity.ts", import.meta.url).href

/** Rewrites whose attempt the first one is. */
const rewriteOwner = Effect.fnUntraced(function* (folder: string, owner: Partial<ProcessIdentity>) {
  const fs = yield* FileSystem.FileSystem
  const [own] = yield* readAttempts(folder)
  const forged = Schema.encodeSync(Attempt)({ ...own, process: { ...own.process, ...owner } })
  yield* fs.writeFileString(join(folder, "0001.json"), JSON.stringify(forged))
})

/** Lets file operations that are under way end: the test clock knows nothing of them. */
const realPause = Effect.promise(() => new Promise<void>((resolve) => void setTimeout(resolve, 5)))

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

  it.live("a process id that was reused since holds nothing", () =>
    inRun((run, folder) =>
      Effect.gen(function* () {
        yield* beginAttempt(run, folder, described)
        yield* rewriteOwner(folder, { started: "1" })
        assert.strictEqual(yield* status(folder), "interrupted")
        assert.strictEqual((yield* beginAttempt(run, folder, described)).number, 2)
      }),
    ),
  )

  // The same host name with another boot id: two containers or machines of one name, or this machine before it was started anew.
  for (const [name, owner] of Object.entries({
    "on another machine": { bootId: "other", host: "elsewhere" },
    "on a machine of the same name": { bootId: "other" },
    "in another container": { pidNamespace: "pid:[1]" },
    "on a system that cannot tell its boots apart": { bootId: "unknown" },
  })) {
    it.effect(
      `an attempt ${name} holds its run while its sign of life changes, whatever its clock says`,
      () =>
        inRun((run, folder) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const paths = yield* Path.Path
            yield* beginAttempt(run, folder, described)
            yield* rewriteOwner(folder, owner)
            const beat = paths.join(folder, "0001.heartbeat")
            // An hour behind and an hour ahead: times are never compared.
            for (const shift of [-3600, 3600]) {
              const contender = yield* Effect.forkChild(
                beginAttempt(run, folder, described).pipe(Effect.flip),
              )
              for (let beats = 0; contender.pollUnsafe() === undefined; beats++) {
                yield* fs.writeFileString(beat, `${beats}\n`)
                const at = Date.now() / 1000 + shift
                yield* fs.utimes(beat, at, at)
                yield* TestClock.adjust(500)
                yield* realPause
              }
              const error = yield* Fiber.join(contender)
              assert.strictEqual(error._tag, "RunLocked")
              assert.include(error.message, "another machine or container")
              assert.notInclude(error.message, "kill")
            }
          }),
        ),
    )

    it.effect(`an attempt ${name} loses its run after half a minute without a sign of life`, () =>
      inRun((run, folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const paths = yield* Path.Path
          const first = yield* Effect.scoped(beginAttempt(run, folder, described))
          yield* rewriteOwner(folder, owner)
          // Its last sign, by a clock that was an hour ahead.
          const ahead = Date.now() / 1000 + 3600
          yield* fs.writeFileString(paths.join(folder, "0001.heartbeat"), "17\n")
          yield* fs.utimes(paths.join(folder, "0001.heartbeat"), ahead, ahead)
          const contender = yield* Effect.forkChild(beginAttempt(run, folder, described))
          let waitedMs = 0
          for (; contender.pollUnsafe() === undefined && waitedMs < 2 * silenceMs; waitedMs += 500) {
            yield* TestClock.adjust(500)
            yield* realPause
          }
          assert.isAtLeast(waitedMs, silenceMs)
          const second = yield* Fiber.join(contender)
          assert.strictEqual(second.number, 2)
          yield* second.checkOwned
          // It was only asleep, and wakes.
          const superseded = yield* Effect.flip(first.checkOwned)
          assert.strictEqual(superseded._tag, "AttemptSuperseded")
          assert.include(superseded.message, `process ${process.pid}`)
          assert.isFalse(yield* fs.exists(paths.join(folder, "0001.heartbeat")))
        }),
      ),
    )
  }

  it.live("gives signs of life while its own thread is busy", () =>
    inRun((run) =>
      Effect.gen(function* () {
        yield* keepBeating(join(run, "0001.json"), 50)
        const beat = join(run, "0001.heartbeat")
        const until = performance.now() + 5000
        const seen = new Set<string>()
        // As a call into an engine does: nothing else runs on this thread.
        while (performance.now() < until && seen.size < 4) {
          if (existsSync(beat)) seen.add(readFileSync(beat, "utf8"))
        }
        assert.isAtLeast(seen.size, 4)
      }),
    ),
  )

  it.live("leaves no heartbeat behind when it ends", () =>
    inRun((run, folder) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* Effect.scoped(beginAttempt(run, folder, described))
        assert.deepStrictEqual(yield* fs.readDirectory(folder), ["0001.json"])
      }),
    ),
  )

  it.live.skipIf(!canContain)(
    "an attempt in another container holds its run while it lives (skipped where none can be made)",
    () =>
      inRun((run, folder) =>
        Effect.gen(function* () {
          const { child, line } = yield* spawnHolder(run, contained)
          assert.strictEqual(line, "held 1")
          const [{ process }] = yield* readAttempts(folder)
          assert.strictEqual(process.bootId, currentProcess().bootId)
          assert.strictEqual(processState(process), "unknown")
          assert.strictEqual(yield* status(folder), "running")
          const error = yield* beginAttempt(run, folder, described).pipe(Effect.flip)
          assert.strictEqual(error._tag, "RunLocked")
          yield* Effect.promise(() => killed(child))
        }),
      ),
  )

  it.live.skipIf(!canContain)(
    "a process that /proc hides is not taken for dead (skipped without the right to mount)",
    () =>
      inRun((run) =>
        Effect.gen(function* () {
          const { child } = yield* spawnHolder(run)
          const recorded = JSON.stringify((yield* readAttempts(join(run, "attempts")))[0].process)
          const script = `import(${JSON.stringify(identityModule)}).then((m) => console.log(m.processState(${recorded})))`
          // Another user, to whom a /proc mounted with hidepid shows no foreign process. Signals are refused, not unknown.
          const looked = spawnSync(
            "unshare",
            [
              "--mount",
              "sh",
              "-c",
              'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"',
              "sh",
              process.execPath,
              "-e",
              script,
            ],
            { encoding: "utf8" },
          )
          assert.strictEqual(looked.stdout.trim(), "unknown", looked.stderr)
          yield* Effect.promise(() => killed(child))
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
