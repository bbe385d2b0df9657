/**
 * Prepares a user's image for prediction: (bytes, dataset) -> pixels as the dataset stores them, with what is doubtful
 * about them, and a description of the preparation.
 *
 * The preparation follows how the dataset was made: characters are cut out and normalized as in MNIST, image files are decoded as
 * they were for training, other images are only resized.
 */
import { Effect, Result, Schema } from "effect"
import type { Dataset } from "../../schemas/experiment/Dataset.ts"
import type { ImageOptions } from "../../schemas/experiment/PackedDataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { decodeFitted, decodeGray } from "./decode.ts"
import { decodeExample } from "./decodeExample.ts"
import { type CharacterStyle, toCharacter } from "./digit.ts"
import type { Doubt } from "./Doubt.ts"
import { pad } from "./resize.ts"

export type Preparation =
  | { readonly kind: "character"; readonly style: CharacterStyle }
  | { readonly kind: "resize"; readonly darkGround: boolean }
  | { readonly kind: "asTrained"; readonly images: ImageOptions }

/** LeCun et al. (1998). */
const likeMnist: Preparation = { kind: "character", style: { size: 28, box: 20, centre: "mass" } }
/** Cohen et al., "EMNIST" (2017): a border of two pixels around the character, centred by its box. */
const likeEmnist: Preparation = { kind: "character", style: { size: 28, box: 24, centre: "box" } }

const registered: Readonly<Record<Extract<Dataset, string>, Preparation>> = {
  mnist: likeMnist,
  qmnist: likeMnist,
  "emnist-digits": likeEmnist,
  "emnist-letters": likeEmnist,
  "emnist-balanced": likeEmnist,
  kmnist: { kind: "resize", darkGround: true },
  "fashion-mnist": { kind: "resize", darkGround: true },
}

export const preparationOf = (dataset: Dataset): Preparation => {
  if (typeof dataset === "string") return registered[dataset]
  if (!("background" in dataset)) return { kind: "resize", darkGround: false }
  // Images for training had the shape already, if the experiment does not say how to change it.
  const { background, fit = "pad" } = dataset
  return { kind: "asTrained", images: { background, fit } }
}

/** A description for the user: what is done to an image, and why. */
export const describePreparation = (preparation: Preparation, dataset: string): string => {
  if (preparation.kind === "asTrained") {
    return `images are decoded as those of ${dataset} for training; images of another size: ${preparation.images.fit}`
  }
  if (preparation.kind === "resize") {
    const inverted = preparation.darkGround ? ", and inverted if their border is light" : ""
    return `images are only resized${inverted}, because ${dataset} is not known to hold cut-out characters as MNIST does`
  }
  const { box, centre, size } = preparation.style
  const where = centre === "mass" ? "centre of mass" : "box"
  return `each image is read as a photograph of one character, which is cut out, fitted into ${box}×${box} and centred by its ${where} in ${size}×${size}, as in ${dataset}`
}

/** The image shows no mark that can be a character. */
export class NoMarkFound extends Failure<NoMarkFound>()("NoMarkFound", {
  exitCode: "dataError",
  fields: { image: Schema.String, found: Schema.String },
  message: ({ found, image }) =>
    `cannot find a character in ${image}: found ${found}, expected one character, dark on light or light on dark; crop the image to it`,
}) {}

/** The dataset has images of two or more than three channels, which no PNG, JPEG or WebP can give. */
export class ChannelsUnsupported extends Failure<ChannelsUnsupported>()("ChannelsUnsupported", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, channels: Schema.Int },
  message: ({ channels, dataset }) =>
    `cannot predict images for ${dataset}: found ${channels} channels, expected 1 (gray) or 3 (colour); train on such images`,
}) {}

/** `image`: its name in messages. */
export const prepareImage = Effect.fn("prepareImage")(function* (
  bytes: Uint8Array,
  image: string,
  dataset: { readonly name: string; readonly imageShape: readonly [number, number, number] },
  preparation: Preparation,
) {
  if (preparation.kind === "character") {
    const found = toCharacter(yield* decodeGray(bytes, image), preparation.style)
    return Result.isSuccess(found)
      ? { pixels: found.success.pixels, doubts: found.success.doubts }
      : yield* new NoMarkFound({ image, found: found.failure })
  }
  const [height, width, channels] = dataset.imageShape
  if (channels !== 1 && channels !== 3)
    return yield* new ChannelsUnsupported({ dataset: dataset.name, channels })
  if (preparation.kind === "asTrained") {
    const pixels = new Uint8Array(height * width * channels)
    yield* decodeExample(bytes, image, dataset.imageShape, preparation.images, pixels)
    return { pixels, doubts: [] }
  }
  const fitted = yield* decodeFitted(bytes, image, [height, width, channels])
  const doubts: ReadonlyArray<Doubt> = []
  return { pixels: pad(fitted, dataset.imageShape, preparation.darkGround), doubts }
})
