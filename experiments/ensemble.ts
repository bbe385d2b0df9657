/**
 * Five networks whose probabilities are averaged, as one of the tutorials suggests: three of `cnn-best.ts` and two of
 * another architecture, which is wrong about other digits. `pnpm pipeline run experiments/ensemble.ts --jobs 2`
 * trains those that are not trained yet, two in parallel.
 */
import { ensemble } from "tidemark"
import best from "./cnn-best.ts"
import wide from "./cnn-7x7.ts"

export default ensemble({
  name: "ensemble",
  // The longest training first, so that all cores are in use until the end.
  members: [...[0, 1].map((seed) => ({ ...wide, seed })), ...[0, 1, 2].map((seed) => ({ ...best, seed }))],
})
