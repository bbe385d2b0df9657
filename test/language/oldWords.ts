/**
 * The private vocabulary that this project no longer uses where a person reads, each with the word to use instead.
 *
 * `old` is a regular expression of whole words. A space in it matches a line break, too.
 */
export interface OldWord {
  readonly old: string
  readonly use: string
}

export const oldWords: ReadonlyArray<OldWord> = [
  { old: "nights?|nightly", use: "scheduled run; in a table: run" },
  { old: "slots?", use: "scheduled time" },
  { old: "keepers?", use: "job runner" },
  { old: "deals?|dealt", use: "dispatch" },
  { old: "mornings?", use: "summary" },
  { old: "reigns?", use: "champion period" },
  { old: "announces?|announced", use: "notify" },
  { old: "(is|was|are|were|be) (told|said)|told|tells?", use: "is printed, logged, reported, described" },
  { old: "(goes|go|going|gone|went) on( with)?", use: "resumes, resume, continues" },
  { old: "unseen(?! (test |training )?(examples|images)| by)", use: "unseen examples" },
  { old: "learnt", use: "was trained on; trained" },
  { old: "lessons?", use: "training examples" },
  { old: "strange", use: "unseen, other" },
  { old: "ancestors?", use: "parent, lineage" },
  { old: "spectra|spectrum", use: "DFT convolution (frequency domain)" },
  { old: "noise", use: "dropout mask; not significant" },
  { old: "cadences?|paces?", use: "interval, iterations per call" },
  { old: "besides?", use: "in parallel, next to, in addition to" },
  { old: "materials?", use: "run resources" },
  { old: "ask|asks|asked|asking", use: "query, predict, check, request, require" },
  { old: "answers?|answered|answering", use: "predictions; responds" },
  { old: "(un)?usable", use: "available, valid" },
  { old: "left out|leave \\S+ out|leave out", use: "skipped, omitted; omit" },
  { old: "made up for|make up for", use: "run late" },
  { old: "cannot be noise", use: "significant" },
  { old: "anew", use: "again, from scratch" },
  { old: "but for", use: "except" },
  { old: "mends?|mended", use: "fix, repair" },
  { old: "cannot be had", use: "is unavailable" },
  { old: "all the same", use: "anyway" },
  { old: "from the beginning", use: "from scratch" },
  { old: "verdict of (a|the) probe", use: "probe cache" },
]

/** An English use of an old word that stays. */
export interface Allowed {
  readonly path: string
  /** Part of the text. */
  readonly text: string
  readonly reason: string
}

export const allowed: ReadonlyArray<Allowed> = [
  {
    path: "schemas/ScheduledRun.ts",
    text: "slot",
    reason: "the name of a stored field, which scripts and older versions read",
  },
  {
    path: "stages/model/optimizer.ts",
    text: "the optimizer has no slot for",
    reason: "TensorFlow's word for a variable that an optimizer keeps for each weight",
  },
]
