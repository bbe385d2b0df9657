/** How much content a file may have: (bytes of the file) -> counts it, and throws if it is too much. */
import { size as showSize } from "../../../format/size.ts"

/** What is wrong with a file: it is thrown while the file is unpacked. */
export class ArchiveFault extends Error {
  readonly expected: string
  readonly advice: string
  constructor(found: string, expected: string, advice: string) {
    super(found)
    this.expected = expected
    this.advice = advice
  }
}

/** Content may be at most this many times the file, or a GiB if that is more: text and padding shrink to a hundredth. */
const largestRatio = 200
const smallestLimit = 2 ** 30

export const makeLimit = (fileBytes: number) => {
  const limit = Math.max(smallestLimit, largestRatio * fileBytes)
  let total = 0
  /** Throws if so many bytes more are too many. */
  const allow = (bytes: number) => {
    if (total + bytes <= limit) return
    throw new ArchiveFault(
      `more than ${showSize(limit)} of content in ${showSize(fileBytes)}`,
      "a file of images",
      "the file may be made to fill the disk: do not use it",
    )
  }
  const count = (bytes: number) => {
    allow(bytes)
    total += bytes
  }
  return { allow, count }
}
