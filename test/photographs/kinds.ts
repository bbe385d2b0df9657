/** The kinds of photographs that people take of a digit: name -> how one is made of a digit. */
import type { Kind } from "./drawings.ts"
import { lightKinds } from "./lightKinds.ts"
import { paperKinds } from "./paperKinds.ts"

export const kinds: Readonly<Record<string, Kind>> = { ...lightKinds, ...paperKinds }
