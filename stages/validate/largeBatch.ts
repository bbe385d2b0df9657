/** A batch that has examples more than once: (size of a batch, training examples) -> one sentence, or undefined. */
import { count, measure } from "../../format/numbers.ts"

/** It is no error: the examples are still used equally often. But what is called a batch is several epochs. */
export const describeLargeBatch = (batchSize: number, trainExamples: number): string | undefined =>
  batchSize <= trainExamples
    ? undefined
    : `batchSize is ${count(batchSize)}, but the training split has ${count(trainExamples)} examples: each batch has every example ${measure(batchSize / trainExamples)} times on average; use a batchSize of at most ${count(trainExamples)}`
