/**
 * The number of an example on pages: (its index in the dataset, training files first; the number of examples in those files)
 * -> such as "test image 42", from 0 in its files.
 */
export const exampleNumber = (index: number, trainExamples: number): string =>
  index < trainExamples ? `training image ${index}` : `test image ${index - trainExamples}`
