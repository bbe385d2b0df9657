/** What the averaged copy of a weight is called (`average.ts`), for whoever only reads names. */
export const averageName = (weight: string): string => `average/${weight}`
