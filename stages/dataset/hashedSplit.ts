/**
 * Splits by a hash of each example: (seed, what is hashed, shares) -> the split of each example.
 *
 * SHA-256 of the seed and the pixels, or the group, gives two numbers in [0, 1): the first decides about the test split, the
 * second about validation. An example's split depends on nothing else, so it never changes when data are added.
 */
import { createHash } from "node:crypto"

export type SplitName = "train" | "validation" | "test"

/** 48 bits of a digest as a number in [0, 1). */
const fractionAt = (digest: Buffer, at: number) => digest.readUIntBE(at, 6) / 2 ** 48

export const hashedSplit = (
  content: Uint8Array,
  { seed, test, validation }: { readonly seed: number; readonly test: number; readonly validation: number },
): SplitName => {
  const digest = createHash("sha256").update(`${seed}:`).update(content).digest()
  if (fractionAt(digest, 0) < test) return "test"
  return fractionAt(digest, 6) < validation ? "validation" : "train"
}
