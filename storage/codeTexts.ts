/**
 * The texts of own code by their SHA-256, for this process.
 *
 * An experiment names the files of its own code by digest, so it stays a small plain value. A digest stands for one text only:
 * whoever adds a text (the experiment file's scan, or the copy in a run directory) adds the same one.
 */
import { createHash } from "node:crypto"

const texts = new Map<string, string>()

/** The SHA-256 of a text or of bytes, in hexadecimal digits. */
export const digestOf = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex")

/** Adds a text and returns its digest. */
export const addText = (text: string): string => {
  const digest = digestOf(text)
  texts.set(digest, text)
  return digest
}

export const textOf = (digest: string): string | undefined => texts.get(digest)
