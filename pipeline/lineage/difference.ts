/**
 * The differences of two experiments, field by field: (before, after) -> paths with both values.
 */
import { JsonPatch, type Schema } from "effect"
import { showPath } from "../../format/showPath.ts"
import { showUrls } from "../../format/showUrl.ts"

export interface Difference {
  /** Such as model[0].filters, as messages have it. */
  readonly path: string
  readonly before: string
  readonly after: string
}

/** The keys of a JSON pointer: RFC 6901. */
const keysOf = (pointer: string): ReadonlyArray<string> =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))

/** The value at a JSON pointer, undefined if there is none. */
const valueAt = (value: unknown, pointer: string): unknown =>
  keysOf(pointer).reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  )

/** /model/0/filters -> model[0].filters */
const showPointer = (pointer: string): string =>
  showPath(keysOf(pointer).map((key) => (/^\d+$/.test(key) ? Number(key) : key)))

const show = (value: unknown) => (value === undefined ? "not set" : showUrls(JSON.stringify(value)))

export const differences = (before: Schema.Json, after: Schema.Json): ReadonlyArray<Difference> =>
  JsonPatch.get(before, after).map(({ path, ...operation }) => ({
    path: showPointer(path),
    before: operation.op === "add" ? "not set" : show(valueAt(before, path)),
    after: "value" in operation ? show(operation.value) : "not set",
  }))

/** One line for each difference. */
export const renderDifferences = (found: ReadonlyArray<Difference>): string =>
  found.map(({ after, before, path }) => `  ${path}: ${before} → ${after}`).join("\n")
