/** The mean over the classes of F1, the harmonic mean of precision and recall: every class counts the same. */
import { defineMetric } from "tidemark/code"

export const macroF1 = defineMetric({
  call: ({ classes, examples, labels, probabilities }) => {
    const right = new Float64Array(classes)
    const predictedAs = new Float64Array(classes)
    const truly = new Float64Array(classes)
    for (let example = 0; example < examples; example++) {
      const row = probabilities.subarray(example * classes, (example + 1) * classes)
      const predicted = row.indexOf(Math.max(...row))
      predictedAs[predicted]++
      truly[labels[example]]++
      if (predicted === labels[example]) right[predicted]++
    }
    let sum = 0
    for (let label = 0; label < classes; label++) {
      sum += (2 * right[label]) / Math.max(1, predictedAs[label] + truly[label])
    }
    return sum / classes
  },
})
