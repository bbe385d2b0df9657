/** The layers that `show` prints. */
import { assert, describe, it } from "@effect/vitest"
import { renderLayers } from "../../cli/render/renderLayers.ts"

describe("the layers of a run as text", () => {
  it("have their output and parameters, and their kind if they have a name of their own", () => {
    assert.strictEqual(
      renderLayers([
        { name: "conv2d_1", kind: "conv2d", output: [24, 24, 16], parameters: 416 },
        { name: "eyes", kind: "dense", output: [10], parameters: 5770 },
      ]),
      [
        "layer               output  parameters",
        "conv2d_1      24 × 24 × 16         416",
        "eyes (dense)            10       5,770",
      ].join("\n"),
    )
  })
})
