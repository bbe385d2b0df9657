/** Texts that a person reads use the field's words: no word of the old vocabulary comes back. */
import { globSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { readDocument } from "../docs/markdown.ts"
import { allowed, oldWords } from "./oldWords.ts"
import { readTexts } from "./texts.ts"

const root = new URL("../../", import.meta.url)

interface Place {
  readonly path: string
  readonly line: number
  readonly text: string
}

const sources = globSync(
  "{cli,dashboard,views,operations,pipeline,inspect,stages,engines,storage,schemas,format}/**/*.ts",
  { cwd: root },
)

const sourceTexts = (path: string): ReadonlyArray<Place> =>
  readTexts(readFileSync(new URL(path, root), "utf8")).map((text) => ({ path, ...text }))

// The log of experiments is history; it keeps the words of its time.
const documents = globSync("{,docs/,engines/,experiments/,runs/,bench/}*.md", { cwd: root }).filter(
  (path) => path !== "experiments/LOG.md",
)

/** The paragraphs of a document without blocks, inline code and the targets of links. */
const proseOf = (path: string): ReadonlyArray<Place> => {
  const { blocks, lines } = readDocument(path)
  const isCode = lines.map((_, i) =>
    blocks.some(({ line, text }) => i + 1 >= line && i + 1 <= line + text.split("\n").length + 1),
  )
  const paragraphs: Array<{ path: string; line: number; text: string }> = []
  lines.forEach((line, i) => {
    if (isCode[i] || line.trim() === "") return
    const isNew = i === 0 || isCode[i - 1] || lines[i - 1].trim() === ""
    if (isNew) paragraphs.push({ path, line: i + 1, text: line })
    else paragraphs[paragraphs.length - 1].text += `\n${line}`
  })
  return paragraphs.map(({ text, ...place }) => ({
    ...place,
    text: text.replace(/`[^`]*`/g, "…").replace(/\]\([^)]*\)/g, "]"),
  }))
}

const patterns = oldWords.map(({ old, use }) => ({
  pattern: new RegExp(`(?<![\\w-])(?:${old.replaceAll(" ", "\\s+")})(?![\\w-])`, "gi"),
  use,
}))

const isAllowed = ({ path, text }: Place) =>
  allowed.some((entry) => entry.path === path && text.includes(entry.text))

const findOldWords = (place: Place): ReadonlyArray<string> =>
  patterns.flatMap(({ pattern, use }) =>
    [...place.text.matchAll(pattern)].map((match) => {
      const line = place.line + place.text.slice(0, match.index).split("\n").length - 1
      const context = place.text.slice(Math.max(0, match.index - 40), match.index + 40).replace(/\s+/g, " ")
      return `${place.path}:${line}: "${match[0]}" in "${context}"; use: ${use}`
    }),
  )

const places = [...sources.flatMap(sourceTexts), ...documents.flatMap(proseOf)]

describe("texts for people", () => {
  it("have no word of the old vocabulary", () => {
    const found = places.filter((place) => !isAllowed(place)).flatMap(findOldWords)
    assert.deepStrictEqual(found, [], found.join("\n"))
  })

  it("still have the old words of each exception", () => {
    for (const { path, text, reason } of allowed) {
      const place = places.find((place) => place.path === path && place.text.includes(text))
      assert.isDefined(place, `${path} no longer has "${text}" (${reason}); remove the exception`)
      if (place !== undefined) assert.isNotEmpty(findOldWords(place), `${path}: "${text}" has no old word`)
    }
  })

  it("are found: string and template literals of sources, paragraphs of documents", () => {
    assert.isAbove(sources.length, 250)
    assert.isAbove(places.length, 4000)
    assert.deepStrictEqual(
      readTexts(
        "const a = `x ${f({ b: `n ${1}` })} y` / 2; // c\nimport d from \"./d.ts\"; /'e`/.test('it\\'s'); a / b / `f`",
      ),
      [
        { text: "n …", line: 1 },
        { text: "x … y", line: 1 },
        { text: "it's", line: 2 },
        { text: "f", line: 2 },
      ],
    )
    assert.deepStrictEqual(
      findOldWords({ path: "a.md", line: 1, text: "A run goes\non each night." }),
      [
        'a.md:1: "goes\non" in "A run goes on each night."; use: resumes, resume, continues',
        'a.md:2: "night" in "A run goes on each night."; use: scheduled run; in a table: run',
      ].toReversed(),
    )
  })
})
