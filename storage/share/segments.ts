/**
 * A file as segments that never change: (bytes, segments so far) -> segments, and which of them are new.
 *
 * What was appended becomes a segment. A segment is joined with those before it that are no larger, so a file that grows n times
 * has about log n segments, and each byte is written about log n times.
 */
import { attemptName } from "../attempts.ts"
import { digestOf } from "../codeTexts.ts"
import type { Segment } from "../../schemas/RunHead.ts"

export const isSegment = ({ blob, sizeBytes }: Segment, bytes: Uint8Array) =>
  bytes.byteLength === sizeBytes && blob.endsWith(`-${digestOf(bytes)}`)

/** The segments at the beginning of the file, as far as its bytes are theirs, and where they end. */
export const matchingSegments = (bytes: Uint8Array, segments: ReadonlyArray<Segment>) => {
  const matching: Array<Segment> = []
  let end = 0
  for (const segment of segments) {
    if (!isSegment(segment, bytes.subarray(end, end + segment.sizeBytes))) break
    matching.push(segment)
    end += segment.sizeBytes
  }
  return { matching, end }
}

export interface NewSegment extends Segment {
  readonly bytes: Uint8Array
}

export const segmentsOf = (
  bytes: Uint8Array,
  before: ReadonlyArray<Segment>,
  attempt: number,
): { readonly segments: ReadonlyArray<Segment>; readonly added: NewSegment | undefined } => {
  const { end, matching } = matchingSegments(bytes, before)
  if (end === bytes.byteLength) return { segments: matching, added: undefined }
  let start = end
  for (
    let last = matching.at(-1);
    last !== undefined && last.sizeBytes <= bytes.byteLength - start;
    last = matching.at(-1)
  ) {
    start -= last.sizeBytes
    matching.pop()
  }
  const content = bytes.slice(start)
  const blob = attemptName(attempt, digestOf(content)).replace(".", "-")
  const segment: Segment = { blob, sizeBytes: content.byteLength }
  return { segments: [...matching, segment], added: { ...segment, bytes: content } }
}
