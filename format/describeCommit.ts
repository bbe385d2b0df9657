/** The commit of an attempt, with why something about it is unknown: for the log and for `show`. */
export const describeCommit = (gitCommit: string | null, gitProblem: string | undefined): string =>
  gitProblem === undefined
    ? (gitCommit ?? "not a Git checkout")
    : gitCommit === null
      ? `git commit unknown: ${gitProblem}`
      : `git commit ${gitCommit}: ${gitProblem}`
