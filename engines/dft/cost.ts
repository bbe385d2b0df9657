/**
 * The cost of a DFT convolution: (window) -> whether it is faster than the direct form, and into how many slices the batch is cut.
 *
 * Both are functions of the shapes alone, so a network always gets the same bits.
 */
import type { Window } from "../trace/graph.ts"
import { type DftPlan, planDft, type Side } from "./plan.ts"

/**
 * The DFT is used up to this many multiplications, as a share of the direct form's. Each of them takes twice as long as a
 * direct one, at worst three times. Measured in both engines with some 18 windows and batches of 16 to 250.
 */
const largestShare = 0.4

/** Elements in the DFT of a batch that is not cut, or of the filters: 32 MiB. */
const largestDft = 2 ** 23
/** Elements in the DFT of a slice: 8 MiB. With slices of 32 MiB, `cnn` takes a tenth longer at a batch of 1000. */
const largestSlice = 2 ** 21

/** Multiplications in the DFT of one image with one channel. */
const transformCost = ({ height, positions }: DftPlan, { columns, rows }: Side) =>
  height * rows.length * columns.length + positions * 2 * columns.length

/** The smallest number of equal slices of a batch, not below `least`. */
const divisorFrom = (batch: number, least: number): number => {
  let slices = least
  while (slices < batch && batch % slices !== 0) slices++
  return Math.min(slices, batch)
}

/**
 * One slice if the DFTs of the batch are small enough, else equal slices. Those of 8 MiB, if the batch has a divisor near that, else
 * the largest of at most 32 MiB. Slices save memory. The DFT of a slice is not kept, so the gradients compute it again.
 */
export const batchSlices = (
  { batch, inChannels, outChannels }: Window,
  { positions }: Pick<DftPlan, "positions">,
): number => {
  const elements = batch * positions * Math.max(inChannels, outChannels)
  if (elements <= largestDft) return 1
  const wanted = Math.ceil(elements / largestSlice)
  const slices = divisorFrom(batch, wanted)
  return slices <= 2 * wanted ? slices : divisorFrom(batch, Math.ceil(elements / largestDft))
}

/**
 * Compares the multiplications of a convolution, for one slice; each gradient has as many. Where all three are computed
 * (`isTrained`), they share three of their nine transforms.
 */
export const isDftFaster = (window: Window, isTrained: boolean): boolean => {
  const { batch, height, inChannels, outChannels, outHeight, outWidth, width } = window
  const plan = planDft(window)
  const examples = batch / batchSlices(window, plan)
  const filters = inChannels * outChannels
  const transforms =
    examples *
      (inChannels * transformCost(plan, plan.image) + outChannels * transformCost(plan, plan.output)) +
    filters * transformCost(plan, plan.filter)
  const products = examples * plan.positions * filters
  const direct = examples * outHeight * outWidth * height * width * filters
  const multiplications = products + (isTrained ? 2 / 3 : 1) * transforms
  return multiplications <= largestShare * direct && plan.positions * filters <= largestDft
}
