/** How good a model is on the test split: (labels, probabilities, loss) -> metrics, confusion matrix and worst mistakes. */
import type { TestResult } from "../../schemas/Report.ts"
import {
  classReports,
  confusionMatrix,
  predictedLabels,
  wilsonInterval,
  worstMistakes,
} from "../statistics/proportions.ts"

const maxMistakes = 50

/** `labels`: [examples]; `probabilities`: [examples, classes]. */
export const testMetrics = (
  labels: ArrayLike<number>,
  probabilities: Float32Array,
  classes: number,
  loss: number,
): TestResult => {
  const examples = labels.length
  const confusion = confusionMatrix(labels, predictedLabels(probabilities, classes), classes)
  const right = confusion.reduce((sum, row, label) => sum + row[label], 0)
  return {
    examples,
    accuracy: wilsonInterval(right, examples),
    error: wilsonInterval(examples - right, examples),
    loss,
    classes: classReports(confusion),
    confusion,
    mistakes: worstMistakes(labels, probabilities, classes, maxMistakes),
  }
}
