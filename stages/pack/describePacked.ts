/** What was packed, in one line: (name, record of packing) -> text. */
import { count } from "../../format/numbers.ts"
import type { Packed } from "../../schemas/experiment/Dataset.ts"

export const describePacked = (
  name: string,
  { digest, excluded, images, skipped, sources }: Packed,
): string => {
  const files = sources === 1 ? "1 file" : `${count(sources)} files`
  const seen = Object.entries(images).map(([what, number]) => `${count(number)} ${what}`)
  return [
    `${name}: ${files}, packed${seen.length === 0 ? "" : ` (${seen.join(", ")})`}`,
    ...(skipped === 0 ? [] : [`${count(skipped)} hidden skipped`]),
    ...(excluded.length === 0 ? [] : [`${count(excluded.length)} excluded`]),
    `digest ${digest.slice(0, 16)}`,
  ].join(", ")
}
