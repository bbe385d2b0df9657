/** A dashboard over a folder with a finished run, a failed one whose reason is markup, and a folder whose name is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runId, writeRun } from "../fixtures/writeRun.ts"
import { sendRaw, serve, type Served } from "./serve.ts"

export const finished = runId({ second: 1 })
export const failed = runId({ second: 2 })

export interface ServedRuns {
  /** The folder above; `secret.json` in it is not the dashboard's to show. */
  readonly scratch: string
  readonly runsDir: string
  readonly served: Served
  /** A request as it is, without the cookie. */
  readonly raw: (
    target: string,
    headers?: ReadonlyArray<string>,
    method?: string,
  ) => ReturnType<typeof sendRaw>
  readonly withCookie: (target: string, method?: string) => ReturnType<typeof sendRaw>
  readonly close: () => Promise<void>
}

export const serveRuns = async (): Promise<ServedRuns> => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-server-"))
  const runsDir = join(scratch, "runs")
  writeRun({ runsDir, second: 1 })
  writeRun({ runsDir, second: 2, status: "failed", unfinished: true, reason: "<script>alert(1)</script>" })
  mkdirSync(join(runsDir, "20260101T000003Z-<img src=x onerror=alert(1)>-00000000"))
  writeFileSync(join(scratch, "secret.json"), "secret")
  const served = await serve(runsDir)
  const raw: ServedRuns["raw"] = (target, headers = [], method = "GET") =>
    sendRaw(
      served.port,
      [
        `${method} ${target} HTTP/1.1`,
        `Host: 127.0.0.1:${served.port}`,
        "Connection: close",
        ...headers,
        "",
        "",
      ].join("\r\n"),
    )
  return {
    scratch,
    runsDir,
    served,
    raw,
    withCookie: (target, method) => raw(target, [`Cookie: ${served.cookie}`], method),
    close: async () => {
      await served.close()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}
