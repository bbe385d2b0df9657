/**
 * Executes the commands of the documents, as tests: (which of them) -> a test for each document.
 * README.md has the rules.
 */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { type Block, type Document, readDocument, root } from "./markdown.ts"
import { copyProject, type Experiments, makeProject, type Project } from "./project.ts"
import { missingLine } from "./shape.ts"
import { shellLines } from "./shell.ts"

export const documents = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
].map(readDocument)

/** The values of the comments of one kind above a block. */
export const valuesOf = (block: Pick<Block, "comments">, comment: string) =>
  block.comments.flatMap((each) => (each.startsWith(`${comment}: `) ? [each.slice(comment.length + 2)] : []))

/** The text block after a block of commands: what they print. */
const claimOf = (document: Document, block: Block) => {
  const next = document.blocks[document.blocks.indexOf(block) + 1]
  return next?.language === "text" ? next : undefined
}

const runBlock = async (project: Project, document: Document, block: Block, compare: boolean) => {
  for (const line of valuesOf(block, "before").flatMap(shellLines)) await runLine(project, line, 0)
  const [exits = "0"] = valuesOf(block, "exits")
  let output = ""
  for (const line of shellLines(block.text)) output += await runLine(project, line, Number(exits))
  const claim = claimOf(document, block)
  if (claim === undefined || !compare) return
  const missing = missingLine(claim.text, output)
  assert.isUndefined(missing, `${document.path}:${claim.line} claims this line, but the output is\n${output}`)
}

const runLine = async (project: Project, line: string, exits: number) => {
  const { code, stderr, stdout } = await project.run(line)
  assert.strictEqual(code, exits, `${line}\n${stdout}${stderr}`)
  return `${stderr}\n${stdout}\n`
}

/** With stand-ins for the experiments; with the real ones, what is read first; or the rest, and blocks that take minutes. */
type Selection = "stand-ins" | "real" | "proofs"

const readFirst = ["README.md", "docs/getting-started.md", "docs/using-a-model.md"]

const isSelected = (document: Document, block: Block, selection: Selection) => {
  const has = (comment: string) => valuesOf(block, comment).length > 0
  if (has("not run")) return false
  if (selection === "stand-ins") return !has("proof") && !has("long")
  const isProof = has("proof") || !readFirst.includes(document.path)
  return isProof === (selection === "proofs")
}

export const testCommands = (selection: Selection) => {
  const experiments: Experiments = selection === "stand-ins" ? "stand-ins" : "real"
  let prepared: Project
  beforeAll(async () => {
    delete process.env.DISPLAY
    delete process.env.WAYLAND_DISPLAY
    prepared = await makeProject(experiments)
    for (const seed of [0, 1])
      await runLine(prepared, `pnpm pipeline run experiments/cnn.ts --seed ${seed}`, 0)
  })
  afterAll(() => prepared.remove())

  for (const document of documents) {
    const blocks = document.blocks.filter(({ language }) => language === "sh" || language === "ts")
    const commands = blocks.filter(
      (block) => block.language === "sh" && isSelected(document, block, selection),
    )
    if (commands.length === 0) continue
    // Proofs kill runs, ensembles and sweeps: minutes on a busy machine.
    const timeout = selection === "proofs" ? 900_000 : 300_000
    it(`the commands of ${document.path} run and print what it shows`, { timeout }, async () => {
      const project = copyProject(prepared)
      try {
        for (const block of blocks) {
          for (const path of valuesOf(block, "file")) project.write(path, block.text)
          if (commands.includes(block)) await runBlock(project, document, block, experiments === "stand-ins")
        }
      } finally {
        project.remove()
      }
    })
  }
}
