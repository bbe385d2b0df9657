/** Which run a word on the command line stands for. */
import { mkdirSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { locateRuns, RunNotFound } from "../../storage/runDirectory.ts"

const names = [
  "20260101T000000Z-cnn-best-0a1b2c3d",
  "20260102T000000Z-cnn-best-0a1b2c3d-2",
  "20260103T000000Z-dense-55bc49a2",
  "20260104T000000Z-mlp-de000000",
]
const [, second, dense, mlp] = names

let runsDir = ""
beforeAll(async () => {
  runsDir = await mkdtemp(join(tmpdir(), "tidemark-names-"))
  for (const name of names) mkdirSync(join(runsDir, name))
})
afterAll(() => rm(runsDir, { recursive: true, force: true }))

const locate = (word: string) => locateRuns(runsDir, [word]).pipe(Effect.provide(NodeServices.layer))

describe("a run is found by", () => {
  for (const [what, word, name] of [
    ["its id", names[0], names[0]],
    ["the beginning of it", "20260103", dense],
    ["its experiment", "mlp", mlp],
    ["latest", "latest", mlp],
    ["the last digits of its id", "55bc49a2", dense],
    ["the beginning of these", "55b", dense],
    ["the last digits and a number", "0a1b2c3d-2", second],
    ["an experiment before digits that begin alike", "de", dense],
    ["a glob", "*-dense-*", dense],
  ]) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          (yield* locate(word)).map((path) => basename(path)),
          [name],
        )
      }),
    )
  }

  for (const [what, word, candidates] of [
    ["digits of several", "0a1b2c3d", names.slice(0, 2)],
    ["digits of none", "ffffffff", []],
    ["the middle of digits", "bc49", []],
    ["nothing", "", []],
  ] as const) {
    it.effect(`nothing but one of its own: ${what} are refused, with those it could be`, () =>
      Effect.gen(function* () {
        const error = yield* locate(word).pipe(Effect.flip)
        assert.instanceOf(error, RunNotFound)
        assert.deepStrictEqual(error.candidates, candidates)
      }),
    )
  }
})
