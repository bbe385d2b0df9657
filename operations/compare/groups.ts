/**
 * Units of a comparison: (runs, figures) -> units, each a run or all seeds of one experiment.
 *
 * Runs belong to one experiment if everything but the seed is equal (names, descriptions and checkpoint intervals do
 * not affect results) and the same engine trained them from the same start. Each seed counts once: a repetition gives
 * the same model.
 */
import type { Schema } from "effect"
import { canonical } from "../../schemas/experiment/fingerprint.ts"
import { meanInterval, type Spread } from "../../stages/statistics/significance.ts"
import type { RunHeader } from "../../storage/runHeader.ts"
import type { RunFigures } from "../../inspect/RunFigures.ts"

export interface Member {
  readonly header: RunHeader
  readonly figures: RunFigures
}

export interface Unit {
  /** A, B, …; set once the units of the comparison are chosen. */
  readonly label: string
  readonly name: string
  readonly members: ReadonlyArray<Member>
  /** Tested runs, one per seed: the newest if a seed was repeated. */
  readonly seeds: ReadonlyArray<Member>
  /** Over the test errors; null with fewer than two seeds. */
  readonly spread: Spread | null
  /** Over the validation errors; null with fewer than two seeds. */
  readonly validation: Spread | null
}

/** There are fewer units than letters. */
export const labelOf = (position: number): string => String.fromCharCode(65 + position)

type Fields = { readonly [key: string]: Schema.Json }

export const withoutSeed = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => key !== "seed"))

/** Fields that do not affect results. */
const neutralFields = new Set(["name", "description", "checkpointEvery", "keepCheckpoints", "gate"])

/** The fields that affect results, and so can differ between two units. */
export const decisiveFields = ({ engine, experiment, parent }: RunHeader): Fields => ({
  ...Object.fromEntries(Object.entries(experiment).filter(([key]) => !neutralFields.has(key))),
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
 * A hash that ignores the order of fields: the sum of the hashes of all parts between braces and commas. Texts that
 * differ in more than the order seldom have the same hash.
 */
const unorderedHash = (text: string): number => {
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

/** One group per experiment, in the order of their first runs. */
export const groupBySeed = (members: ReadonlyArray<Member>): ReadonlyArray<ReadonlyArray<Member>> => {
  const described = members.map((member) => {
    const fields = withoutSeed(decisiveFields(member.header))
    return { member, fields, text: JSON.stringify(fields) }
  })
  const alike = new Map<number, Set<string>>()
  for (const { text } of described) {
    const digest = unorderedHash(text)
    alike.set(digest, (alike.get(digest) ?? new Set()).add(text))
  }
  // Equal experiments of one version have equal text. Sorting keys takes time, so it is done only if another order is
  // possible.
  const keys = new Map<string, string>()
  const groups = new Map<string, Array<Member>>()
  for (const { fields, member, text } of described) {
    const reordered = (alike.get(unorderedHash(text))?.size ?? 1) > 1
    const key = keys.get(text) ?? (reordered ? canonical(fields) : text)
    keys.set(text, key)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [member])
    else group.push(member)
  }
  return [...groups.values()]
}

/** Several groups are compared with each other; the runs of a single group are compared one by one. */
export const unitsOf = (members: ReadonlyArray<Member>) => {
  const groups = groupBySeed(members)
  const units = groups.length > 1 ? groups.map(unitOf) : members.map((member) => unitOf([member]))
  /** All runs as one group, if they are seeds of one experiment. */
  const whole = groups.length === 1 ? unitOf(members) : undefined
  return { units, whole }
}
