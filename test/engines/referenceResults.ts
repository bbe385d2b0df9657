/**
 * What the reference engine computes for those parity cases that take it long, kept in files: name -> result.
 *
 * `node test/engines/referenceResults.ts` computes and writes them again. A file knows the definition of its case, so
 * that it is not used for another; referenceResults.proof.test.ts computes all of them and compares.
 */
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Console, Effect, Result } from "effect"
import * as Reference from "../../engines/reference.ts"
import { decodeSafetensors, encodeSafetensors } from "../../storage/safetensors.ts"
import { parityCases } from "./parityCases.ts"
import { iterations, trainCase } from "./training.ts"

export type CaseResult = Effect.Success<ReturnType<typeof trainCase>>

/** More than 0.3 s of the reference, and less than half a megabyte of state. */
export const storedCases = [
  "a convolution wide enough for the frequency domain",
  "the tutorials' network with whole blocks of channels",
  "a batch of four more than whole blocks",
  "a batch of whole blocks",
  "a residual block with batch normalization",
  "a residual block that adds a tensor which a ReLU also reads",
  "branches joined by their channels",
  "ELU of a tensor that a global pool also reads",
  "SELU of a tensor that a global pool also reads",
  "leaky ReLU of a tensor that a global pool also reads",
  "PReLU of a tensor that a global pool also reads",
  "ELU whose output a global pool and a convolution read",
] as const

const folder = fileURLToPath(new URL("referenceResults/", import.meta.url))
const pathOf = (name: string) =>
  `${folder}${name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")}.safetensors`

const definitionOf = (name: string) =>
  createHash("sha256")
    .update(JSON.stringify([iterations, parityCases[name]]))
    .digest("hex")

export const compute = (name: string) => Effect.provide(trainCase(parityCases[name]), Reference.layer)

const statePrefix = "state/"

const write = (name: string, { errorRates, losses, predictions, state }: CaseResult) => {
  const row = (name: string, data: Float32Array) => ({ name, shape: [data.length], data })
  const tensors = [
    row("losses", losses),
    row("errors", errorRates),
    row("predictions", predictions),
    ...state.map((tensor) => ({ ...tensor, name: `${statePrefix}${tensor.name}` })),
  ]
  mkdirSync(folder, { recursive: true })
  writeFileSync(pathOf(name), encodeSafetensors({ tensors, metadata: { definition: definitionOf(name) } }))
}

/** The stored result of a case, of `storedCases`. */
export const readStored = (name: string): CaseResult => {
  const advice = "run `node test/engines/referenceResults.ts`"
  const { metadata, tensors } = Result.getOrThrow(decodeSafetensors(readFileSync(pathOf(name))))
  if (metadata.definition !== definitionOf(name))
    throw new Error(`the stored result is of another definition of "${name}"; ${advice}`)
  const floats = tensors.map(({ data, name, shape }) => {
    if (!(data instanceof Float32Array)) throw new Error(`${name} is not of floats; ${advice}`)
    return { name, shape, data }
  })
  const dataOf = (wanted: string) => {
    const found = floats.find(({ name }) => name === wanted)
    if (found === undefined) throw new Error(`the stored result has no ${wanted}; ${advice}`)
    return found.data
  }
  return {
    losses: dataOf("losses"),
    errorRates: dataOf("errors"),
    predictions: dataOf("predictions"),
    state: floats
      .filter(({ name }) => name.startsWith(statePrefix))
      .map((tensor) => ({ ...tensor, name: tensor.name.slice(statePrefix.length) })),
  }
}

if (import.meta.main) {
  for (const name of storedCases) {
    write(name, await Effect.runPromise(compute(name)))
    await Effect.runPromise(Console.log(name))
  }
}
