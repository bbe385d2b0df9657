/** Packs a dataset that is written as in an experiment: (fields, data folder) -> the fetched dataset, or its error. */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import sharp from "sharp"
import { PackedDataset } from "../../../schemas/experiment/PackedDataset.ts"
import { packDataset } from "../../../stages/pack/packDataset.ts"

export const decoded = (fields: object) =>
  Schema.decodeUnknownSync(PackedDataset)({ name: "set", classes: 2, imageShape: [4, 4], ...fields })

export const packWith = (dataset: PackedDataset, dataDir: string) =>
  packDataset(dataset, dataDir).pipe(Effect.provide([NodeServices.layer, FetchHttpClient.layer]))

export const pack = (fields: object, dataDir: string) => packWith(decoded(fields), dataDir)

/** A gray PNG of 4×4 pixels; another seed is another image. */
export const png = (seed: number, size = 4): Promise<Buffer> => {
  const pixels = Uint8Array.from({ length: size * size }, (_, i) => (seed * 53 + i * 17) % 256)
  return sharp(pixels, { raw: { width: size, height: size, channels: 1 } })
    .png()
    .toBuffer()
}

/** Writes files, with their folders; an image for a number. */
export const write = async (
  folder: string,
  files: Readonly<Record<string, number | string | Uint8Array>>,
) => {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, typeof content === "number" ? await png(content) : content)
  }
}
