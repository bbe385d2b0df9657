/**
 * A user's image as one of the run's dataset: (bytes, dataset) -> pixels as the dataset stores them, and why it was so.
 *
 * What is done follows from how the dataset was made: characters are cut out and normalized as MNIST's were, anything
 * else is only resized.
 */
import { Effect, Result, Schema } from "effect"
import type { Dataset } from "../../schemas/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { decodeFitted, decodeGray } from "./decode.ts"
import { type CharacterStyle, toCharacter } from "./digit.ts"
import { pad } from "./resize.ts"

export type Preparation =
  | { readonly kind: "character"; readonly style: CharacterStyle }
  | { readonly kind: "resize"; readonly darkGround: boolean }

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

export const preparationOf = (dataset: Dataset): Preparation =>
  typeof dataset === "string" ? registered[dataset] : { kind: "resize", darkGround: false }

/** For a person: what happens to an image, and what that follows from. */
export const describePreparation = (preparation: Preparation, dataset: string): string => {
  if (preparation.kind === "resize") {
    const inverted = preparation.darkGround ? ", made a negative where the border is light" : ""
    return `images are only resized${inverted}: ${dataset} is not known to hold cut-out characters as MNIST does`
  }
  const { box, centre, size } = preparation.style
  const where = centre === "mass" ? "centre of mass" : "box"
  return `images are taken as photographs of one character, which is cut out, fitted into ${box}×${box} and centred by its ${where} in ${size}×${size}, as ${dataset} was made`
}

/** No mark in the image can be the character that the network is asked about. */
export class NoMarkFound extends Failure<NoMarkFound>()("NoMarkFound", {
  exitCode: "dataError",
  fields: { image: Schema.String, found: Schema.String },
  message: ({ found, image }) =>
    `${image} shows no character: ${found}; expected one, dark on light or light on dark`,
}) {}

/** Images of two or of more than three channels are no colours: a PNG, JPEG or WebP cannot be made into them. */
export class ChannelsUnsupported extends Failure<ChannelsUnsupported>()("ChannelsUnsupported", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, channels: Schema.Int },
  message: ({ channels, dataset }) =>
    `the images of ${dataset} have ${channels} channels; only gray (1) and colour (3) images can be predicted`,
}) {}

/** `image` names it in messages. */
export const prepareImage = Effect.fn("prepareImage")(function* (
  bytes: Uint8Array,
  image: string,
  dataset: { readonly name: string; readonly imageShape: readonly [number, number, number] },
  preparation: Preparation,
) {
  if (preparation.kind === "character") {
    const found = toCharacter(yield* decodeGray(bytes, image), preparation.style)
    return Result.isSuccess(found)
      ? found.success.pixels
      : yield* new NoMarkFound({ image, found: found.failure })
  }
  const [height, width, channels] = dataset.imageShape
  if (channels !== 1 && channels !== 3)
    return yield* new ChannelsUnsupported({ dataset: dataset.name, channels })
  const fitted = yield* decodeFitted(bytes, image, [height, width, channels])
  return pad(fitted, dataset.imageShape, preparation.darkGround)
})
