/** Runs of made-up predictions that the gate judges, in a runs folder of their own. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem, Layer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { gateRun } from "../../../operations/champion/gateRun.ts"
import { readRun } from "../../../storage/runDirectory.ts"
import { type FinishedRun, writeFinishedRun } from "../../fixtures/finishedRun.ts"

/** 200 examples, those in [from, until) wrong. */
export const wrong = (from: number, until: number) =>
  Array.from({ length: 200 }, (_, i) => i < from || i >= until)

const services = Layer.merge(NodeServices.layer, FetchHttpClient.layer)

export const inRuns = <A, E>(
  body: (runsDir: string) => Effect.Effect<A, E, Layer.Success<typeof services>>,
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return yield* body(yield* fs.makeTempDirectoryScoped())
  }).pipe(Effect.scoped, Effect.provide(services))

export const judged = (run: FinishedRun) =>
  Effect.gen(function* () {
    return yield* gateRun(run.runsDir, yield* readRun(writeFinishedRun(run)), undefined)
  })
