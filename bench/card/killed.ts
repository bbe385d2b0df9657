/** A training of some seconds with checkpoints, for `killed.sh`. */
import { experiment } from "tidemark"
import cnn from "../../experiments/cnn.ts"

export default experiment({
  ...cnn,
  name: "killed",
  budget: { iterations: 2000 },
  evaluateEvery: 250,
  checkpointEvery: 200,
})
