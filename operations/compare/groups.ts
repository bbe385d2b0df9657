/**
 * What is compared with what: (runs, figures) -> units, each a run or all seeds of one experiment.
 *
 * Runs belong to one experiment when all but the seed is equal (names, descriptions and checkpoints change no number) and
 * the same engine trained them from the same start. A seed counts once: a repetition gives the same model again.
 */
import type { Schema } from "effect"
import { canonical } from "../../schemas/fingerprint.ts"
import { meanInterval, type Spread } from "../../stages/statistics/significance.ts"
import type { RunHeader } from "../../storage/runHeader.ts"
import type { RunFigures } from "../../inspect/RunFigures.ts"

export interface Member {
  readonly header: RunHeader
  readonly figures: RunFigures
}

export interface Unit {
  /** A, B, … in the comparison; given once it is known which units are in it. */
  readonly label: string
  readonly name: string
  readonly members: ReadonlyArray<Member>
  /** Tested, one of each seed; the newest where a seed was run again. */
  readonly seeds: ReadonlyArray<Member>
  /** Over the test errors of two seeds or more. */
  readonly spread: Spread | null
  /** Over their validation errors. */
  readonly validation: Spread | null
}

/** Units shown are fewer than letters. */
export const labelOf = (position: number): string => String.fromCharCode(65 + position)

type Fields = { readonly [key: string]: Schema.Json }

export const withoutSeed = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => key !== "seed"))

/** Fields that change no number of a result. */
const undecisive = new Set(["name", "description", "checkpointEvery", "keepCheckpoints", "gate"])

/** What decides a result, and with it what can differ between two units. */
export const decisive = ({ engine, experiment, parent }: RunHeader): Fields => ({
  ...Object.fromEntries(Object.entries(experiment).filter(([key]) => !undecisive.has(key))),
  engine,
  ...(parent === null ? {} : { parent: { run: parent.run, iteration: parent.iteration } }),
})

const unitOf = (members: ReadonlyArray<Member>): Unit => {
  const bySeed = new Map<number | null, Member>()
  for (const member of members) {
    if (member.figures.testError === null) continue
    const known = bySeed.get(member.figures.seed)
    if (known === undefined || known.figures.id < member.figures.id) bySeed.set(member.figures.seed, member)
  }
  const seeds = [...bySeed.values()]
  const spreadOf = (figure: "testError" | "validationError") =>
    meanInterval(seeds.flatMap(({ figures }) => figures[figure]?.value ?? [])) ?? null
  return {
    label: "",
    name: members[0].figures.experiment,
    members,
    seeds,
    spread: spreadOf("testError"),
    validation: spreadOf("validationError"),
  }
}

/**
 * A number that is the same for texts whose fields differ in their order alone, and seldom for others: the sum of what
 * stands between brackets and commas, each part hashed.
 */
const unordered = (text: string): number => {
  let [sum, part] = [0, 0]
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === "," || character === "{" || character === "}") {
      sum = (sum + part) | 0
      part = 0
    } else part = (Math.imul(part, 31) + text.charCodeAt(i)) | 0
  }
  return sum
}

/** Groups of one experiment each, in the order of their first run. */
export const groupBySeed = (members: ReadonlyArray<Member>): ReadonlyArray<ReadonlyArray<Member>> => {
  const described = members.map((member) => {
    const fields = withoutSeed(decisive(member.header))
    return { member, fields, text: JSON.stringify(fields) }
  })
  const alike = new Map<number, Set<string>>()
  for (const { text } of described) {
    const digest = unordered(text)
    alike.set(digest, (alike.get(digest) ?? new Set()).add(text))
  }
  // Equal experiments of one version have equal text. Keys are sorted, which takes time, where another order is possible.
  const keys = new Map<string, string>()
  const groups = new Map<string, Array<Member>>()
  for (const { fields, member, text } of described) {
    const reordered = (alike.get(unordered(text))?.size ?? 1) > 1
    const key = keys.get(text) ?? (reordered ? canonical(fields) : text)
    keys.set(text, key)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [member])
    else group.push(member)
  }
  return [...groups.values()]
}

/** Groups are compared where there are several; the runs of a single group are compared one by one. */
export const unitsOf = (members: ReadonlyArray<Member>) => {
  const groups = groupBySeed(members)
  const units = groups.length > 1 ? groups.map(unitOf) : members.map((member) => unitOf([member]))
  /** All runs as one group, where they are seeds of one experiment. */
  const whole = groups.length === 1 ? unitOf(members) : undefined
  return { units, whole }
}
