/**
 * Five networks of `cnn.ts` that answer together, the improvement its tutorial suggests: the same network from five
 * seeds, each its own initial weights and order of the examples. `pipeline run` trains those that are not trained yet.
 */
import { ensemble } from "tidemark"
import cnn from "./cnn.ts"

export default ensemble({
  name: "ensemble",
  members: [0, 1, 2, 3, 4].map((seed) => ({ ...cnn, seed })),
})
