/**
 * The git commit of the working folder: (folder, environment) -> the commit, or why it is unknown.
 *
 * git decides what a checkout is, so worktrees, submodules and bare repositories work as they do there. Outside a checkout there is
 * nothing to know, and so no problem. Nothing is written: `status` leaves the index as it is.
 */
import { execFile } from "node:child_process"
import { lstat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { quoted } from "../format/quoted.ts"

export interface GitCommit {
  /** With `+changes` if tracked files differ from it; null if it is unknown or there is none. */
  readonly gitCommit: string | null
  /** Why the commit, or whether files differ from it, is unknown. */
  readonly gitProblem?: string
}

/** A checkout on a network disk may take long; a run must not wait for it. */
const timeLimitMs = 10_000
const longestOutputBytes = 2 ** 26

interface Answer {
  /** Undefined if git failed. */
  readonly text: string | undefined
  readonly problem: string
}

const runGit = (folder: string, environment: NodeJS.ProcessEnv, ...words: ReadonlyArray<string>) =>
  Effect.callback<Answer>((resume) => {
    const options = {
      cwd: folder,
      env: environment,
      timeout: timeLimitMs,
      maxBuffer: longestOutputBytes,
    }
    execFile("git", ["--no-optional-locks", ...words], options, (error, stdout, stderr) => {
      const problem =
        error?.code === "ENOENT"
          ? "git is not installed"
          : error?.killed === true
            ? `git did not finish within ${timeLimitMs / 1000} s`
            : `git reports: ${stderr.trim().split("\n", 1)[0]}`
      resume(Effect.succeed({ text: error === null ? stdout.trim() : undefined, problem }))
    })
  })

interface Found {
  /** The folder that has `.git`. */
  readonly folder: string
  readonly owner: number
}

/** The nearest checkout at or above a folder. Its `.git` is a folder, or a file in worktrees and submodules. */
const findCheckout = async (folder: string): Promise<Found | undefined> => {
  const found = await lstat(join(folder, ".git")).catch(() => undefined)
  if (found !== undefined) return { folder, owner: found.uid }
  const parent = dirname(folder)
  return parent === folder ? undefined : findCheckout(parent)
}

/** git's variables that name a repository. In a hook of another repository they lead away from the working folder. */
const namesRepository = (variable: string) =>
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|PREFIX|OBJECT_DIRECTORY|NAMESPACE)$/.test(variable)

/** git answers nothing about a checkout of another account until the user trusts it, because it may run programs. */
const whyRefused = (problem: string, found: Found | undefined) =>
  found !== undefined && process.geteuid !== undefined && found.owner !== process.geteuid()
    ? `the checkout ${found.folder} belongs to another account (user id ${found.owner}); to trust it, run \`git config --global --add safe.directory ${quoted(found.folder)}\``
    : problem

export const readGitCommit = Effect.fn("readGitCommit")(function* (
  folder: string,
  environment: NodeJS.ProcessEnv,
) {
  const found = yield* Effect.promise(() => findCheckout(folder))
  // Without a checkout, the variables may name one whose .git lies elsewhere.
  const isNamed = found === undefined && environment.GIT_DIR !== undefined
  const used = isNamed
    ? environment
    : Object.fromEntries(Object.entries(environment).filter(([name]) => !namesRepository(name)))
  const git = (...words: ReadonlyArray<string>) => runGit(folder, used, ...words)
  const known = (gitCommit: string | null, gitProblem?: string): GitCommit =>
    gitProblem === undefined ? { gitCommit } : { gitCommit, gitProblem }

  const head = yield* git("rev-parse", "--verify", "--quiet", "HEAD")
  if (head.text === undefined) {
    const repository = yield* git("rev-parse", "--git-dir")
    if (repository.text !== undefined) return known(null, "the checkout has no commit yet")
    return found === undefined && !isNamed ? known(null) : known(null, whyRefused(repository.problem, found))
  }
  // A bare repository has no files that could differ.
  if ((yield* git("rev-parse", "--is-inside-work-tree")).text === "false") return known(head.text)
  const changes = yield* git("status", "--porcelain", "--untracked-files=no")
  return changes.text === undefined
    ? known(head.text, `cannot compare the files with it: ${changes.problem}`)
    : known(`${head.text}${changes.text === "" ? "" : "+changes"}`)
})
