/** Lines of metrics as training appends them: (first and last iteration) -> text. */
const line = (iteration: number) =>
  `${JSON.stringify({ split: "train", iteration, epoch: iteration / 100, loss: 3 / Math.sqrt(iteration), error: 1 / Math.sqrt(iteration), batchLoss: 1, batchError: 0.5, learningRate: 0.1 })}\n`

export const metricLines = (from: number, to = from): string =>
  Array.from({ length: to - from + 1 }, (_, i) => line(from + i)).join("")
