/** One line of `pipeline doctor`. */
export interface Finding {
  readonly area: "engine" | "device" | "version" | "data" | "disk"
  readonly name: string
  readonly available: boolean
  /** What was found. */
  readonly found: string
  /** What would make it available, or better. */
  readonly remedy: string | null
}
