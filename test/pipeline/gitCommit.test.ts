/** The commit of the working folder, in checkouts of every kind. */
import { execFileSync } from "node:child_process"
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readGitCommit } from "../../pipeline/gitCommit.ts"

let scratch = ""
const at = (...names: ReadonlyArray<string>) => join(scratch, ...names)
/** The environment of a user without settings of their own. */
const environment = () => ({ PATH: process.env.PATH, HOME: scratch, GIT_CONFIG_NOSYSTEM: "1" })

const git = (folder: string, ...words: ReadonlyArray<string>) =>
  execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.com", ...words], {
    cwd: folder,
    env: environment(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim()

let commit = ""
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-git-"))
  mkdirSync(at("work", "deep"), { recursive: true })
  writeFileSync(at("work", "deep", "a"), "a")
  git(at("work"), "init", "--quiet")
  git(at("work"), "add", ".")
  git(at("work"), "commit", "--quiet", "-m", "one")
  commit = git(at("work"), "rev-parse", "HEAD")
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const commitOf = (folder: string, more: NodeJS.ProcessEnv = {}) =>
  Effect.runPromise(readGitCommit(folder, { ...environment(), ...more }))

describe("the git commit of the working folder", () => {
  it("is that of the checkout around it, with a mark if a tracked file changed", async () => {
    assert.deepStrictEqual(await commitOf(at("work", "deep")), { gitCommit: commit })
    writeFileSync(at("work", "new"), "not tracked")
    assert.deepStrictEqual(await commitOf(at("work")), { gitCommit: commit })
    writeFileSync(at("work", "deep", "a"), "changed")
    assert.deepStrictEqual(await commitOf(at("work")), { gitCommit: `${commit}+changes` })
    writeFileSync(at("work", "deep", "a"), "a")
  })

  it("is known in a worktree, a submodule and a bare repository", async () => {
    git(at("work"), "worktree", "add", "--quiet", at("tree"))
    mkdirSync(at("outer"))
    git(at("outer"), "init", "--quiet")
    git(at("outer"), "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", at("work"), "inner")
    git(scratch, "clone", "--quiet", "--bare", at("work"), at("bare.git"))
    for (const folder of ["tree", join("outer", "inner"), "bare.git"]) {
      assert.deepStrictEqual(await commitOf(at(folder)), { gitCommit: commit }, folder)
    }
  })

  it("is that of the folder although GIT_DIR names another repository, as in a hook", async () => {
    mkdirSync(at("other"))
    git(at("other"), "init", "--quiet")
    const hook = { GIT_DIR: at("other", ".git"), GIT_WORK_TREE: at("other"), GIT_INDEX_FILE: "index" }
    assert.deepStrictEqual(await commitOf(at("work"), hook), { gitCommit: commit })
  })

  it("is that of GIT_DIR if nothing else names a repository", async () => {
    mkdirSync(at("away", "deep"), { recursive: true })
    writeFileSync(at("away", "deep", "a"), "a")
    const named = { GIT_DIR: at("work", ".git"), GIT_WORK_TREE: at("away") }
    assert.deepStrictEqual((await commitOf(at("away"), named)).gitCommit?.slice(0, 40), commit)
  })

  it("is null outside a checkout, whether or not git is installed", async () => {
    assert.deepStrictEqual(await commitOf(scratch), { gitCommit: null })
    assert.deepStrictEqual(await commitOf(scratch, { PATH: at("nowhere") }), { gitCommit: null })
  })

  it("is unknown with the reason: git is missing, there is no commit, the repository is damaged", async () => {
    const missing = await commitOf(at("work"), { PATH: at("nowhere") })
    assert.deepStrictEqual(missing, { gitCommit: null, gitProblem: "git is not installed" })
    mkdirSync(at("empty"))
    git(at("empty"), "init", "--quiet")
    const empty = await commitOf(at("empty"))
    assert.deepStrictEqual(empty, { gitCommit: null, gitProblem: "the checkout has no commit yet" })
    mkdirSync(at("damaged", ".git"), { recursive: true })
    const damaged = await commitOf(at("damaged"))
    assert.match(damaged.gitProblem ?? "", /^git reports: fatal: /)
  })

  it.skipIf(process.geteuid?.() !== 0)(
    "is unknown if the checkout belongs to another account, with the command that trusts it (only as root)",
    async () => {
      mkdirSync(at("theirs"))
      git(at("theirs"), "init", "--quiet")
      chownSync(at("theirs"), 12_345, 12_345)
      chownSync(at("theirs", ".git"), 12_345, 12_345)
      const { gitCommit, gitProblem } = await commitOf(at("theirs"))
      assert.isNull(gitCommit)
      assert.include(gitProblem, "belongs to another account (user id 12345)")
      assert.include(gitProblem, `git config --global --add safe.directory ${at("theirs")}`)
    },
  )
})
