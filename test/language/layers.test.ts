/** Imports go one way, as ARCHITECTURE.md says: no room imports from one above it. */
import { globSync, readFileSync } from "node:fs"
import { dirname, normalize } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = new URL("../../", import.meta.url)
const architecture = readFileSync(new URL("ARCHITECTURE.md", root), "utf8")

/** From the highest room to the lowest; rooms of one level do not import each other, except `api` and `cli` what they share. */
const levels = (/^(cli.* → schemas)$/m.exec(architecture)?.[1] ?? "")
  .split(" → ")
  .map((level) => level.split(", "))
const levelOf = (room: string) => levels.findIndex((rooms) => rooms.includes(room))

const importsOf = (path: string) =>
  [...readFileSync(new URL(path, root), "utf8").matchAll(/(?:\bfrom|\bimport\(?)\s*"(\.{1,2}\/[^"]+)"/g)].map(
    ([, name]) => normalize(`${dirname(path)}/${name}`).replaceAll("\\", "/"),
  )

const sources = globSync(`{${levels.flat().join(",")}}/**/*.ts`, { cwd: root }).map((path) =>
  path.replaceAll("\\", "/"),
)

describe("imports", () => {
  it("go from a room to the same or a lower one", () => {
    assert.isAbove(levels.length, 9)
    assert.isAbove(sources.length, 350)
    const wrong = sources.flatMap((path) => {
      const room = path.split("/")[0]
      return importsOf(path)
        .filter((imported) => {
          const other = imported.split("/")[0]
          return levelOf(other) >= 0 && levelOf(other) < levelOf(room)
        })
        .map((imported) => `${path} imports ${imported}`)
    })
    assert.deepStrictEqual(wrong, [])
  })

  it("have no circle, of types neither", () => {
    const done = new Set<string>()
    const visit = (path: string, before: ReadonlyArray<string>): void => {
      const start = before.indexOf(path)
      assert.isBelow(start, 0, [...before.slice(start), path].join(" imports "))
      if (done.has(path)) return
      for (const imported of importsOf(path)) if (known.has(imported)) visit(imported, [...before, path])
      done.add(path)
    }
    const known = new Set(sources)
    for (const path of sources) visit(path, [])
    assert.strictEqual(done.size, sources.length)
  })

  it("of the dashboard's client reach nothing that needs Node.js", () => {
    const seen = new Set<string>()
    const follow = (path: string) => {
      if (seen.has(path)) return
      seen.add(path)
      const text = readFileSync(new URL(path, root), "utf8").replaceAll(/^import type [^"]*"[^"]+"/gm, "")
      assert.notMatch(text, /from "(?:node:|effect|@effect)/, path)
      for (const [, name] of text.matchAll(/\bfrom\s*"(\.{1,2}\/[^"]+)"/g)) {
        follow(normalize(`${dirname(path)}/${name}`).replaceAll("\\", "/"))
      }
    }
    follow("dashboard/client/main.ts")
    follow("dashboard/client/liveWorker.ts")
    assert.isAbove(seen.size, 20)
  })
})
