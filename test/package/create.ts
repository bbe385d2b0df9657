/** create-tidemark in the process of the test: (arguments, what is different) -> what it printed, and its exit code. */
import { PassThrough } from "node:stream"
import { create } from "../../package/create/main.mjs"

export interface Created {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** What is typed in a terminal. Without it there is none. */
  readonly typed?: string
}

const collect = (isTTY: boolean) => {
  const stream = Object.assign(new PassThrough(), { isTTY })
  const chunks: Array<string> = []
  stream.on("data", (chunk) => chunks.push(String(chunk)))
  return { stream, text: () => chunks.join("") }
}

export const createIn = async (
  { cwd, env = {}, typed }: Started,
  ...args: ReadonlyArray<string>
): Promise<Created> => {
  const isTTY = typed !== undefined
  const [stdout, stderr] = [collect(isTTY), collect(isTTY)]
  const stdin = Object.assign(new PassThrough(), { isTTY })
  if (typed === undefined) stdin.end()
  else stdin.write(typed)
  const code = await create(args, { cwd, env, stdin, stdout: stdout.stream, stderr: stderr.stream })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}
