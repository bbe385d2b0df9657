/** The pointer and the history of champions, with crashes and several writers. */
import { appendFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Schema } from "effect"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import { Experiment, experiment } from "../../schemas/experiment/Experiment.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import { changeChampion, championOf, readChampion, readChampionHistory } from "../../storage/champions.ts"
import { claim } from "../../storage/lock/claim.ts"
import { findNeededRuns } from "../../storage/removal.ts"
import { powerCut } from "../fixtures/powerCut.ts"
import tiny from "../fixtures/tiny.ts"

const idOf = (n: number) => `20260101T00000${n}Z-tiny-00000000`
const promoted = (n: number): ChampionEvent => ({
  kind: "promoted",
  at: "2026-01-01T00:00:00.000Z",
  experiment: "tiny",
  run: idOf(n),
  before: null,
  reason: null,
})
const promote = (runsDir: string, n: number) =>
  changeChampion(runsDir, "tiny", () => Effect.succeed({ event: promoted(n), value: undefined }))

const inRuns = <A, E>(body: (runsDir: string) => Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return yield* body(yield* fs.makeTempDirectoryScoped())
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("champions", () => {
  it.live(
    "keep the old or the new champion after a power cut before any operation, and can be changed again",
    () =>
      Effect.forEach(["kept", "lost", "torn"] as const, (disk) =>
        Effect.gen(function* () {
          for (let at = 0; ; at++) {
            const finished = yield* inRuns((runsDir) =>
              Effect.gen(function* () {
                yield* promote(runsDir, 1)
                const cut = powerCut(at, disk)
                const exit = yield* promote(runsDir, 2).pipe(
                  Effect.provide(cut.layer.pipe(Layer.provideMerge(NodeServices.layer))),
                  Effect.exit,
                )
                const champion = yield* readChampion(runsDir, "tiny")
                assert.include([idOf(1), idOf(2)], champion ?? "", `${disk} ${at}`)
                // The claim names this process, which still lives: release it as a reboot would.
                for (const name of readdirSync(join(runsDir, "champions", ".writer"))) {
                  writeFileSync(join(runsDir, "champions", ".writer", name), "")
                }
                const seen = yield* changeChampion(runsDir, "tiny", (found) =>
                  Effect.succeed({ event: undefined, value: found }),
                )
                assert.strictEqual(seen, yield* readChampion(runsDir, "tiny"), `${disk} ${at}`)
                assert.strictEqual(seen, championOf(yield* readChampionHistory(runsDir)), `${disk} ${at}`)
                yield* promote(runsDir, 3)
                assert.strictEqual(championOf(yield* readChampionHistory(runsDir)), idOf(3))
                return exit._tag === "Success"
              }),
            )
            if (finished) break
            assert.isBelow(at, 60)
          }
        }),
      ),
  )

  it.live("lose no line when many writers change them at once", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        yield* Effect.all(
          Array.from({ length: 8 }, (_, n) => promote(runsDir, n)),
          { concurrency: "unbounded" },
        )
        const events = yield* readChampionHistory(runsDir)
        assert.lengthOf(events, 8)
        assert.strictEqual(yield* readChampion(runsDir, "tiny"), championOf(events))
        assert.lengthOf(readdirSync(join(runsDir, "champions", ".writer")), 1)
      }),
    ),
  )

  it.live("ignore a torn line, and write the next one on its own", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        yield* promote(runsDir, 1)
        appendFileSync(join(runsDir, "champions", "history.ndjson"), `{"kind":"promo`)
        yield* promote(runsDir, 2)
        const runs = (yield* readChampionHistory(runsDir)).map(({ run }) => run)
        assert.deepStrictEqual(runs, [idOf(1), idOf(2)])
      }),
    ),
  )

  it.live("are protected from removal, as is the one that a rollback leads to, but not those before it", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        for (const n of [1, 2, 3]) {
          yield* fs.makeDirectory(join(runsDir, idOf(n)))
          yield* promote(runsDir, n)
        }
        assert.deepStrictEqual(
          [...(yield* findNeededRuns(runsDir))],
          [
            [idOf(2), { reason: "the previous champion, the target of `rollback tiny`", isChampion: false }],
            [idOf(3), { reason: "a champion", isChampion: true }],
          ],
        )
        // Removed without the command: the rollback leads to the one before it, which is protected from then on.
        yield* fs.remove(join(runsDir, idOf(2)), { recursive: true })
        assert.sameMembers([...(yield* findNeededRuns(runsDir)).keys()], [idOf(1), idOf(3)])
      }),
    ),
  )

  it("are judged by a gate that is not part of the fingerprint", () => {
    const decode = Schema.decodeUnknownSync(Experiment)
    assert.strictEqual(
      fingerprint(decode(experiment({ ...tiny, gate: { leastAccuracy: 0.9 } }))),
      fingerprint(decode(tiny)),
    )
    assert.throws(() => decode({ ...tiny, gate: { leastAccuracy: 90 } }))
  })
})

describe("a claim", () => {
  it.live("is refused while another one is held, and free after it", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const folder = join(runsDir, "lock")
        yield* claim("the folder", folder).pipe(
          Effect.andThen(claim("the folder", folder).pipe(Effect.flip)),
          Effect.tap((error) => Effect.sync(() => assert.match(error.message, /is in use: process/))),
          Effect.scoped,
        )
        yield* Effect.scoped(claim("the folder", folder))
      }),
    ),
  )
})
