/**
 * An ONNX graph for a device: convolutions whose number of input channels ONNX Runtime 1.30 computes wrongly are filled up.
 *
 * Its WebGPU convolution reads channels in groups of 3 if their number is a multiple of 3 and not of 4, and from 6 channels on
 * the result is wrong: of 1 to 50 channels, exactly for these, by comparison with the processor (3×3 filters, on Vulkan in
 * software). Channels of zeros change nothing. In a filter's gradient that is a convolution (`filterGradient.ts`), the batch takes
 * the place of the channels.
 */
import type { Value } from "../../trace/graph.ts"
import { type Attributes, type Name, OnnxGraph } from "../graph.ts"

/** The input channels of the convolution that a value is lowered to. */
const channelsOf = (value: Value): number => {
  switch (value.op) {
    case "Conv2D":
      return value.attributes.window.inChannels
    case "Conv2DInputGradient":
      return value.attributes.window.outChannels
    case "Conv2DFilterGradient":
      return value.attributes.window.batch
    default:
      return 0
  }
}

/** Channels of zeros that make a number a multiple of 4, if it needs that. */
export const missingChannels = (channels: number): number =>
  channels > 3 && channels % 3 === 0 && channels % 4 !== 0 ? 4 - (channels % 4) : 0

export class DeviceGraph extends OnnxGraph {
  #missing = 0

  override begin(value: Value): void {
    super.begin(value)
    this.#missing = missingChannels(channelsOf(value))
  }

  override op(type: string, inputs: ReadonlyArray<Name>, attributes: Attributes = {}, domain = ""): Name {
    if (type !== "Conv" || this.#missing === 0) return super.op(type, inputs, attributes, domain)
    const [x, filter, ...bias] = inputs
    const filled = [x, filter].map((name) => this.pad(name, [0, 0, 0, 0], [0, this.#missing, 0, 0]))
    return super.op(type, [...filled, ...bias], attributes, domain)
  }
}
