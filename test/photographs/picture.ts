/**
 * `node test/photographs/picture.ts RUN FILE [--runs-dir runs]`: draws made photographs of digits with what a trained run reads in
 * each: the picture of the README.
 */
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import sharp, { type OverlayOptions } from "sharp"
import { makePredictor } from "../../inspect/predictor.ts"
import { findRun } from "../../storage/runDirectory.ts"
import { readPhotographs } from "./readPhotographs.ts"

/** Kinds that look different from each other, and which photograph of each. */
const shown = [
  ["squared paper", 0],
  ["chalk on a blackboard", 1],
  ["form box", 2],
  ["sheet on a desk", 3],
  ["whiteboard with a reflection", 4],
  ["coloured ink on coloured paper", 5],
  ["shadow of a hand", 6],
  ["light on a dark sheet", 7],
  ["faint pencil", 8],
  ["near the edge of its sheet", 9],
  ["punched holes", 1],
  ["thick marker", 2],
] as const
const perRow = 6
/** Pixels. */
const side = 150
const gap = 14
const caption = 30

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "runs-dir": { type: "string", default: "runs" } },
})
const [name = "latest", file = "photographs.png"] = positionals

const text = (words: string, isRight: boolean) =>
  Buffer.from(
    `<svg width="${side}" height="${caption}"><text x="${side / 2}" y="21" text-anchor="middle" font-family="sans-serif" font-size="17" fill="${isRight ? "#1a7f37" : "#cf222e"}">${words}</text></svg>`,
  )

const main = Effect.gen(function* () {
  const run = yield* findRun(values["runs-dir"], name)
  const predictor = yield* makePredictor([run], {
    checkpoint: undefined,
    engine: undefined,
    combination: "mean",
  })
  const parts: Array<OverlayOptions> = []
  for (const [i, [kind, number]] of shown.entries()) {
    const reading = (yield* readPhotographs(predictor, 7, kind, number + 1))[number]
    const left = gap + (i % perRow) * (side + gap)
    const top = gap + Math.floor(i / perRow) * (side + caption + gap)
    const photograph = sharp(reading.photograph.bytes).rotate().resize(side, side, { fit: "cover" })
    parts.push({ input: yield* Effect.promise(() => photograph.png().toBuffer()), left, top })
    const { label } = reading.photograph
    const words = reading.read === undefined ? "refused" : `read as ${reading.read}`
    parts.push({ input: text(words, reading.read === label), left, top: top + side })
  }
  const rows = Math.ceil(shown.length / perRow)
  const size = { width: gap + perRow * (side + gap), height: gap + rows * (side + caption + gap) }
  const sheet = sharp({ create: { ...size, channels: 3, background: "#ffffff" } }).composite(parts)
  yield* Effect.promise(() => sheet.png({ palette: true, colours: 128 }).toFile(file))
})

await Effect.runPromise(
  main.pipe(Effect.scoped, Effect.provide(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer))),
)
