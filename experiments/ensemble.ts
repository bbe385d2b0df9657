/**
 * Three networks of `cnn-best.ts` that answer together, as one of the tutorials suggests: the same network from three seeds,
 * each its own initial weights, order and variations of the examples. `pipeline run` trains those that are not trained yet.
 */
import { ensemble } from "tidemark"
import best from "./cnn-best.ts"

export default ensemble({
  name: "ensemble",
  members: [0, 1, 2].map((seed) => ({ ...best, seed })),
})
