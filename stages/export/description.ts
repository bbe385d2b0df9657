/**
 * The metadata of an exported model, which a user needs: (trained model) -> description.
 *
 * It has no time and no path, so the same model is always exported to the same bytes.
 */
import type { Dataset } from "../../schemas/experiment/Dataset.ts"
import type { OwnFunction } from "../../schemas/experiment/OwnCode.ts"
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import { version } from "../../schemas/version.ts"
import { titleOf } from "../code/load.ts"
import { describePreparation, preparationOf } from "../preprocess/prepare.ts"

export interface Described {
  readonly run: string
  readonly experiment: string
  readonly fingerprint: string
  readonly iteration: number
  readonly dataset: Dataset
  readonly datasetName: string
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number]
  readonly classes: number
  /** The name of each class, by label. */
  readonly classNames: ReadonlyArray<string>
  readonly loss: Loss
  /** The function of own code that changes images first. */
  readonly preprocess?: OwnFunction | undefined
  readonly normalization: string
  /** The float32 value of each of the 256 pixel values, a linear function; perhaps by channel. */
  readonly table: Float32Array
}

export type Description = ReturnType<typeof describe>

/** A table as a linear function of the pixel; by channel a list of numbers for each. */
const linear = (table: Float32Array) => {
  const formula = "pixel * scale + offset, with pixel from 0 (black) to 255 (white)"
  const channels = Array.from({ length: table.length / 256 }, (_, channel) => {
    const [black, white] = [table[256 * channel], table[256 * channel + 255]]
    return { scale: (white - black) / 255, offset: black }
  })
  if (channels.length === 1) return { formula, ...channels[0] }
  return {
    formula: `${formula}; a number for each channel`,
    scale: channels.map(({ scale }) => scale),
    offset: channels.map(({ offset }) => offset),
  }
}

/** `output`: the outputs of the network in the format. */
export const describe = (model: Described, output: "probabilities" | "scores") => {
  const { classes, classNames, dataset, datasetName, inputShape, normalization, preprocess, table } = model
  return {
    producer: `tidemark ${version}`,
    run: model.run,
    experiment: model.experiment,
    fingerprint: model.fingerprint,
    iteration: model.iteration,
    dataset: datasetName,
    input: `images, float32 [batch, ${inputShape.join(", ")}], axes [batch, height, width, channels]`,
    inputShape,
    preparation: describePreparation(preparationOf(dataset), datasetName),
    ...(preprocess === undefined
      ? {}
      : {
          preprocess: `${titleOf(preprocess)}, own code of the experiment, changes the pixels before they are normalized`,
        }),
    normalization: {
      kind: normalization,
      ...linear(table),
    },
    output:
      output === "probabilities"
        ? `probabilities, float32 [batch, ${classes}]`
        : `scores, float32 [batch, ${classes}]; probabilities are the scores divided by their sum`,
    classes: classNames,
  }
}

/** For formats whose metadata is text by text: other values become JSON. */
export const asText = (description: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(description).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  )
