/**
 * The name of the average of a weight (`average.ts`), in a file of its own so that readers of names load no
 * TensorFlow.js.
 */
export const averageName = (weight: string): string => `average/${weight}`
