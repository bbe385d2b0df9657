/**
 * Opens a file in the desktop's default program: (path) -> whether a program accepted it.
 *
 * Without a display, as on a server or in a container, nothing is started: the caller prints the path.
 */
import { spawn } from "node:child_process"
import { Effect } from "effect"

/** Time in which a launcher may fail; some run as long as the program they start. */
const launchTimeoutMs = 1500

const launcher = (path: string): readonly [program: string, ...args: ReadonlyArray<string>] | undefined => {
  switch (process.platform) {
    case "darwin":
      return ["open", path]
    case "win32":
      // The first quoted argument of `start` is a title.
      return ["cmd", "/c", "start", "", path]
    default: {
      const { DISPLAY, WAYLAND_DISPLAY } = process.env
      return (DISPLAY ?? "") === "" && (WAYLAND_DISPLAY ?? "") === "" ? undefined : ["xdg-open", path]
    }
  }
}

const launch = ([program, ...args]: readonly [string, ...ReadonlyArray<string>]) =>
  Effect.callback<boolean>((resume) => {
    const child = spawn(program, args, { detached: true, stdio: "ignore" })
    child.unref()
    child.on("error", () => resume(Effect.succeed(false)))
    child.on("exit", (code) => resume(Effect.succeed(code === 0)))
  }).pipe(Effect.timeoutOrElse({ duration: launchTimeoutMs, orElse: () => Effect.succeed(true) }))

/** Opens a file whose path has been printed, or logs that there is no program for it. */
export const openOrLog = (path: string) =>
  Effect.flatMap(openFile(path), (opened) =>
    opened ? Effect.void : Effect.logInfo("cannot start a browser here; open the file yourself"),
  )

export const openFile = (path: string): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const found = launcher(path)
    return found === undefined ? Effect.succeed(false) : launch(found)
  })
