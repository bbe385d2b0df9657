/** Links of the documents lead somewhere, and the README is short and shows the real folders. */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, statSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { anchorOf, readDocument, root } from "./markdown.ts"

const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)))
const paths = tracked.filter((path) => path.endsWith(".md"))

describe("links", () => {
  for (const path of paths) {
    it(`of ${path} lead to files and headings`, () => {
      const broken = readDocument(path).links.filter(({ target }) => !leadsSomewhere(path, target))
      assert.deepStrictEqual(broken, [])
    })
  }

  for (const path of paths.filter((path) => /^(README|ARCHITECTURE|docs\/.*)\.md$/.test(path))) {
    it(`and paths in ${path} name what is in the repository`, () => {
      const { blocks, lines } = readDocument(path)
      const written = blocks.flatMap(({ comments }) =>
        comments.map((comment) => comment.replace("file: ", "")),
      )
      const named = [...lines.join("\n").matchAll(pathInCode)].map(([, name]) => name)
      const missing = named.filter((name) => !existsSync(join(root, name)) && !written.includes(name))
      assert.deepStrictEqual(missing, [])
    })
  }

  /** A path that begins with one of our folders, in backticks or in the column of a diagram. */
  const pathInCode =
    /(?<=`|  )((?:cli|views|operations|inspect|pipeline|stages|engines|storage|format|schemas|experiments|bench|test)\/(?:[\w.-]+\/?)+\.(?:ts|md)|(?:cli|views|operations|inspect|pipeline|engines)\/(?:[\w-]+\/)+)(?=[`,\s:])/g

  it("of the README lead to every document", () => {
    const linked = readDocument("README.md").links.map(({ target }) => target)
    for (const name of readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"))) {
      assert.include(linked, `docs/${name}`)
    }
  })

  const leadsSomewhere = (from: string, target: string) => {
    if (/^https?:/.test(target)) return URL.canParse(target)
    const [file, anchor] = target.split("#")
    const path = file === "" ? from : normalize(join(dirname(from), file))
    if (!existsSync(join(root, path))) return false
    return anchor === undefined || readDocument(path).headings.map(anchorOf).includes(anchor)
  }
})

describe("the README", () => {
  const readme = readDocument("README.md")

  it("has at most 150 lines", () => {
    assert.isAtMost(readme.lines.length, 150)
  })

  it("shows every folder, and no other", () => {
    const tree = readme.blocks.find(({ text }) => text.startsWith("experiments/"))
    const shown = tree?.text.split("\n").map((line) => /^(\S+)\/ +\S/.exec(line)?.[1])
    const folders = new Set(tracked.flatMap((path) => /^([^./][^/]*)\//.exec(path)?.[1] ?? []))
    assert.deepStrictEqual(shown?.toSorted(), [...folders].toSorted())
  })

  it("has pictures of at most 200 kB", () => {
    for (const { target } of readme.links.filter(({ target }) => target.endsWith(".png"))) {
      assert.isAtMost(statSync(join(root, target)).size, 200_000)
    }
  })

  it("has the results of experiments/README.md", () => {
    const results = readDocument("experiments/README.md").tables[0].rows
    assert.deepStrictEqual(readme.tables.find(({ heading }) => heading === "Results")?.rows, results)
  })
})
