/** A process that fetches MNIST into the folder it is given, reads the files and prints their digests. */
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Logger } from "effect"
import { FetchHttpClient } from "effect/http"
import { fetchDataset } from "../../../stages/fetch/fetch.ts"

const services = Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer, Logger.layer([]))
const { files } = await Effect.runPromise(
  fetchDataset({ dataset: "mnist", dataDir: process.argv[2] }).pipe(Effect.provide(services)),
)
const digests = Object.entries(files).map(
  async ([name, { path }]) =>
    [
      name,
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex"),
    ] as const,
)
process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(digests))))
